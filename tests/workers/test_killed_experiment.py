"""Workers that are killed in the middle of an experiment: every cell ends once, and no call is billed unseen."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from evals.evaluators.models import Evaluator, EvaluatorVersion
from evals.experiments import changes
from evals.experiments.models import (
    AttemptOutcome,
    CellState,
    Experiment,
    ExperimentAttempt,
    ExperimentCell,
    ExperimentScore,
    ExperimentState,
)
from evals.experiments.plans import ExperimentPlan, Variant
from projects import jobs, spending
from projects.models import Job, JobState
from projects.roles import Role
from projects.spending_models import Expense
from prompt_registry import connections
from tests.evals.experiments.provider import AnsweringProvider
from tests.evals.factories import fill, make_dataset
from tests.prompt_registry.factories import make_member, make_project, text
from tests.prompt_registry.providers.fake_provider import serving
from webapp.cli.layouts import ROOT

# The workers are processes of their own: they see what was committed.
pytestmark = pytest.mark.django_db(transaction=True, available_apps=settings.INSTALLED_APPS)
ITEMS, KILLS, AT_ONCE = 40, 2, 8
WORK = "import django; django.setup(); from workers import tasks; tasks.run_jobs('evals')"


@pytest.fixture
def provider(settings) -> Iterator[AnsweringProvider]:
    with serving(AnsweringProvider(seconds=0.4)) as provider:
        settings.PROVIDER_ALLOWLIST = [f"127.0.0.1:{provider.port}"]
        yield provider


@pytest.fixture
def experiment(provider: AnsweringProvider) -> Experiment:
    project = make_project()
    user = make_member(project, Role.EDITOR)
    row = connections.create(project=project, name="Fake", base_url=provider.url, default_model="fake-1", by=user)
    variant = Variant(
        kind="version", number=1, is_live=True, content=text("{{question}}").to_json(), connection_id=row.pk,
        connection_name="Fake", model="gpt-5-mini", is_simulated=False,
    )  # fmt: skip
    dataset = make_dataset(project)
    fill(dataset, ITEMS)
    evaluator = Evaluator.objects.create(project=project, name="Any", version=1)
    version = EvaluatorVersion.objects.create(
        project=project, evaluator=evaluator, number=1, kind="length", settings={"most": 50}
    )
    dataset.refresh_from_db()
    plan = ExperimentPlan(
        name="Killed", dataset=dataset, revision=dataset.revision, prompt=None, variants=[variant], evaluators=[version],
        cap_nano_usd=5 * spending.NANO,
    )  # fmt: skip
    return changes.start(plan=plan, by=user)


def start_worker(provider: AnsweringProvider) -> subprocess.Popen[bytes]:
    name = connection.settings_dict["NAME"]
    environ = os.environ | {
        "DATABASE_URL": urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl(),
        "CALLBOARD_PROVIDER_ALLOWLIST": f"127.0.0.1:{provider.port}", "CALLBOARD_EXPERIMENT_CALLS": str(AT_ONCE),
        "CALLBOARD_EXPERIMENT_PUMPS": "2",
    }  # fmt: skip
    return subprocess.Popen([sys.executable, "-c", WORK], env=environ, cwd=ROOT)


def wait_for(is_so, *, seconds: float = 90.0) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.02)


def kill_in_the_middle(provider: AnsweringProvider) -> set[int]:
    """End a worker without a warning, let its leases run out, and return the calls whose answers were not stored."""
    before = len(provider.requests)
    worker = start_worker(provider)
    try:
        wait_for(lambda: len(provider.requests) > before + AT_ONCE // 2)
        time.sleep(random.uniform(0, 0.5))
    finally:
        worker.kill()
        worker.wait()
    expired = timezone.now()
    ExperimentCell.objects.filter(state=CellState.ANSWERING).update(lease_until=expired)
    Job.objects.filter(state=JobState.RUNNING).update(lease_until=expired)
    jobs.sweep()
    running = ExperimentAttempt.objects.filter(outcome=AttemptOutcome.RUNNING)
    return set(running.values_list("pk", flat=True))


def test_an_experiment_whose_workers_are_killed_ends_and_repeats_no_more_than_was_on_its_way(experiment, provider):
    in_flight = set().union(*(kill_in_the_middle(provider) for _ in range(KILLS)))

    assert start_worker(provider).wait(120) == 0

    experiment.refresh_from_db()
    attempts = ExperimentAttempt.objects.all()
    outcomes = [attempt.outcome for attempt in attempts]
    today = spending.today(project=experiment.project, user=experiment.created_by)
    assert experiment.state == ExperimentState.DONE
    assert list(experiment.cells.values_list("state", flat=True)) == [CellState.DONE] * ITEMS
    assert ExperimentScore.objects.count() == ITEMS
    assert outcomes.count(AttemptOutcome.ANSWERED) == ITEMS
    assert set(outcomes) == {AttemptOutcome.ANSWERED, AttemptOutcome.LOST}
    assert len(provider.requests) - ITEMS <= len(in_flight) < ITEMS
    assert len(provider.requests) <= len(outcomes)
    assert not Expense.objects.filter(settled_at=None).exists()
    assert experiment.spent_nano_usd == today.person.spent_nano_usd == sum(one.cost_nano_usd for one in attempts)
    assert experiment.reserved_nano_usd == today.person.reserved_nano_usd == 0


def test_two_workers_at_once_ask_every_question_once(experiment, provider):
    jobs.add(kind=changes.RUN_KIND, dedupe_key="a second one")

    workers = [start_worker(provider), start_worker(provider)]

    assert [worker.wait(120) for worker in workers] == [0, 0]
    experiment.refresh_from_db()
    assert experiment.state == ExperimentState.DONE
    assert set(provider.asked.values()) == {1}
    assert len(provider.asked) == ITEMS
    assert set(ExperimentAttempt.objects.values_list("outcome", flat=True)) == {AttemptOutcome.ANSWERED}
    assert provider.most_under_way > AT_ONCE
