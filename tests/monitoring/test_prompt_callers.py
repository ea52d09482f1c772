"""Who calls a prompt is found from real calls, with what they fill in and how often, within bounds."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from monitoring import prompt_callers
from monitoring.kinds import Kind
from monitoring.models import Span
from projects.roles import Role
from prompt_registry import callers, labels
from prompt_registry.callers import Caller, Traffic
from prompt_registry.models import LabelMove
from tests.monitoring.factories import make_span, make_trace, new_trace_id, send
from tests.projects.factories import make_member, make_project
from tests.prompt_registry.factories import make_prompt, make_version

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project()


def call(project, *, minutes: int = 5, version: int = 1, blanks: tuple[str, ...] = ("name",), **fields) -> None:
    attributes = {f"gen_ai.prompt.variable.{name}": "x" for name in blanks}
    at = timezone.now() - timedelta(minutes=minutes)
    make_trace(project, prompt="answer", version=version, at=at, attributes=attributes, **fields)


def find(project, *versions: int) -> Traffic:
    return prompt_callers.find(project, "answer", versions or (1,))


def test_each_service_is_found_with_its_calls_its_blanks_and_its_environments(project):
    for minutes in (5, 70, 600):
        call(project, minutes=minutes)
    call(project, blanks=("name", "question"), environment="staging")
    call(project, service="night-job", minutes=1300, blanks=())

    traffic = find(project)

    assert traffic.callers == (
        Caller("support-api", 4, frozenset({"name", "question"}), ("production", "staging")),
        Caller("night-job", 1, None, ("production",)),
    )
    assert traffic.call_count == 5


def test_what_calls_used_is_averaged(project):
    call(project, tokens=(100, 10), cost_usd=0.001, model="gpt-4o")
    call(project, tokens=(300, 30), cost_usd=0.003, model="gpt-4o")

    traffic = find(project)

    assert (traffic.input_tokens, traffic.output_tokens, traffic.model) == (200, 20, "gpt-4o")
    assert traffic.cost_usd == pytest.approx(0.002)


def test_the_longest_question_is_that_of_a_call_with_the_prompt(project):
    for tokens in (100, 9_000, 300):
        call(project, tokens=(tokens, 10))
    trace_id, now = new_trace_id(), timezone.now()
    other = make_span(trace_id=trace_id, prompt="other", version=1, at=now - timedelta(minutes=3), tokens=(50_000, 1))
    ours = make_span(trace_id=trace_id, prompt="answer", version=1, at=now - timedelta(minutes=2), tokens=(500, 1))
    send(project, other, ours)

    assert find(project).longest_input_tokens == 9_000


def test_calls_that_count_no_tokens_say_nothing_about_their_length(project):
    call(project, tokens=None)

    assert find(project).longest_input_tokens is None


def test_only_the_last_24_hours_count(project):
    call(project, minutes=25 * 60 + 5)

    assert find(project) == callers.NONE


def test_only_the_versions_that_matter_count_and_calls_without_a_number(project):
    call(project, version=1, service="old")
    call(project, version=2, service="new")
    call(project, version=0, service="nameless")

    assert {caller.service for caller in find(project, 2).callers} == {"new", "nameless"}


def test_other_prompts_and_projects_are_not_seen(project):
    call(make_project())
    make_trace(project, prompt="other", version=1)

    assert find(project) == callers.NONE


def test_a_prompt_in_the_middle_of_a_trace_has_a_caller_nobody_knows(project):
    trace_id, now = new_trace_id(), timezone.now()
    first = make_span(trace_id=trace_id, prompt="answer", version=1, at=now - timedelta(minutes=3))
    last = make_span(trace_id=trace_id, prompt="other", version=1, at=now - timedelta(minutes=2))
    send(project, first, last)

    assert find(project).callers == (Caller("", 1),)


def test_a_service_that_runs_once_is_found_beside_one_that_never_rests(project, monkeypatch):
    monkeypatch.setattr(prompt_callers, "_TRACES", 48)
    for number in range(60):
        call(project, minutes=2 + number // 2)
    call(project, minutes=500, service="night-job")

    found = {caller.service: caller.call_count for caller in find(project).callers}

    assert set(found) == {"support-api", "night-job"}
    assert sum(found.values()) == pytest.approx(61, abs=2)


def test_however_many_calls_there_are_the_look_costs_the_same(project):
    def cost() -> tuple[int, int]:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            find(project)
        spans = sum("attributes" in query["sql"] and 'FROM "span"' in query["sql"] for query in queries)
        return len(queries), spans

    for number in range(3):
        call(project, minutes=2 + number)
    few = cost()
    for number in range(40):
        call(project, minutes=2 + number)

    assert cost() == few
    assert few[1] == 1


# What the registry asks for


def test_the_callers_of_a_label_are_those_of_the_versions_that_were_live_there_lately(project):
    prompt, approver = make_prompt(project, name="answer"), make_member(project=project, role=Role.APPROVER)
    for label in ("production", "production", "staging"):
        labels.publish(prompt=prompt, version=make_version(prompt), label=label, by=approver)
    for version in (1, 2, 3):
        call(project, version=version, service=f"app-{version}")

    def services(label: str) -> set[str]:
        return {caller.service for caller in callers.of(prompt=prompt, label=label).callers}

    assert (services("production"), services("staging"), services("nowhere")) == ({"app-1", "app-2"}, {"app-3"}, set())
    LabelMove.objects.update(moved_at=timezone.now() - timedelta(days=2))
    assert services("production") == {"app-2"}


def test_calls_to_tools_are_no_calls_of_the_prompt(project):
    make_trace(project, prompt="answer", version=1, kind=Kind.TOOL)

    assert find(project) == callers.NONE
    assert Span.objects.count() == 1
