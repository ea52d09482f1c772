"""The line that says how many running processes use what was published."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from projects.models import User
from projects.roles import Role
from prompt_registry import fleet, labels
from prompt_registry.fleet import Reporter, Served
from prompt_registry.models import Label, Prompt, PromptProcess
from tests.prompt_registry.factories import make_member, make_project, make_prompt, make_version

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _forget_processes():
    fleet.forget()


@pytest.fixture
def approver(prompt: Prompt) -> User:
    return make_member(prompt.project, Role.APPROVER)


@pytest.fixture
def prompt() -> Prompt:
    return make_prompt(make_project(), name="support/refund")


@pytest.fixture
def line(prompt, approver):
    """Return the line as somebody reads it."""
    client = Client()
    client.force_login(approver)

    def read(*, whole: bool = False) -> str:
        answer = client.get(reverse("prompt-use", args=[prompt.project.slug, prompt.pk]))
        assert answer.status_code == 200
        return answer.text if whole else " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())

    return read


def publish(prompt: Prompt, approver: User, *, ago: timedelta = timedelta(), label: str = "production") -> int:
    version = make_version(prompt)
    labels.publish(prompt=prompt, version=version, label=label, by=approver)
    Label.objects.filter(prompt=prompt, name=label).update(updated_at=timezone.now() - ago)
    return version.number


def report(prompt: Prompt, number: int, version: int, *, host: str = "", label: str = "production") -> None:
    reporter = Reporter(prompt.project_id, f"{number:08x}", host or f"web-{number}", "python/0.1.0")
    fleet.note(reporter, Served(prompt.name, label, version))


def test_all_processes_use_the_version(prompt, approver, line):
    version = publish(prompt, approver)
    for number in range(12):
        report(prompt, number, version)

    assert line() == "12 of 12 processes use v1 ( just now )"


def test_one_process_is_not_many(prompt, approver, line):
    report(prompt, 1, publish(prompt, approver))

    assert "1 of 1 process uses v1" in line()


def test_right_after_a_publish_the_others_are_on_their_way_and_not_late(prompt, approver, line):
    for number in range(3):
        report(prompt, number, publish(prompt, approver) if number == 0 else 1)
    report(prompt, 0, publish(prompt, approver))

    assert line() == "1 of 3 processes use v2; the others are being told"


def test_processes_that_stay_behind_are_listed_with_machine_version_and_age(prompt, approver, line):
    publish(prompt, approver)
    report(prompt, 1, 1, host="batch-7")
    PromptProcess.objects.update(
        serves={"production@support/refund": [1, (timezone.now() - timedelta(hours=2)).timestamp()]}
    )
    publish(prompt, approver, ago=timedelta(minutes=1))
    report(prompt, 2, 2)

    said = line()

    assert said.startswith("1 of 2 processes use v2; the others follow within about a minute")
    assert "batch-7 uses v1 since 2 h ago , last heard of just now" in said
    assert "web-2 uses" not in said


def test_many_stragglers_are_counted_and_some_are_named(prompt, approver, line):
    publish(prompt, approver)
    for number in range(10):
        report(prompt, number, 1)
    publish(prompt, approver, ago=timedelta(minutes=1))

    said = line()

    assert said.startswith("0 of 10 processes use v2")
    assert said.count("uses v1") == 4
    assert said.endswith("and 6 more")


def test_nobody_asked_yet(prompt, approver, line):
    publish(prompt, approver)

    assert line() == "No running process has asked for v1 in production in the last minutes."


def test_staging_is_mentioned_only_when_somebody_uses_it(prompt, approver, line):
    publish(prompt, approver, label="staging")
    assert line() == ""

    report(prompt, 1, 1, label="staging")
    assert "1 of 1 process uses v1 in staging" in line()


def test_the_page_looks_often_while_something_moves_and_seldom_otherwise(prompt, approver, line):
    report(prompt, 1, publish(prompt, approver))
    assert 'data-every="2"' in line(whole=True)

    Label.objects.update(updated_at=timezone.now() - timedelta(hours=1))
    assert 'data-every="20"' in line(whole=True)

    report(prompt, 2, 7)
    assert 'data-every="2"' in line(whole=True)


def test_a_hostile_name_of_a_machine_is_only_text(prompt, approver, line):
    publish(prompt, approver)
    report(prompt, 1, 1, host="<script>alert(1)</script>{{ 7|add:7 }}")
    publish(prompt, approver, ago=timedelta(minutes=1))

    page = line(whole=True)

    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "{{ 7|add:7 }}" in page


def test_every_page_of_the_prompt_has_the_line(prompt, approver):
    report(prompt, 1, publish(prompt, approver))
    client = Client()
    client.force_login(approver)

    for route in ("prompt", "prompt-versions"):
        page = client.get(reverse(route, args=[prompt.project.slug, prompt.pk])).text
        assert f'data-src="{reverse("prompt-use", args=[prompt.project.slug, prompt.pk])}"' in page
