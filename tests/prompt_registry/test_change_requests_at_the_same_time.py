"""Fifty people and applications save, ask, approve and publish one prompt, all at once."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from django.conf import settings
from django.db import connection

from projects.models import User
from projects.roles import Role
from prompt_registry import change_requests, labels, resolution, versions
from prompt_registry.errors import AlreadyThere, PromptRegistryError
from prompt_registry.models import ChangeRequest, LabelMove, Prompt
from tests.prompt_registry.factories import chat, make_member, make_project, make_prompt, make_version

# Each thread has a connection of its own, so nothing can be rolled back.
pytestmark = pytest.mark.django_db(transaction=True, available_apps=settings.INSTALLED_APPS)

THREADS, ROUNDS = 50, 1
PRODUCTION = "production"


@pytest.fixture(autouse=True)
def _forget_answers() -> None:
    resolution.forget()


@pytest.fixture
def prompt() -> Prompt:
    return make_prompt(make_project(is_approval_required=True))


@pytest.fixture
def people(prompt: Prompt) -> list[User]:
    return [make_member(prompt.project, Role.APPROVER) for _ in range(5)]


def save(prompt: Prompt, by: User, unique: str) -> None:
    versions.save(prompt=prompt, content=chat(("system", f"Answer {unique} for {{{{name}}}}.")), by=by)


def ask(prompt: Prompt, by: User, unique: str) -> None:
    newest = versions.newest_of(prompt)
    if newest is not None:
        change_requests.ask(prompt=prompt, version=newest, label=PRODUCTION, by=by, note=unique)


def approve(prompt: Prompt, by: User, unique: str) -> None:
    for request in prompt.change_requests.waiting().select_related("prompt", "version"):
        change_requests.approve(request=request, content_hash=request.content_hash, by=by)


def publish(prompt: Prompt, by: User, unique: str) -> None:
    """Try what was approved, and the newest version whether anybody approved it or not."""
    agreed = [request.version for request in prompt.change_requests.approved().select_related("version__prompt")]
    for version in [*agreed, versions.newest_of(prompt)]:
        if version is not None:
            labels.publish(prompt=prompt, version=version, label=PRODUCTION, by=by)


def undo(prompt: Prompt, by: User, unique: str) -> None:
    labels.undo(prompt=prompt, label=PRODUCTION, by=by)


ACTS: tuple[Callable[[Prompt, User, str], None], ...] = (save, ask, approve, publish, approve, publish, ask, undo)


def patiently() -> None:
    """Wait for a lock however long it takes: fifty wait for the same one here, on a machine that has other work."""
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = 0; SET statement_timeout = 0")


def work(prompt: Prompt, people: list[User], thread: int) -> None:
    chance = random.Random(thread)
    try:
        patiently()
        for number in range(ROUNDS):
            for act in chance.sample(ACTS, len(ACTS)):
                try:
                    act(prompt, chance.choice(people), f"{thread}.{number}")
                except PromptRegistryError:
                    continue  # somebody else was first
    finally:
        connection.close()


def at_once(jobs: list[Callable[[], None]]) -> list[str]:
    """Do everything at the same time; return what was refused."""

    def run(job: Callable[[], None]) -> str:
        try:
            patiently()
            job()
        except PromptRegistryError as error:
            return type(error).__name__
        finally:
            connection.close()
        return ""

    with ThreadPoolExecutor(len(jobs)) as pool:
        return [refused for refused in pool.map(run, jobs) if refused]


def test_fifty_at_once_never_publish_what_nobody_approved(prompt, people):
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda thread: work(prompt, people, thread), range(THREADS)))

    numbers = list(prompt.versions.order_by("number").values_list("number", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) == THREADS * ROUNDS
    # Afterwards a change goes live as always; in the crowd somebody may be first with something newer every time.
    for act, person in ((save, people[0]), (ask, people[0]), (approve, people[-1])):
        act(prompt, person, "afterwards")
    with suppress(AlreadyThere):
        publish(prompt, people[-1], "afterwards")
    moves = list(LabelMove.objects.filter(is_undo=False).select_related("to_version", "change_request"))
    assert moves
    for move in moves:
        request = move.change_request
        assert (request.state, request.content_hash) == ("published", move.to_version.content_hash)
        assert request.reviewed_by_id not in (None, request.author_id, request.requested_by_id)
    assert len({move.change_request_id for move in moves}) == len(moves)
    every = list(LabelMove.objects.order_by("pk").values_list("from_version_id", "to_version_id"))
    assert [came_from for came_from, _ in every[1:]] == [went_to for _, went_to in every[:-1]]


def test_of_fifty_who_publish_the_same_approval_one_wins(prompt, people):
    author, reviewer, *_ = people
    version = make_version(prompt, by=author)
    request = change_requests.ask(prompt=prompt, version=version, label=PRODUCTION, by=author)
    change_requests.approve(request=request, content_hash=version.content_hash, by=reviewer)

    refused = at_once(
        [lambda: labels.publish(prompt=prompt, version=version, label=PRODUCTION, by=reviewer)] * THREADS
    )  # fmt: skip

    assert (len(refused), LabelMove.objects.count()) == (THREADS - 1, 1)


def test_an_approval_and_the_end_of_a_request_never_both_happen(prompt, people):
    author, reviewer, *_ = people
    version = make_version(prompt, by=author)
    request = change_requests.ask(prompt=prompt, version=version, label=PRODUCTION, by=author)

    refused = at_once(
        [
            lambda: change_requests.approve(request=request, content_hash=version.content_hash, by=reviewer),
            lambda: change_requests.withdraw(request=request, by=author),
        ]
        * 10
    )

    request.refresh_from_db()
    assert request.state == "withdrawn"
    assert len(refused) in (18, 19)


def test_of_fifty_who_ask_at_once_one_request_waits(prompt, people):
    made = [make_version(prompt, by=people[0]) for _ in range(10)]

    at_once(
        [
            lambda version=version: change_requests.ask(prompt=prompt, version=version, label=PRODUCTION, by=people[1])
            for version in made * 5
        ]
    )

    states = list(ChangeRequest.objects.values_list("state", flat=True))
    assert states.count("open") == 1
    assert set(states) <= {"open", "superseded"}
