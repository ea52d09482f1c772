"""Copying a prompt, moving it to another project, and who uses it."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from projects import members
from projects.models import Project, User
from projects.roles import Role
from prompt_registry import drafts, fleet, labels
from prompt_registry.fleet import Reporter, Served
from prompt_registry.models import Prompt
from tests.monitoring.factories import make_trace
from tests.prompt_registry.factories import chat, make_member, make_project, make_prompt, make_version
from webapp.pages import prompts_users

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return make_project(name="Shop")


@pytest.fixture
def editor(project: Project) -> User:
    return make_member(project, Role.EDITOR, name="Ana Editor")


@pytest.fixture
def client(editor: User) -> Client:
    return _browser(editor)


@pytest.fixture
def prompt(project: Project) -> Prompt:
    return make_prompt(project, name="support/refund")


@pytest.fixture
def other(editor: User) -> Project:
    project = make_project(name="Other <shop>")
    members.add(project=project, user=editor, role=Role.EDITOR)
    return project


def _browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def _url(prompt: Prompt, route: str, *more: int) -> str:
    return reverse(route, args=[prompt.project.slug, prompt.pk, *more])


# Copying


def test_a_copy_begins_with_the_chosen_version(client, prompt):
    make_version(prompt, chat(("system", "Copy me"), settings={"temperature": 0.3}))
    make_version(prompt)

    page = client.get(_url(prompt, "prompt-duplicate"), {"version": "1"}).text
    client.post(_url(prompt, "prompt-duplicate"), {"name": "support/second", "version": "1", "how": "version"})

    version = Prompt.objects.get(name="support/second").versions.get()
    assert '<option value="1" selected>' in page
    assert (version.messages, version.settings) == ([{"role": "system", "content": "Copy me"}], {"temperature": 0.3})
    assert version.note == "Copied from support/refund v1"


def test_a_copy_may_wait_as_a_draft(client, prompt, editor):
    make_version(prompt, chat(("system", "Copy me")))

    answer = client.post(_url(prompt, "prompt-duplicate"), {"name": "second", "version": "1", "how": "draft"})

    made = Prompt.objects.get(name="second")
    assert answer.url == _url(made, "prompt")
    assert not made.versions.exists()
    assert drafts.of(prompt=made, user=editor).content["messages"][0]["content"] == "Copy me"


@pytest.mark.parametrize("given", [{"name": "support/refund"}, {"name": ""}, {"version": "7"}, {"how": "nothing"}])
def test_a_copy_that_cannot_be_made_keeps_the_form(client, prompt, given):
    make_version(prompt)

    answer = client.post(_url(prompt, "prompt-duplicate"), {"name": "second", "version": "1", "how": "draft"} | given)

    assert answer.status_code == 422
    assert Prompt.objects.count() == 1


def test_without_a_version_there_is_nothing_to_copy(client, prompt):
    assert "Nothing to copy yet" in client.get(_url(prompt, "prompt-duplicate")).text
    assert client.get(_url(prompt, "prompt-duplicate"), {"version": "7"}).status_code == 404


# Moving


def test_the_page_before_a_move_says_what_it_does(client, prompt, other):
    make_version(prompt)
    make_version(prompt)
    writer = make_member(prompt.project, name="Sam Writer")
    drafts.autosave(prompt=prompt, content={}, base_number=2, revision=0, by=writer)

    page = client.get(_url(prompt, "prompt-move")).text

    for words in ("All 2 versions", "Nothing is live in the other project", "Sam Writer", "Other &lt;shop&gt;"):
        assert words in page


def test_a_move_leaves_a_pointer_and_leads_to_the_new_place(client, prompt, other):
    make_version(prompt)

    answer = client.post(_url(prompt, "prompt-move"), {"project": other.pk, "name": "support/refund"})

    moved = other.prompts.get()
    assert answer.url == _url(moved, "prompt-versions")
    assert _url(prompt, "prompt-versions") in client.get(answer.url).text
    assert "This prompt was moved to another project" in client.get(_url(prompt, "prompt")).text
    assert _url(moved, "prompt-versions") in client.get(_url(prompt, "prompt")).text
    assert "Moved already" in client.get(_url(prompt, "prompt-move")).text


def test_who_does_not_belong_there_is_told_no_name(client, prompt, other):
    make_version(prompt)
    client.post(_url(prompt, "prompt-move"), {"project": other.pk, "name": "secret/name"})

    page = _browser(make_member(prompt.project, Role.VIEWER)).get(_url(prompt, "prompt-versions")).text

    assert "You do not belong to that project." in page
    assert "secret/name" not in page
    assert "Other &lt;shop&gt;" not in page


def test_only_projects_in_which_one_may_write_are_offered(client, prompt, editor):
    make_version(prompt)
    looked_at, foreign = make_project(name="Looked at"), make_project(name="Foreign")
    members.add(project=looked_at, user=editor, role=Role.VIEWER)

    page = client.get(_url(prompt, "prompt-move")).text
    answers = [client.post(_url(prompt, "prompt-move"), {"project": to.pk, "name": "x"}) for to in (looked_at, foreign)]

    assert "No project to move it to" in page
    assert [answer.status_code for answer in answers] == [422, 422]
    assert Prompt.objects.count() == 1


def test_a_name_that_is_taken_there_keeps_the_form(client, prompt, other):
    make_version(prompt)
    make_prompt(other, name="support/refund")

    answer = client.post(_url(prompt, "prompt-move"), {"project": other.pk, "name": "support/refund"})

    prompt.refresh_from_db()
    assert answer.status_code == 422
    assert prompt.archived_at is None


# Who uses it


def test_who_uses_a_prompt_shows_applications_and_processes(client, prompt):
    version = make_version(prompt)
    labels.publish(prompt=prompt, version=version, label="production", by=make_member(prompt.project, Role.APPROVER))
    for _ in range(2):
        make_trace(prompt.project, prompt=prompt.name, version=1)
    reporter = Reporter(prompt.project_id, "a" * 32, "web-<1>", "0.9")
    fleet.note(reporter, Served(prompt.name, "production", 1))
    fleet.forget()

    page = client.get(_url(prompt, "prompt-users")).text

    for words in ("support-api", "web-&lt;1&gt;", "uses v1", "behind its last 2 calls"):
        assert words in page


def test_a_prompt_that_nobody_uses_has_a_next_step(client, prompt):
    page = client.get(_url(prompt, "prompt-users")).text

    assert "No call of this prompt was recorded" in page
    assert reverse("start", args=[prompt.project.slug]) in page


def test_applications_are_counted_apart_by_environment(prompt):
    for version, environment in ((1, "production"), (2, "production"), (0, "staging")):
        make_trace(prompt.project, prompt=prompt.name, version=version, environment=environment)
    make_version(prompt)
    make_version(prompt)
    calls = prompts_users.prompt_calls.recent(project=prompt.project, prompt_name=prompt.name)

    found = prompts_users.applications_of(calls)

    assert [(each.name, each.environment, each.call_count, each.versions) for each in found] == [
        ("support-api", "production", 2, [2, 1])
    ]
