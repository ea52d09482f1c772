"""What raised a rate is named first, with the difference it makes and the share it explains."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from monitoring.streams import attribution
from monitoring.streams.scopes import Scope
from tests.monitoring.streams.factories import look_at, retrieve
from tests.monitoring.streams.traffic import Traffic
from tests.projects.factories import make_project

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def top(traffic: Traffic, where: np.ndarray, signal: str) -> attribution.Cause:
    return attribution.ranked(traffic.columns(where), signal=signal)[0]


def test_the_version_that_refuses_is_named_with_its_difference():
    traffic = Traffic(size=12_000, seed=2)
    where = (traffic.cluster == 7) & (traffic.prompt == 1)
    traffic.spoil(where & (traffic.version == 11), "refused", 0.6)

    found = top(traffic, where, "refused")

    assert (found.dimension, found.value) == ("prompt version", "11")
    assert 0.4 < found.low < found.rate - found.rest_rate < found.high < 0.75
    assert found.explained > 0.9


def test_the_hours_at_which_a_model_is_slow_are_named():
    traffic = Traffic(size=12_000, seed=3)
    traffic.spoil((traffic.model == 1) & (traffic.hour >= 14) & (traffic.hour < 17), "slow", 0.5)

    found = top(traffic, traffic.model == 1, "slow")

    assert (found.dimension, found.value) == ("hour of day", "14:00–17:00")
    assert found.explained > 0.9


def test_one_bad_afternoon_is_no_time_of_day():
    traffic = Traffic(size=12_000, seed=3)
    traffic.spoil((traffic.at >= 20_003 * 24 + 14) & (traffic.at < 20_003 * 24 + 17), "slow", 0.8)

    found = attribution.ranked(traffic.columns(traffic.model == 1), signal="slow")

    assert all(cause.dimension != "hour of day" for cause in found)


def test_the_retriever_that_finds_nothing_is_named():
    traffic = Traffic(size=12_000, seed=4)
    nothing = (traffic.prompt == 0) & (traffic.random.random(traffic.size) < 0.08)
    traffic.retrieval[nothing] = 1
    traffic.spoil(nothing, "unsupported", 0.5)

    found = top(traffic, traffic.prompt == 0, "unsupported")

    assert (found.dimension, found.value) == ("retrieval", "find pages found nothing")


@pytest.mark.parametrize(
    ("column", "dimension", "value"),
    [("release", "release", "r2"), ("service", "app", "desk"), ("language", "language", "de"), ("model", "model", "large"),
     ("environment", "environment", "staging"), ("segment", "user segment", "free")],
)  # fmt: skip
def test_every_other_dimension_can_be_the_cause(column, dimension, value):
    traffic = Traffic(size=6_000, seed=5)
    is_in = traffic.random.random(traffic.size) < 0.3
    if column in traffic.texts and column not in ("model", "environment"):
        traffic.texts[column] = is_in.astype(np.int64)
    else:
        setattr(traffic, column, is_in.astype(np.int64))
    traffic.spoil(is_in, "bad_format", 0.2)

    found = top(traffic, np.ones(traffic.size, dtype=bool), "bad_format")

    assert (found.dimension, found.value) == (dimension, value)


def test_the_arm_of_a_rollout_can_be_the_cause():
    traffic = Traffic(size=6_000, seed=6)
    traffic.arm[:] = 1 + (traffic.random.random(traffic.size) < 0.3)
    traffic.spoil(traffic.arm == 2, "bad_format", 0.2)

    found = top(traffic, np.ones(traffic.size, dtype=bool), "bad_format")

    assert (found.dimension, found.value) == ("arm", "candidate")


def test_of_a_version_and_the_release_that_came_with_it_the_version_is_named():
    traffic = Traffic(size=6_000, seed=7)
    is_new = traffic.at >= 20_004 * 24 + 9
    traffic.version[:] = np.where(is_new, 11, 10)
    traffic.texts["release"] = is_new.astype(np.int64)
    # A few stray calls of the old release make the release explain a little more.
    traffic.version[np.flatnonzero(is_new)[-20:]] = 10
    traffic.spoil(is_new, "refused", 0.3)

    found = top(traffic, traffic.prompt == 1, "refused")

    assert (found.dimension, found.value) == ("prompt version", "11")
    assert found.began_with_it


def test_without_a_difference_nothing_is_sure():
    traffic = Traffic(size=6_000, seed=8)

    found = attribution.ranked(traffic.columns(traffic.prompt == 1), signal="refused")

    assert sum(cause.is_sure for cause in found) <= 2
    assert found


def test_nothing_bad_has_no_cause():
    traffic = Traffic(size=500, seed=9)
    traffic.is_bad["toxic"][:] = False

    assert attribution.ranked(traffic.columns(traffic.prompt == 1), signal="toxic") == []


@pytest.mark.django_db
def test_causes_are_read_from_the_calls_of_the_scope():
    project = make_project()
    calls = [
        {
            "at": NOW - timedelta(hours=number % 90), "cluster_id": 4, "prompt_name": "answer", "model": "fast",
            "user_id": f"user {number % 40}", "prompt_version": 11 if number % 3 == 0 else 10,
            "bad": ["refused"] if number % 3 == 0 and number % 4 else [],
        }
        for number in range(240)
    ]  # fmt: skip
    look_at(project, calls)
    look_at(project, [{**call, "cluster_id": 5, "bad": ["refused"]} for call in calls[:60]])

    found = attribution.causes(
        project_id=project.pk,
        scope=Scope("refused", cluster_id=4),
        since=NOW - timedelta(days=7),
        until=NOW + timedelta(hours=1),
    )

    assert (found[0].dimension, found[0].value, found[0].calls, found[0].bad) == ("prompt version", "11", 80, 60)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "nothing", [[], {"documents": [], "total": 0}, {"documents": [[]], "ids": None}, "No results found."]
)
def test_a_retriever_that_returned_nothing_is_read_from_its_span(nothing):
    project = make_project()
    at = NOW - timedelta(hours=3)
    calls = [
        {"at": at, "prompt_name": "answer", "user_id": f"user {n}", "bad": ["unsupported"] if n < 20 else []}
        for n in range(50)
    ]
    pages = [nothing if number < 20 else [{"content": "Page 0 of 0"}] for number in range(50)]
    retrieve(project, look_at(project, calls), at=[at] * 50, found=pages)

    found = attribution.causes(
        project_id=project.pk, scope=Scope("unsupported", prompt_name="answer"), since=at - timedelta(days=1), until=NOW
    )

    assert (found[0].dimension, found[0].value, found[0].bad) == ("retrieval", "find pages found nothing", 20)


@pytest.mark.django_db
def test_a_retriever_whose_output_is_never_recorded_tells_nothing():
    project = make_project()
    at = NOW - timedelta(hours=3)
    calls = [{"at": at, "user_id": f"user {n}", "bad": ["unsupported"] if n < 20 else []} for n in range(50)]
    retrieve(project, look_at(project, calls)[:25], at=[at] * 25, found=[None] * 25)

    found = attribution.causes(
        project_id=project.pk, scope=Scope("unsupported"), since=at - timedelta(days=1), until=NOW
    )

    assert all(cause.dimension != "retrieval" for cause in found)
