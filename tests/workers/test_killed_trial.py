"""Workers that are killed in the middle of a grid: every cell is answered in the end, and no call is billed unseen."""

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

from projects import jobs, spending
from projects.models import Job, JobState
from projects.roles import Role
from projects.spending_models import Expense
from prompt_registry import connections, trials
from prompt_registry.trial_models import AttemptOutcome, CellState, Trial, TrialAttempt, TrialCell
from prompt_registry.trial_plans import TrialInput, Variant
from tests.prompt_registry.factories import make_member, make_project, make_prompt, text
from tests.prompt_registry.providers.fake_provider import FakeProvider, serving
from webapp.cli.layouts import ROOT

# The workers are processes of their own: they see what was committed.
pytestmark = pytest.mark.django_db(transaction=True, available_apps=settings.INSTALLED_APPS)
ROWS, KILLS = 12, 2
WORK = "import django; django.setup(); from workers import tasks; tasks.run_jobs('evals')"


@pytest.fixture
def provider(settings) -> Iterator[FakeProvider]:
    with serving(FakeProvider(script=["slow_stream"])) as provider:
        settings.PROVIDER_ALLOWLIST = [f"127.0.0.1:{provider.port}"]
        yield provider


@pytest.fixture
def trial(provider: FakeProvider) -> Trial:
    project = make_project()
    user = make_member(project, Role.EDITOR)
    row = connections.create(project=project, name="Fake", base_url=provider.url, default_model="fake-1", by=user)
    variant = Variant(
        kind="version", number=1, is_live=True, content=text("{{q}}").to_json(), connection_id=row.pk,
        connection_name="Fake", model="gpt-5-mini", is_simulated=False,
    )  # fmt: skip
    trial = trials.create(
        prompt=make_prompt(project, type="text"), inputs=[TrialInput({"q": f"Question {row}"}) for row in range(ROWS)],
        variants=[variant], by=user,
    )  # fmt: skip
    trials.ask(trial=trial, by=user)
    return trial


def start_worker(provider: FakeProvider) -> subprocess.Popen[bytes]:
    environ = os.environ | {
        "DATABASE_URL": _database_url(), "CALLBOARD_PROVIDER_ALLOWLIST": f"127.0.0.1:{provider.port}",
    }  # fmt: skip
    return subprocess.Popen([sys.executable, "-c", WORK], env=environ, cwd=ROOT)


def _database_url() -> str:
    name = connection.settings_dict["NAME"]
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()


def wait_for(is_so, *, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.02)


def done(trial: Trial) -> int:
    return trial.cells.filter(state=CellState.DONE).count()


def kill_in_the_middle(provider: FakeProvider, trial: Trial) -> None:
    """End a worker without a warning while answers are on their way, and let its leases run out."""
    before = len(provider.requests)
    worker = start_worker(provider)
    try:
        wait_for(lambda: len(provider.requests) > before + 2)
        time.sleep(random.uniform(0, 0.4))
    finally:
        worker.kill()
        worker.wait()
    TrialCell.objects.filter(state=CellState.RUNNING).update(lease_until=timezone.now())
    Job.objects.filter(state=JobState.RUNNING).update(lease_until=timezone.now())


def test_a_grid_whose_workers_are_killed_is_answered_and_every_call_has_its_row(trial, provider):
    for _ in range(KILLS):
        kill_in_the_middle(provider, trial)
    interrupted = done(trial)
    jobs.sweep()
    last = start_worker(provider)
    assert last.wait(90) == 0

    attempts = TrialAttempt.objects.filter(cell__trial=trial)
    outcomes = [attempt.outcome for attempt in attempts]
    today = spending.today(project=trial.project, user=trial.created_by)
    assert interrupted < ROWS
    assert set(trial.cells.values_list("state", "text")) == {(CellState.DONE, "Hello there.")}
    assert outcomes.count(AttemptOutcome.ANSWERED) == ROWS
    assert outcomes.count(AttemptOutcome.LOST) == len(outcomes) - ROWS > 0
    assert len(provider.requests) <= len(outcomes)
    assert all(attempt.cost_nano_usd > 0 for attempt in attempts)
    assert not Expense.objects.filter(settled_at=None).exists()
    assert today.person.spent_nano_usd == trials.spent_nano_usd(trial)
    assert today.person.reserved_nano_usd == 0
    assert Job.objects.get(kind=trials.RUN_KIND).state == JobState.DONE
