"""What is shown beside the calls of a trace."""

from __future__ import annotations

import pytest

from monitoring.analysis import reading
from monitoring.analysis.models import CallAnalysis, FlagMark
from monitoring.models import Trace
from tests.monitoring.analysis.factories import look
from tests.monitoring.factories import make_trace
from tests.projects.factories import make_project

pytestmark = pytest.mark.django_db
ANSWER = "I'm sorry, but I can't help with that. Ask Jane Roe, jane.roe@gmail.com."


@pytest.fixture
def call() -> CallAnalysis:
    project = make_project()
    make_trace(project, asked="Refund?", answered=ANSWER)
    (found,) = look(project)
    return found


def findings(call: CallAnalysis) -> list[reading.CallFinding]:
    trace = Trace.objects.get(project=call.project, trace_id=call.trace_id)
    return reading.findings_of(trace).get(call.span_id, [])


def mark(call: CallAnalysis, detector: str, verdict: str) -> None:
    FlagMark.objects.create(
        project=call.project, trace_id=call.trace_id, span_id=call.span_id, start_day=call.start_day, detector=detector,
        verdict=verdict,
    )  # fmt: skip


def test_findings_have_words_for_people_and_places_in_the_answer(call):
    found = {finding.detector: finding for finding in findings(call)}

    assert set(found) == {"refused", "leaked_data"}
    assert found["leaked_data"].title == "Gives away personal data"
    [place] = found["leaked_data"].evidence
    assert ANSWER[place.start : place.end] == "jane.roe@gmail.com"


def test_the_surest_finding_comes_first(call):
    sure = [finding.probability for finding in findings(call)]

    assert sure == sorted(sure, reverse=True)


def test_a_finding_that_somebody_called_no_problem_is_shown_with_what_they_said(call):
    mark(call, "refused", "wrong")
    CallAnalysis.objects.update(flags=0)

    assert [(finding.detector, finding.mark) for finding in findings(call)] == [("refused", "wrong")]


def test_a_finding_that_somebody_missed_is_shown_without_evidence(call):
    mark(call, "toxic", "missed")
    CallAnalysis.objects.update(flags=8)

    assert [(finding.detector, finding.mark, finding.evidence) for finding in findings(call)] == [
        ("toxic", "missed", ())
    ]


def test_what_only_came_near_is_not_shown(call):
    CallAnalysis.objects.update(flags=0)

    assert findings(call) == []
