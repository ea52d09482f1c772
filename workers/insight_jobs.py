"""Looks at calls and measures datasets as jobs; both may run twice at any time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta

import numpy as np
from django.utils import timezone
from numpy.typing import NDArray

from evals import item_care
from evals.coverage import measuring
from evals.models import Dataset
from evals.online import running
from evals.online.models import OnlineEvaluation
from evals.second_opinions import running as second_opinions
from monitoring.analysis import reruns
from monitoring.analysis import running as analyses
from monitoring.analysis.looking import Assign
from monitoring.clusters import assignment, planning
from monitoring.clusters import running as clusterings
from monitoring.clusters.assignment import Centroids
from monitoring.embeddings import EmbeddingWaits
from projects import jobs
from projects.models import Job
from workers import issue_jobs

# All calls of two weeks are read, and many of them written.
_CLUSTERING = timedelta(seconds=150)
# A model of a provider that does not answer is asked again after this.
_WAITING = timedelta(minutes=1)
# A turn and the last call of a judge.
_JUDGING = timedelta(seconds=150)


def plan_analyses(job: Job) -> None:
    """Ask for a look at each project that has new calls."""
    for project_id in analyses.waiting():
        jobs.add(kind=analyses.RUN_KIND, dedupe_key=f"{project_id} after {job.pk}", project_id=project_id)


def analyse(job: Job) -> None:
    """Look at new calls of a project, and leave what is left after a turn to another job."""
    if job.project_id is None:
        return
    if analyses.run(project_id=job.project_id, assign=_assign_in(job.project_id)):
        jobs.go_on(job=job)
    else:
        issue_jobs.ask_first(job.project_id)
    issue_jobs.ask(job.project_id)


def _assign_in(project_id: int) -> Assign:
    """Return what assigns calls to the clusters that the project has now."""
    known: dict[str, Centroids] = {}

    def assign(vectors: NDArray[np.float32], version: str) -> Sequence[int | None]:
        if version not in known:
            known[version] = assignment.load(project_id=project_id, embedding_version=version)
        return assignment.assign(vectors, known[version])

    return assign


def analyse_again(job: Job) -> None:
    """Look again at calls of a time range, and leave what is left after a turn to another job."""
    if job.project_id is None:
        return
    next_at = None
    try:
        is_left = _look_again(job, _assign_in(job.project_id))
    except EmbeddingWaits:
        is_left, next_at = True, timezone.now() + _WAITING
    if is_left:
        jobs.go_on(job=job, run_at=next_at)


def _look_again(job: Job, assign: Assign) -> bool:
    until = time.monotonic() + analyses.RUN_SECONDS
    while reruns.step(run_id=job.payload["rerun"], assign=assign):
        if time.monotonic() >= until:
            return True
        jobs.renew(job=job)
    return False


def plan_clusterings(job: Job) -> None:
    """Ask for a look for groups wherever it is time."""
    for due in planning.due(now=timezone.now()):
        jobs.add(
            kind=due.kind, dedupe_key=f"{due.project_id} after {job.pk}", payload={"only_flagged": due.only_flagged},
            project_id=due.project_id,
        )  # fmt: skip


def find_clusters(job: Job) -> None:
    """Look for new groups among the calls of a project that fit nowhere."""
    jobs.renew(job=job, lease=_CLUSTERING)
    if job.project_id is not None:
        clusterings.discover(project_id=job.project_id, only_flagged=job.payload["only_flagged"])
        issue_jobs.ask(job.project_id)


def rebuild_clusters(job: Job) -> None:
    """Group all calls of a project anew."""
    jobs.renew(job=job, lease=_CLUSTERING)
    if job.project_id is not None:
        clusterings.rebuild(project_id=job.project_id)
        issue_jobs.ask(job.project_id)


def plan_measurements(job: Job) -> None:
    """Ask for the measurements of today."""
    measuring.plan_day()


def measure(job: Job) -> None:
    """Measure a dataset, unless it was deleted meanwhile."""
    dataset = Dataset.objects.select_related("project").filter(pk=job.payload["dataset"]).first()
    if dataset is not None:
        measuring.measure(dataset=dataset, prompt_name=job.payload["prompt"])


def look_at_items(job: Job) -> None:
    """Look for items to take care of, unless the dataset was deleted meanwhile."""
    dataset = Dataset.objects.select_related("project").filter(pk=job.payload["dataset"]).first()
    if dataset is not None:
        item_care.look(dataset=dataset)


def plan_online(job: Job) -> None:
    """Ask for the judging of live calls wherever an evaluator watches."""
    for online in OnlineEvaluation.objects.due().only("pk", "project_id"):
        jobs.add(
            kind=running.RUN_KIND, dedupe_key=f"{online.pk} after {job.pk}", payload={"online": online.pk},
            project_id=online.project_id,
        )  # fmt: skip


def judge_live_calls(job: Job) -> None:
    """Judge live calls, and leave what is left after a turn to another job."""
    jobs.renew(job=job, lease=_JUDGING)
    if running.run(online_id=job.payload["online"]):
        jobs.go_on(job=job)


def plan_opinions(job: Job) -> None:
    """Ask for second opinions wherever somebody wants them."""
    for judge in second_opinions.due():
        jobs.add(
            kind=second_opinions.RUN_KIND, dedupe_key=f"{judge.pk} after {job.pk}", payload={"judge": judge.pk},
            project_id=judge.project_id,
        )  # fmt: skip


def ask_for_opinions(job: Job) -> None:
    """Ask models about findings, and leave what is left after a turn to another job."""
    jobs.renew(job=job, lease=_JUDGING)
    if second_opinions.run(judge_id=job.payload["judge"]):
        jobs.go_on(job=job)
