"""A stream of calls with planted problems, through everything: each problem becomes one issue with the right cause."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from benchmarks import issue_replay
from benchmarks.issue_stream import Problem, Stream
from monitoring.issues import cycle
from monitoring.issues.models import Issue
from tests.projects.factories import make_project

pytestmark = pytest.mark.django_db


def test_each_planted_problem_becomes_one_issue_with_the_right_cause_in_one_look():
    project = make_project()
    stream = Stream(3_000, timezone.now() - timedelta(minutes=2), problems=tuple(Problem))

    found = issue_replay.replay(project.pk, stream)

    assert (found.opened, found.right, found.false) == (3, 3, 0), found.titles
    # Another look, a little later, knows them all.
    cycle.run(project_id=project.pk, now=timezone.now() + timedelta(minutes=5))
    assert Issue.objects.filter(project=project).count() == 3
