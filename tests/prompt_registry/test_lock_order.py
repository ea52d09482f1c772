"""Whoever changes several prompts takes them in one order, and whoever changes a plan waits for a publish under way."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from projects.models import User
from projects.roles import Role
from prompt_registry import resolution, schedules
from prompt_registry.imports import runs
from prompt_registry.imports.values import SourceFile
from prompt_registry.models import Prompt, PublishSchedule
from tests.projects.factories import signed_in
from tests.prompt_registry.factories import make_member, make_project, make_prompt, make_version

# Two connections see each other, so nothing can be rolled back.
pytestmark = pytest.mark.django_db(transaction=True, available_apps=settings.INSTALLED_APPS)

Act = Callable[[], object]


@pytest.fixture(autouse=True)
def _forget_answers() -> None:
    resolution.forget()


@pytest.fixture
def pair() -> tuple[Prompt, Prompt]:
    """Two prompts of a project; the one that was made first has the later name."""
    project = make_project()
    return make_prompt(project, name="zebra", type="text"), make_prompt(project, name="aardvark", type="text")


@pytest.fixture
def admin(pair: tuple[Prompt, Prompt]) -> User:
    return make_member(pair[0].project, Role.ADMIN)


def importing(pair: tuple[Prompt, Prompt], admin: User) -> Act:
    files = [SourceFile(f"{prompt.name}.md", f"A new text of {prompt.name}.") for prompt in reversed(pair)]
    pending = runs.begin(project=pair[0].project, files=files, by=admin)
    seen = runs.preview(pending=pending)
    chosen = [line.key for line in seen.lines]
    return lambda: runs.carry_out(pending=pending, format_key=seen.format, chosen=chosen, by=admin)


def archiving(pair: tuple[Prompt, Prompt], admin: User) -> Act:
    browser = signed_in(admin)
    address = reverse("prompts-bulk", args=[pair[0].project.slug])
    ids = [prompt.pk for prompt in reversed(pair)]
    return lambda: browser.post(
        f"{address}?do=archive&chosen={ids[0]}&chosen={ids[1]}", {"do": "archive", "ids": f"{ids[0]},{ids[1]}"}
    )


@contextmanager
def held(prompt: Prompt) -> Iterator[None]:
    """Keep a prompt locked, as somebody does who saves it at this moment."""
    with transaction.atomic():
        Prompt.objects.select_for_update().get(pk=prompt.pk)
        yield


def begun(pool: ThreadPoolExecutor, act: Act) -> Future[object]:
    """Begin something in a thread of its own that has to wait, and go on once it waits for a lock."""
    future = pool.submit(_closing, act)
    until = time.monotonic() + 20
    while not _somebody_waits() and time.monotonic() < until:
        assert not future.done(), future.result()
        time.sleep(0.02)
    assert _somebody_waits()
    return future


def _closing(act: Act) -> object:
    try:
        return act()
    finally:
        connection.close()


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(cursor.fetchone()[0])


def is_free(prompt: Prompt) -> bool:
    try:
        with transaction.atomic():
            Prompt.objects.select_for_update(nowait=True).get(pk=prompt.pk)
    except OperationalError:
        return False
    return True


@pytest.mark.parametrize("act", [importing, archiving], ids=["import", "many at once"])
def test_who_waits_for_the_first_prompt_holds_no_later_one(pair, admin, act):
    first, later = pair
    deed = act(pair, admin)

    with ThreadPoolExecutor(1) as pool:
        with held(first):
            outcome = begun(pool, deed)
            was_free = is_free(later)
        outcome.result(timeout=20)

    assert was_free


def test_who_cancels_a_plan_waits_for_whoever_publishes_at_that_moment(pair, admin):
    prompt = pair[0]
    schedule = schedules.plan(
        prompt=prompt, version=make_version(prompt), label="production", publish_at=timezone.now() + timedelta(hours=1),
        by=admin, expected_version=0,
    )  # fmt: skip

    with ThreadPoolExecutor(1) as pool:
        with held(prompt):
            outcome = begun(pool, lambda: schedules.cancel(schedule=schedule, by=admin))
            waiting = PublishSchedule.objects.get().state
        outcome.result(timeout=20)

    assert waiting == "waiting"
    assert PublishSchedule.objects.get().state == "cancelled"
