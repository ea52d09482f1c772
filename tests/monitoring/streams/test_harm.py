"""The ranking over calls in the database: planted problems come first, and nothing is told of quiet traffic."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from monitoring.streams import attribution, harm, hours
from monitoring.streams.families import Part
from monitoring.streams.scopes import Scope
from tests.monitoring.streams.factories import look_at, retrieve
from tests.projects.factories import make_project

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def project():
    return make_project()


def traffic(*, count: int = 1_500, seed: int = 1, days: float = 6.5) -> list[dict]:
    """Calls of two prompts and eight groups of questions, of which every fiftieth is refused."""
    random = np.random.default_rng(seed)
    return [
        {
            "at": NOW - timedelta(days=days * float(random.random())), "cluster_id": int(random.integers(1, 9)),
            "prompt_name": ("answer", "search")[int(random.integers(0, 2))], "model": ("fast", "large")[int(random.integers(0, 2))],
            "prompt_version": int(random.integers(10, 12)), "user_id": f"user {random.integers(0, 200)}", "environment": "live",
            "bad": ["refused"] if random.random() < 0.02 else [],
        }
        for _ in range(count)
    ]  # fmt: skip


def is_planted(call: dict) -> bool:
    return call["cluster_id"] == 3 and call["prompt_name"] == "answer" and call["prompt_version"] == 11


def test_quiet_traffic_has_nothing_significant(project):
    look_at(project, traffic())

    assert [one for one in harm.rank(project_id=project.pk, now=NOW) if one.is_significant] == []


def test_a_version_that_refuses_one_question_comes_first(project):
    calls = traffic()
    for call in filter(is_planted, calls):
        call["bad"] = ["refused", "disliked"]
    look_at(project, calls)

    first, *rest = harm.rank(project_id=project.pk, now=NOW)

    assert first.scope == Scope("refused", cluster_id=3, prompt_name="answer")
    assert first.part == Part("prompt version", "11")
    assert first.also == (Scope("disliked", cluster_id=3, prompt_name="answer"),)
    assert first.is_significant
    assert first.harm > 0
    assert first.bad == sum(map(is_planted, calls))
    assert first.usual_rate < 0.04
    assert not any(one.is_significant for one in rest)


def test_calls_of_another_project_or_of_last_week_say_nothing(project):
    calls = traffic()
    for call in filter(is_planted, calls):
        call["bad"] = ["refused"]
    look_at(make_project(), calls)
    look_at(project, [{**call, "at": call["at"] - timedelta(days=7)} for call in calls])

    assert harm.rank(project_id=project.pk, now=NOW) == []


def test_a_prompt_alone_is_held_against_its_own_past(project):
    def only(share: float, days: tuple[float, float], seed: int) -> list[dict]:
        random = np.random.default_rng(seed)
        return [
            {
                "at": NOW - timedelta(days=random.uniform(*days)), "prompt_name": "answer", "user_id": f"user {random.integers(0, 200)}",
                "bad": ["refused"] if random.random() < share else [],
            }
            for _ in range(1_000)
        ]  # fmt: skip

    look_at(project, only(0.02, (8, 20), 1) + only(0.12, (0, 6), 2))
    hours.recount(project_id=project.pk, since=datetime(2026, 1, 1, tzinfo=UTC))

    (first,) = (one for one in harm.rank(project_id=project.pk, now=NOW) if one.is_significant)

    assert first.scope == Scope("refused", prompt_name="answer")
    assert 0.01 < first.usual_rate < 0.04


def test_the_harm_of_one_scope_can_be_asked_for(project):
    calls = traffic()
    for call in filter(is_planted, calls):
        call["bad"] = ["refused"]
    look_at(project, calls)
    scope = Scope("refused", cluster_id=3, prompt_name="answer")

    found = harm.of(project_id=project.pk, scope=scope, now=NOW)

    assert found is not None
    assert found.scope == scope
    assert found.is_significant
    assert found.calls == sum(call["cluster_id"] == 3 and call["prompt_name"] == "answer" for call in calls)
    quiet = harm.of(project_id=project.pk, scope=Scope("refused", model="fast"), now=NOW)
    assert quiet is not None
    assert not quiet.is_significant
    assert harm.of(project_id=project.pk, scope=Scope("refused", cluster_id=99), now=NOW) is None


def test_three_planted_problems_are_three_with_the_right_causes(project):
    random = np.random.default_rng(6)
    calls = traffic(count=4_000, seed=6)
    is_empty = random.random(len(calls)) < 0.1
    for call, finds_nothing in zip(calls, is_empty, strict=True):
        bad = set(call["bad"])
        if is_planted(call) and random.random() < 0.7:
            bad |= {"refused", "disliked"}
        if call["model"] == "large" and call["at"].hour in (14, 15) and random.random() < 0.7:
            bad |= {"slow", "late_start"}
        if call["prompt_name"] == "search" and finds_nothing and random.random() < 0.5:
            bad |= {"unsupported"}
        call["bad"] = sorted(bad)
    at = [call["at"] for call in calls]
    pages = [[] if finds_nothing else [{"content": "Page"}] for finds_nothing in is_empty]
    retrieve(project, look_at(project, calls), at=at, found=pages)

    found = {one.scope: one for one in harm.rank(project_id=project.pk, now=NOW) if one.is_significant}

    parts = {
        Scope("refused", cluster_id=3, prompt_name="answer"): Part("prompt version", "11"),
        Scope("slow", model="large"): Part("hour of day", "14:00–16:00"),
        Scope("unsupported", prompt_name="search"): Part("retrieval", "find pages found nothing"),
    }
    assert {scope: one.part for scope, one in found.items()} == parts
    for scope, part in parts.items():
        first = attribution.causes(project_id=project.pk, scope=scope, since=NOW - timedelta(days=7), until=NOW)[0]
        assert (first.dimension, first.value) == (part.dimension, part.value)
        assert first.is_sure
        assert first.explained > 0.8
