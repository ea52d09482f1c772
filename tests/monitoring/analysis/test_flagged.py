"""Lists of traces narrowed to what was found in their calls."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from monitoring import trace_search, trace_volume
from monitoring.analysis import flagged
from monitoring.analysis.models import CallAnalysis
from monitoring.models import Trace
from monitoring.trace_filters import TraceFilter
from tests.monitoring.analysis.found_calls import make_found
from tests.monitoring.factories import make_trace
from tests.projects.factories import make_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project()


def wanting(**fields):
    now = timezone.now()
    return TraceFilter(**{"start": now - timedelta(days=1), "end": now + timedelta(minutes=1)} | fields)


def ids(project, *, first_window=2_000, **fields):
    page = trace_search.page(project=project, wanted=wanting(**fields), first_window=first_window, seconds=30)
    return [trace.trace_id for trace in page.traces]


def test_only_traces_with_the_flag_are_listed(project):
    refused, slow = make_found(project, {"refused": 0.9}), make_found(project, {"slow": 0.9})
    make_found(project, {"refused": 0.3})
    make_trace(project)
    make_found(make_project(), {"refused": 0.9})

    assert ids(project, flag="refused") == [refused.trace_id]
    assert set(ids(project, flag="any")) == {refused.trace_id, slow.trace_id}


def test_rates_that_are_no_finding_are_not_listed(project):
    call = make_found(project)
    CallAnalysis.objects.filter(project=project).update(flags=1 << 20)

    assert ids(project, flag="any") == []
    assert flagged.of_traces(project_id=project.pk, traces=list(Trace.objects.filter(trace_id=call.trace_id))) == {}


def test_a_list_in_small_stretches_finds_the_same(project):
    now = timezone.now()
    calls = [
        make_found(project, {"slow": 0.9 if minute % 3 == 0 else 0.1}, at=now - timedelta(minutes=minute))
        for minute in range(1, 13)
    ]

    expected = [call.trace_id for minute, call in enumerate(calls, 1) if minute % 3 == 0]
    assert ids(project, flag="slow", first_window=2) == expected


def test_a_flag_can_be_joined_with_other_filters_and_with_a_whole_id(project):
    staged = make_found(project, {"slow": 0.9}, environment="staging")
    make_found(project, {"slow": 0.9})

    assert ids(project, flag="slow", environment="staging") == [staged.trace_id]
    assert ids(project, flag="slow", text=staged.trace_id.hex) == [staged.trace_id]
    assert ids(project, flag="refused", text=staged.trace_id.hex) == []


def test_newer_traces_and_traces_over_time_are_counted_with_the_flag(project):
    make_found(project, {"slow": 0.9})
    make_trace(project)

    assert trace_search.count_newer(project=project, wanted=wanting(flag="slow"), than=None) == 1
    assert (
        sum(
            count for _, count in trace_volume.volume(project=project, wanted=wanting(flag="slow"), milliseconds=30_000)
        )
        == 1
    )


def test_flags_are_told_by_trace_and_counted_by_detector(project):
    call = make_found(project, {"slow": 0.9, "refused": 0.9})
    make_found(project, {"slow": 0.9})
    traces = list(Trace.objects.for_project(project))

    assert flagged.of_traces(project_id=project.pk, traces=traces)[call.trace_id] == ["refused", "slow"]
    assert flagged.counts(project_id=project.pk, since=timezone.now() - timedelta(hours=1)) == {"refused": 1, "slow": 2}
