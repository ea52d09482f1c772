"""A project's own embedding model: asked over its connection, paid for, and never mixed with another."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from monitoring import embeddings
from monitoring.analysis import reruns, running
from monitoring.analysis.models import AnalysisRerun, AnalysisSettings, CallAnalysis, RerunState
from monitoring.embeddings import EmbeddingRefused, EmbeddingWaits, choosing, memory, remote
from monitoring.embeddings.remote import RemoteModel
from projects import spending
from projects.models import AuditEvent, Job, JobState
from projects.spending import SpendingLimitReached
from projects.spending_models import Expense
from prompt_registry.providers.errors import KeyRefused
from tests.monitoring.factories import make_trace
from tests.projects.factories import make_project, make_user
from workers import tasks

MODEL = "text-embedding-3-small"


@pytest.fixture
def admin(project):
    return make_user()


def choose(project, connection, by, model=MODEL):
    return choosing.choose(project=project, connection=connection, model=model, by=by)


def test_a_project_that_chose_nothing_has_the_embedding_of_this_machine(project):
    found = embeddings.for_project(project.pk)

    assert (found.version, found.dimensions) == (embeddings.version(), embeddings.DIMENSIONS)


def test_a_chosen_model_makes_unit_vectors_of_its_own_width(project, connection, admin):
    choose(project, connection, admin)

    found = embeddings.for_project(project.pk)

    vectors = found.embed(["Where is my parcel?", "", "I forgot my password"])
    assert vectors.shape == (3, 32) == (3, found.dimensions)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(3), abs=1e-5)
    assert found.version.startswith(f"{MODEL} 32 ")
    assert AuditEvent.objects.get(action="analysis.embedding_chosen").subject == MODEL


def test_other_projects_keep_theirs(project, connection, admin):
    choose(project, connection, admin)

    assert embeddings.for_project(make_project().pk).version == embeddings.version()


def test_the_same_name_at_another_address_is_another_space():
    model = RemoteModel(1, 2, MODEL, 32)

    assert remote.version(model, "https://one.example/v1") != remote.version(model, "https://two.example/v1")


def test_a_version_fits_where_it_is_stored():
    assert len(remote.version(RemoteModel(1, 2, "organisation/" + "x" * 180, 4_096), "https://one.example/v1")) <= 40


def test_what_is_asked_costs_money_within_the_limits(project, connection, admin):
    choose(project, connection, admin)
    embeddings.for_project(project.pk).embed(["Where is my parcel?"])

    costs = list(Expense.objects.order_by("pk").values_list("purpose", "settled_nano_usd"))
    # 7 tokens a text, a dollar for 50 million of them.
    assert costs == [("embedding", 3 * 7 * 20), ("embedding", 7 * 20)]


def test_a_text_that_was_just_asked_about_is_not_paid_for_again(provider, project, connection, admin):
    choose(project, connection, admin)
    embed = embeddings.for_project(project.pk).embed
    embed(["Where is my parcel?"])
    before = len(provider.requests)

    embed(["Where is my parcel?"])

    assert len(provider.requests) == before


def test_a_model_that_does_not_answer_is_not_chosen(provider, project, connection, admin):
    provider.script = ["401"]

    with pytest.raises(KeyRefused):
        choose(project, connection, admin)

    assert not AnalysisSettings.objects.filter(project=project).exists()
    assert Expense.objects.get().settled_nano_usd == 0


def test_a_model_needs_a_name(project, connection, admin):
    with pytest.raises(EmbeddingRefused):
        choose(project, connection, admin, model=" ")


def test_without_money_nothing_is_asked(provider, project, connection, admin):
    spending.change_limits(project=project, by=admin, project_nano_usd=0, person_nano_usd=0)

    with pytest.raises(SpendingLimitReached):
        choose(project, connection, admin)

    assert provider.requests == []


@pytest.mark.parametrize("mode", ["500", "401", "html", "embed 16", "embed 32 0"])
def test_calls_wait_while_the_model_does_not_answer_as_it_did(provider, project, connection, admin, mode):
    choose(project, connection, admin)
    make_trace(project, asked="Where is my parcel now?")
    provider.script = [mode]

    assert running.run(project_id=project.pk) is False

    assert not CallAnalysis.objects.exists()
    assert AnalysisSettings.objects.get().embedding_problem


def test_calls_that_waited_are_looked_at_when_the_model_answers_again(provider, project, connection, admin):
    choose(project, connection, admin)
    make_trace(project, asked="Where is my parcel now?")
    provider.script = ["401", "embed 32"]
    running.run(project_id=project.pk)

    running.run(project_id=project.pk)

    found = CallAnalysis.objects.get()
    assert len(found.embedding) == 32
    assert found.embedding_version == embeddings.for_project(project.pk).version
    assert AnalysisSettings.objects.get().embedding_problem == ""


def test_calls_wait_when_the_connection_was_removed(project, connection, admin):
    choose(project, connection, admin)
    connection.delete()
    memory.forget()

    with pytest.raises(EmbeddingWaits, match="removed"):
        embeddings.for_project(project.pk).embed(["Where is my parcel?"])


def test_the_embedding_of_this_machine_can_be_chosen_again(project, connection, admin):
    choose(project, connection, admin)

    choosing.choose_local(project=project, by=admin)

    assert embeddings.for_project(project.pk).version == embeddings.version()


def test_a_second_look_waits_too_and_goes_on_later(provider, project, connection, admin):
    make_trace(project, asked="Where is my parcel now?")
    running.run(project_id=project.pk)
    choose(project, connection, admin)
    rerun = reruns.start(
        project=project, since=timezone.now() - timedelta(days=1), until=timezone.now() + timedelta(days=1), by=admin
    )
    provider.script = ["401", "embed 32"]
    tasks.run_ready("insight")

    assert Job.objects.filter(kind=reruns.KIND, state=JobState.READY, run_at__gt=timezone.now()).count() == 1
    Job.objects.update(run_at=timezone.now())
    tasks.run_ready("insight")

    assert AnalysisRerun.objects.get(pk=rerun.pk).state == RerunState.DONE
    assert len(CallAnalysis.objects.get().embedding) == 32
