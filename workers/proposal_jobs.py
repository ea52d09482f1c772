"""Takes the steps of searches for fixes as jobs; a step that nobody takes because a worker died is found by the sweep."""

from __future__ import annotations

import time
from datetime import timedelta

from evals.proposals import changes, running
from projects import jobs
from projects.models import Job

# Longer than a model may take to suggest something, twice.
_LEASE = timedelta(seconds=150)
_SWEEP_SECONDS = 10
_GAVE_UP = "Callboard could not go on with this search. Start it again; if it happens again, tell an admin."


def run(job: Job) -> None:
    """Take the next step of a search."""
    proposal_id = int(job.payload["proposal"])
    jobs.renew(job=job, lease=_LEASE)
    try:
        running.run(proposal_id=proposal_id)
    except Exception:
        if job.attempts >= job.max_attempts:
            running.fail(proposal_id=proposal_id, reason=_GAVE_UP)
        raise


def ensure() -> None:
    """Ask for the steps that can be taken now: an experiment is over, or a worker died."""
    for proposal in running.due():
        changes.wake(proposal, f"sweep {int(time.time()) // _SWEEP_SECONDS}")
