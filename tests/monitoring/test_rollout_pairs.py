"""Both versions' answers to one question: the same words first, else the nearest meaning, else the most words in common."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from django.utils import timezone
from pgvector import HalfVector

from monitoring import rollout_pairs
from monitoring.analysis.models import CallAnalysis
from monitoring.models import Span
from monitoring.rollout_pairs import Asked, match
from tests.monitoring.factories import make_trace, rate
from tests.projects.factories import make_project

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)


def asked(text: str, *vector: float, **fields: Any) -> Asked:
    found = np.array(vector, dtype=np.float32) if vector else None
    return Asked(uuid.uuid4(), NOON, text, vector=found, **{"space": "1" if vector else ""} | fields)


def test_the_same_words_are_a_pair_whatever_their_case_and_signs():
    old, other, new = asked("Where is my parcel?"), asked("Do you ship to Norway?"), asked("  where is MY parcel")

    [pair] = match([other, old], [new])

    assert (pair.control, pair.candidate, pair.is_same) == (old.trace_id, new.trace_id, True)


def test_without_the_same_words_the_nearest_meaning_counts():
    near, far = asked("When does it arrive?", 0.8, 0.6), asked("I want my money back.", 0.0, 1.0)
    new = asked("Where is my parcel?", 1.0, 0.0)

    [pair] = match([far, near], [new])

    assert (pair.control, pair.is_same) == (near.trace_id, False)


def test_vectors_of_different_versions_are_never_compared():
    assert match([asked("When?", 1.0, 0.0, space="2")], [asked("Where is it?", 1.0, 0.0)]) == []


def test_without_vectors_the_words_in_common_count():
    old, new = asked("Where is my parcel now?"), asked("Where is my parcel please?")

    assert [pair.control for pair in match([asked("Hello there!"), old], [new])] == [old.trace_id]


def test_questions_that_have_nothing_in_common_are_no_pair():
    assert match([asked("Hello!", 0.0, 1.0)], [asked("Where is my parcel?", 1.0, 0.0)]) == []
    assert match([], [asked("Hello!")]) == []


def test_pairs_with_a_disliked_answer_come_first_and_no_call_stands_in_two():
    liked, disliked = asked("Where is my parcel?"), asked("Do you ship to Norway?", is_disliked=True)
    olds = [asked("Where is my parcel?"), asked("Do you ship to Norway now?")]

    pairs = match(olds, [liked, asked("Where is my parcel?"), disliked])

    assert [pair.candidate for pair in pairs] == [disliked.trace_id, liked.trace_id]
    assert [pair.is_disliked for pair in pairs] == [True, False]


def test_a_disliked_answer_of_the_old_version_finds_its_partner_as_well():
    old = asked("Do you ship to Norway?", is_disliked=True)
    nearer = asked("Do you ship to Norway please?")
    new = asked("Do you ship to Norway please?")

    pairs = match([nearer, old], [new, asked("Do you really ship to Norway?")])

    assert {pair.control for pair in pairs} == {nearer.trace_id, old.trace_id}
    assert pairs[0].is_control_disliked


ROLLOUT = uuid.uuid4()


def _call(project: Any, arm: str, question: str, **fields: Any) -> str:
    sent = {"callboard.rollout.id": str(ROLLOUT), "callboard.rollout.arm": arm, "callboard.rollout.bucket": 1}
    return make_trace(
        project, at=timezone.now(), prompt="p", version=1, attributes=sent, asked=question, answered="Yes.", **fields
    )


def _looked_at(project: Any, trace: str, text: str, vector: list[float]) -> None:
    span = Span.objects.get(trace_id=uuid.UUID(trace))
    CallAnalysis.objects.create(
        project=project, start_day=span.start_day, trace_id=span.trace_id, span_id=span.span_id, call_at=span.sort_at,
        draw=0, rollout_id=ROLLOUT, text=text, embedding_version="1", embedding=HalfVector(vector),
    )  # fmt: skip


@pytest.mark.django_db
def test_pairs_are_made_of_the_calls_of_one_rollout_alone_and_know_what_was_disliked():
    project = make_project()
    old = _call(project, "control", "Where is my parcel?")
    new = _call(project, "candidate", "Where is my parcel?")
    rate(project, new)
    _call(project, "control", "Where is my parcel?", error="timeout")
    make_trace(project, asked="Where is my parcel?")

    [pair] = rollout_pairs.of(project=project, rollout_id=ROLLOUT)

    assert (pair.control.hex, pair.candidate.hex, pair.is_candidate_disliked) == (old, new, True)
    assert rollout_pairs.of(project=make_project(), rollout_id=ROLLOUT) == []


@pytest.mark.django_db
def test_what_the_analysis_worked_out_is_what_questions_are_compared_by():
    project = make_project()
    near, far = _call(project, "control", "a"), _call(project, "control", "b")
    new = _call(project, "candidate", "c")
    _looked_at(project, near, "When does it arrive?", [1.0, 0.0, 0.1])
    _looked_at(project, far, "My money, please.", [0.0, 1.0, 0.0])
    _looked_at(project, new, "Where is it?", [1.0, 0.0, 0.0])

    [pair] = rollout_pairs.of(project=project, rollout_id=ROLLOUT)

    assert (pair.control.hex, pair.candidate.hex, pair.is_same) == (near, new, False)
