"""Every call is looked at once, however late it comes, and never without its source; a sample of them is evenly drawn."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import numpy as np
import pytest
from django.db import connection
from django.utils import timezone
from pgvector import HalfVector

from monitoring import call_samples, embeddings, retention
from monitoring.analysis import looking, turns
from monitoring.analysis import running as analyses
from monitoring.analysis.flags import Flag
from monitoring.analysis.models import AnalysisProgress, CallAnalysis
from monitoring.clusters.models import Cluster
from monitoring.models import Span, Trace
from tests.monitoring.analysis.factories import look
from tests.monitoring.factories import make_span, make_trace, new_trace_id, rate, send
from tests.projects.factories import make_project
from workers import tasks

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project()


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


def test_a_call_that_comes_after_its_trace_was_looked_at_is_looked_at_too(project):
    trace_id = make_trace(project, asked="Where is my parcel?")
    first = look(project)
    send(project, make_span(trace_id=trace_id, asked="And when will it come?"))

    found = look(project)

    assert [row.text for row in found] == ["Where is my parcel?", "And when will it come?"]
    assert found[0].analysed_at == first[0].analysed_at


def test_a_trace_that_comes_late_is_looked_at_too(project):
    make_trace(project, asked="Now")
    look(project)
    make_trace(project, asked="A quarter of an hour ago", at=timezone.now() - timedelta(minutes=15))

    assert project.pk in analyses.waiting()
    assert [row.text for row in look(project)] == ["A quarter of an hour ago", "Now"]


def test_what_comes_a_day_late_is_looked_at_within_the_hour(project):
    make_trace(project, asked="Now")
    look(project)
    make_trace(project, asked="Yesterday", at=timezone.now() - timedelta(days=1))
    soon = [row.text for row in look(project)]
    AnalysisProgress.objects.update(round_began_at=timezone.now() - timedelta(hours=1, seconds=1))

    assert project.pk in analyses.waiting()
    assert [row.text for row in look(project)] == ["Yesterday", "Now"]
    assert soon == ["Now"]


def test_the_look_for_late_calls_goes_on_where_its_time_ended(project):
    make_trace(project, asked="Now")
    look(project)
    make_trace(project, asked="Last week", at=timezone.now() - timedelta(days=7))
    AnalysisProgress.objects.update(round_at=timezone.now() - timedelta(days=8))

    assert len(look(project)) == 2
    assert AnalysisProgress.objects.get(project=project).round_at is None


def test_a_call_without_an_end_waits_until_it_has_one_or_will_hardly_get_one(project):
    span = make_span(asked="Where is my parcel?", at=timezone.now() - timedelta(minutes=5))
    old = make_span(asked="Where is my money?", at=timezone.now() - timedelta(minutes=11))
    span.end_ns = old.end_ns = 0
    send(project, span, old)

    assert [row.text for row in look(project)] == ["Where is my money?"]


def test_more_traces_than_one_batch_holds_are_looked_at_even_when_they_began_together(project):
    at = timezone.now() - timedelta(minutes=1)
    send(project, *(make_span(asked=f"Question {number}?", at=at) for number in range(205)))

    assert len(look(project)) == 205


def test_a_worker_without_the_turn_leaves_the_calls_to_the_one_that_has_it(project):
    make_trace(project, asked="Where is my parcel?")
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", [turns.LOCK, project.pk])

        assert analyses.run(project_id=project.pk) is False
        assert not CallAnalysis.objects.filter(project=project).exists()
    finally:
        other.close()


def test_a_trace_that_is_deleted_while_it_is_looked_at_leaves_nothing(project):
    make_trace(project, asked="Where is my parcel?")
    kept = make_trace(project, asked="How do I pay?")
    rows = looking.rows(list(Span.objects.filter(project=project)))
    Trace.objects.for_project(project).exclude(trace_id=UUID(kept)).delete()

    assert analyses.store(project.pk, rows) == 1
    assert [row.trace_id for row in CallAnalysis.objects.all()] == [UUID(kept)]


def test_two_workers_that_looked_at_the_same_calls_store_them_once(project):
    make_trace(project, asked="Where is my parcel?")
    rows = looking.rows(list(Span.objects.filter(project=project)))

    analyses.store(project.pk, rows)
    analyses.store(project.pk, rows)

    assert CallAnalysis.objects.filter(project=project).count() == 1


def test_one_call_that_breaks_a_detector_does_not_hold_up_the_others(project, monkeypatch):
    def broken(call, choices):
        if "poison" in call.texts.parts.input:
            raise RuntimeError
        return detect(call, choices)

    detect = looking.detecting.look
    monkeypatch.setattr(looking.detecting, "look", broken)
    make_trace(project, asked="poison", answered="No.")
    make_trace(project, asked="Refund?", answered="I'm sorry, but I can't help with that request.")

    found = {row.text: row for row in look(project)}

    assert found["poison"].detectors_version == ""
    assert found["Refund?"].flags & Flag.REFUSED


def test_a_call_is_assigned_to_a_cluster_where_somebody_knows_one(project):
    make_trace(project, asked="Where is my parcel?")
    make_trace(project)

    analyses.run(project_id=project.pk, assign=lambda vectors, version: [7] * len(vectors))

    assert {row.text: row.cluster_id for row in look(project)} == {"Where is my parcel?": 7, "": None}


def test_a_run_whose_time_is_over_says_that_something_is_left(project):
    make_trace(project, asked="Where is my parcel?")

    assert analyses.run(project_id=project.pk, seconds=0) is True
    assert len(look(project)) == 1


def test_the_job_assigns_calls_to_the_clusters_that_are_known(project):
    now, asked = timezone.now(), "Where is my parcel?"
    cluster = Cluster.objects.create(
        project=project, name="Parcels", centroid=HalfVector(embeddings.embed([asked])[0]), radius=0.8,
        embedding_version=embeddings.version(), first_at=now, last_at=now,
    )  # fmt: skip
    make_trace(project, asked=asked)
    make_trace(project, asked="Write a poem about the sea and the mountains.")

    tasks.tick("analysis.plan", 60)
    tasks.run_ready("insight")

    found = CallAnalysis.objects.filter(project=project)
    assert {row.text: row.cluster_id for row in found}[asked] == cluster.pk
    assert list(found.exclude(text=asked).values_list("cluster_id", flat=True)) == [None]
