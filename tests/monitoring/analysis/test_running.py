"""A sample of the calls becomes vectors: each once, evenly drawn, and never without its source."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import numpy as np
import pytest
from django.utils import timezone

from monitoring import call_samples, embeddings, retention
from monitoring.analysis import running as analyses
from monitoring.analysis.models import CallAnalysis
from monitoring.models import Trace
from tests.monitoring.factories import make_span, make_trace, new_trace_id, rate, send
from tests.projects.factories import make_project
from workers import tasks

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project()


def look(project) -> list[CallAnalysis]:
    analyses.run(project_id=project.pk)
    return list(CallAnalysis.objects.filter(project=project).order_by("call_at"))


def test_a_call_becomes_the_vector_of_what_the_user_said_last(project):
    talk = [
        {"role": "system", "content": "You are kind."},
        {"role": "user", "content": "Where is my parcel? I ordered it last week."},
    ]
    make_trace(project, asked=talk)

    (found,) = look(project)

    assert found.text == "Where is my parcel? I ordered it last week."
    likeness = embeddings.embed([found.text])[0] @ np.array(found.embedding, dtype=np.float32)
    assert likeness == pytest.approx(1, abs=0.01)
    assert found.embedding_version == embeddings.version()


def test_a_call_with_blanks_becomes_the_vector_of_their_values(project):
    filled = {"gen_ai.prompt.variable.question": "Can I return shoes?", "gen_ai.prompt.variable.name": "Ann"}
    make_trace(project, asked="Answer Ann kindly: Can I return shoes?", attributes=filled)

    (found,) = look(project)

    assert found.text == "Ann\nCan I return shoes?"


def test_a_short_reply_is_read_with_what_was_said_before(project):
    talk = [
        {"role": "user", "content": "Please cancel my subscription."},
        {"role": "assistant", "content": "Are you sure?"},
        {"role": "user", "content": "Yes"},
    ]
    make_trace(project, asked=talk)

    (found,) = look(project)

    assert found.text == "Please cancel my subscription.\nYes"


def test_looking_twice_changes_nothing(project):
    make_trace(project, asked="Where is my parcel?")
    first = look(project)

    assert [row.analysed_at for row in look(project)] == [row.analysed_at for row in first]


def test_a_call_without_text_is_looked_at_once_and_has_no_vector(project):
    make_trace(project)

    (found,) = look(project)

    assert (found.text, found.embedding) == ("", None)
    assert call_samples.recent(project_id=project.pk).calls == []


def test_every_call_of_a_trace_is_looked_at(project):
    trace_id = new_trace_id()
    send(project, *(make_span(trace_id=trace_id, asked=f"Question {number}?") for number in range(11)))

    assert len(look(project)) == 11


def test_what_is_deleted_takes_its_vector_with_it(project):
    make_trace(project, asked="Where is my parcel?")
    look(project)

    Trace.objects.for_project(project).delete()

    assert not CallAnalysis.objects.filter(project=project).exists()


def test_after_four_weeks_a_vector_is_deleted(project):
    make_trace(project, asked="Where is my parcel?")
    make_trace(project, asked="How do I pay?")
    old, new = look(project)
    CallAnalysis.objects.filter(trace_id=old.trace_id).update(start_day=old.start_day - timedelta(days=30))

    retention.delete_expired()

    assert list(CallAnalysis.objects.values_list("trace_id", flat=True)) == [new.trace_id]


def test_the_lot_of_a_trace_depends_on_its_id_alone():
    ids = [UUID(int=number * 7_919) for number in range(4_000)]

    below = sum(analyses.draw_of(trace_id) < analyses.ALL // 4 for trace_id in ids)

    assert below == pytest.approx(1_000, abs=100)


def test_a_sample_is_of_the_calls_with_the_lowest_lots(project):
    send(project, *(make_span(asked=f"Question {number}?") for number in range(30)))
    lots = sorted(row.draw for row in look(project))

    sample = call_samples.recent(project_id=project.pk, limit=10)

    assert sorted(analyses.draw_of(call.trace_id) for call in sample.calls) == lots[:10]


def test_a_sample_holds_unit_vectors_in_the_order_of_its_calls(project):
    send(project, *(make_span(asked=f"What does product number {number} cost?") for number in range(5)))
    look(project)

    sample = call_samples.recent(project_id=project.pk)

    again = embeddings.embed([call.text for call in sample.calls])
    assert np.allclose((sample.vectors * again).sum(axis=1), 1, atol=0.01)


def test_a_sample_never_holds_calls_of_another_project(project):
    make_trace(make_project(), asked="A secret of somebody else")
    make_trace(project, asked="Ours")
    for project_id in analyses.waiting():
        analyses.run(project_id=project_id)

    sample = call_samples.recent(project_id=project.pk)

    assert [call.text for call in sample.calls] == ["Ours"]


def test_vectors_of_another_version_are_never_mixed_in(project):
    make_trace(project, asked="Old")
    look(project)
    CallAnalysis.objects.filter(project=project).update(embedding_version="something else 1")

    assert call_samples.recent(project_id=project.pk).calls == []


def test_a_sample_can_be_of_one_prompt(project):
    make_trace(project, asked="Refund?", prompt="support/refund", version=1)
    make_trace(project, asked="Joke?", prompt="fun/joke", version=1)
    look(project)

    sample = call_samples.recent(project_id=project.pk, prompt_name="fun/joke")

    assert [call.text for call in sample.calls] == ["Joke?"]
    assert call_samples.prompts(project_id=project.pk) == ["fun/joke", "support/refund"]


def test_disliked_calls_are_known(project):
    disliked = make_trace(project, asked="Refund?")
    liked = make_trace(project, asked="Joke?")
    rate(project, disliked)
    rate(project, liked, up=True)

    found = call_samples.disliked(project_id=project.pk, trace_ids=[UUID(disliked), UUID(liked)])

    assert found == {UUID(disliked)}


def test_a_project_waits_until_its_calls_were_looked_at(project):
    make_trace(project, asked="Where is my parcel?")
    before = analyses.waiting()
    look(project)

    assert project.pk in before
    assert project.pk not in analyses.waiting()


def test_the_lag_is_the_time_between_the_newest_call_and_the_last_look(project):
    make_trace(project, asked="Old", at=timezone.now() - timedelta(hours=2))
    look(project)
    later = analyses.progress(project_id=project.pk).until_at + timedelta(minutes=5)
    make_trace(project, asked="New", at=later)

    assert analyses.progress(project_id=project.pk).lag_seconds == pytest.approx(300, abs=1)


def test_the_clock_lets_new_calls_be_looked_at(project):
    make_trace(project, asked="Where is my parcel?")

    tasks.tick("analysis.plan", 300)
    tasks.run_ready("insight")

    assert CallAnalysis.objects.filter(project=project).count() == 1
