"""Which queue each kind of job waits in; small, because every process that adds a job reads it."""

from __future__ import annotations

from typing import Any

# In the order in which workers take from them: whether a version is taken back must wait for nothing else.
ROLLOUTS = "rollouts"
FAST, EVALS, INSIGHT, HOOKS = "fast", "evals", "insight", "hooks"
JOB_QUEUES = (FAST, EVALS, INSIGHT, HOOKS)
QUEUES = (ROLLOUTS, *JOB_QUEUES)

# Kinds that run for long have a queue of their own, so that no quick one waits behind them.
_QUEUE_OF: dict[str, str] = {
    # Other people's servers may take their time.
    "webhook.deliver": HOOKS,
    "datasets.import": EVALS,
    "experiment.run": EVALS,
    "judges.canary": EVALS,
    "online.run": EVALS,
    "opinions.run": EVALS,
    "proposal.run": EVALS,
    "trial.run": EVALS,
    "analysis.rerun": INSIGHT,
    "analysis.run": INSIGHT,
    "clusters.discover": INSIGHT,
    "clusters.rebuild": INSIGHT,
    "coverage.measure": INSIGHT,
    "dataset.care": INSIGHT,
    "issues.run": INSIGHT,
    "prices.reprice": INSIGHT,
    # These go through all calls there are.
    "retention.apply": INSIGHT,
    "erasure.run": INSIGHT,
    "export.run": INSIGHT,
    "scheduled_export.run": INSIGHT,
    "weekly.report": INSIGHT,
}
# Answers of models are taken up for a minute and a half, and each may last two; all below the visibility timeout.
_LIMITS = {EVALS: {"soft_time_limit": 240, "time_limit": 270}}


def queue_of(kind: str) -> str:
    """Return the queue that jobs of this kind run in."""
    return _QUEUE_OF.get(kind, FAST)


def options_of(queue: str) -> dict[str, Any]:
    """Return the queue, and how long a task in it may take when that is not the usual time."""
    return {"queue": queue, **_LIMITS.get(queue, {})}
