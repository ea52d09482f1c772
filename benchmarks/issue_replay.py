"""Replays a stream of calls with planted problems through everything: storing, detectors, groups of questions and issues.

Prints one JSON object; runs in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import django

if TYPE_CHECKING:
    from benchmarks.issue_stream import Made, Problem, Stream

_AT_ONCE = 500


@dataclass
class Replay:
    """What one look at a stream found, and how long each part took."""

    calls: int
    planted: int
    opened: int = 0
    right: int = 0
    false: int = 0
    titles: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)


def main() -> None:
    """Replay streams and print what was found in each."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=int, required=True)
    parser.add_argument("--quiet-calls", type=int, required=True)
    args = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    django.setup()
    from django.utils import timezone

    from benchmarks.issue_stream import Problem, Stream
    from projects import projects

    until = timezone.now() - timedelta(minutes=2)
    found = {}
    for name, calls, problems in (("planted", args.calls, tuple(Problem)), ("quiet", args.quiet_calls, ())):
        if calls:
            project = projects.create(name=f"Replay {name}", by=None)
            found[name] = asdict(replay(project.pk, Stream(calls, until, problems=problems)))
    sys.stdout.write(json.dumps(found) + "\n")


def replay(project_id: int, stream: Stream) -> Replay:
    """Store the stream, look at every call, group them and look at the issues once."""
    from django.utils import timezone

    from monitoring.issues import cycle
    from monitoring.issues.models import Issue

    found = Replay(stream.calls, len(stream.problems))
    steps: dict[str, Any] = {
        "store": lambda: feed(project_id, stream), "analyse": lambda: analyse(project_id), "group": lambda: group(project_id),
        "issues": lambda: cycle.run(project_id=project_id, now=timezone.now()),
    }  # fmt: skip
    for name, step in steps.items():
        began = time.monotonic()
        step()
        gather_statistics()
        found.seconds[name] = round(time.monotonic() - began, 2)
    issues = list(Issue.objects.filter(project_id=project_id).order_by("number"))
    matched = [problem_of(issue) for issue in issues]
    found.opened, found.titles = len(issues), [issue.title for issue in issues]
    found.right = len({problem for problem in matched if problem in stream.problems})
    found.false = sum(problem not in stream.problems for problem in matched)
    return found


def feed(project_id: int, stream: Stream) -> None:
    """Store all calls and thumbs of the stream."""
    from django.utils import timezone

    from monitoring import scores
    from monitoring.ingest.rows import Sender
    from monitoring.ingest.store import store

    sender = Sender(project_id=project_id, environment="", received_at=timezone.now())
    batch: list[Made] = []
    for made in stream.traces():
        batch.append(made)
        if len(batch) == _AT_ONCE:
            store([span for one in batch for span in one.spans], sender)
            _rate(project_id, batch, scores)
            batch = []
    store([span for one in batch for span in one.spans], sender)
    _rate(project_id, batch, scores)


def analyse(project_id: int) -> None:
    """Look at every call that nobody looked at, as the worker does."""
    from monitoring.analysis import running

    while running.run(project_id=project_id):
        pass


def gather_statistics() -> None:
    """Let the database know how much there is, as it finds out by itself within a minute."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE trace, span, call_analysis, flag_hour")


def group(project_id: int) -> None:
    """Find the groups of questions, and assign every call to its own."""
    from monitoring.clusters import running

    running.discover(project_id=project_id)


def problem_of(issue: Any) -> Problem | None:
    """Return the planted problem that an issue is, when its part of the traffic and its cause are the right ones."""
    from benchmarks.issue_stream import LARGE, NEW_VERSION, RETRIEVER, SEARCHES, Problem

    signals = set(issue.scopes.values_list("signal", flat=True))
    scope = issue.scopes.order_by("pk").first()
    cause = (issue.cause_dimension, issue.cause_value)
    if "refused" in signals and cause == ("prompt version", str(NEW_VERSION)) and scope.cluster_id is not None:
        return Problem.REFUSING_VERSION
    if signals & {"slow", "late_start"} and LARGE in (scope.model, issue.cause_value):
        return Problem.SLOW_MODEL
    if scope.prompt_name == SEARCHES and cause[0] == "retrieval" and cause[1].startswith(RETRIEVER):
        return Problem.EMPTY_RETRIEVER
    return None


def _rate(project_id: int, batch: Sequence[Made], scores: Any) -> None:
    from django.utils import timezone

    items = [
        {
            "trace_id": made.trace_id, "name": "thumbs", "data_type": "thumbs", "value": 0, "user_id": made.trace_id[:8],
            "comment": made.comment, "source": "user",
        }
        for made in batch if made.is_disliked
    ]  # fmt: skip
    now = timezone.now()
    scores.record(project_id=project_id, scores=[scores.checked(item, now=now) for item in items])


if __name__ == "__main__":
    main()
