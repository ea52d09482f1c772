"""Workers that are killed while they look for groups of calls or at issues: nothing is lost or doubled, and the next one ends it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.db.models import Sum
from django.utils import timezone

from monitoring.analysis.models import CallAnalysis
from monitoring.clusters import running as clusterings
from monitoring.clusters.models import Cluster, ClusteringRun, ClusterLink
from monitoring.issues import cycle
from monitoring.issues.models import Issue, IssueCycle, IssueEvent, IssueScope, IssueTheme, ThemeComment
from monitoring.streams.models import FlagHour
from projects import jobs
from projects.models import Job, JobState, Project
from tests.monitoring.clusters.topics import Topics, ask, cluster_of
from tests.monitoring.factories import rate
from tests.monitoring.issues.factories import make_problem
from tests.projects.factories import make_project
from tests.workers.worker_processes import finish, kill_before

# The workers are processes of their own: they see what was committed.
pytestmark = pytest.mark.django_db(transaction=True, available_apps=settings.INSTALLED_APPS)
TOPICS, CALLS_EACH = 6, 60
COMMENTS = ("It refused to give me my refund", "No refund again", "Far too slow today")


@pytest.fixture
def project() -> Project:
    return make_project()


def ask_for(kind: str, project: Project, **payload: object) -> None:
    jobs.add(kind=kind, dedupe_key=f"{project.pk}", payload=payload, project_id=project.pk)


def done() -> bool:
    return not Job.objects.exclude(state=JobState.DONE).filter(run_at__lte=timezone.now()).exists()


def test_a_worker_killed_while_it_looks_for_groups_loses_and_doubles_none(project):
    topics = Topics(TOPICS)
    calls = [ask(project, topics.about(topic, CALLS_EACH), at=timezone.now()) for topic in range(TOPICS)]
    ask_for(clusterings.DISCOVER_KIND, project, only_flagged=False)
    # It makes the groups, then gives them their calls one batch after the other.
    kill_before(f"SELECT FROM call_analysis WHERE trace_id = '{calls[0][0]}' FOR UPDATE")
    assert (Cluster.objects.count(), ClusteringRun.objects.count()) == (TOPICS, 0)

    finish()

    groups = [set(cluster_of(project, ids)) - {None} for ids in calls]
    assert (Cluster.objects.current().count(), ClusteringRun.objects.count(), done()) == (TOPICS, 1, True)
    assert all(len(group) == 1 for group in groups)
    assert len(set.union(*groups)) == TOPICS
    assert Cluster.objects.aggregate(n=Sum("call_count"))["n"] == CallAnalysis.objects.exclude(cluster_id=None).count()


def test_a_worker_killed_while_a_group_falls_apart_splits_it_once(project):
    topics = Topics(TOPICS)
    whole = topics.directions[:2].mean(axis=0)
    topics.directions[:2] = whole
    calls = [ask(project, topics.about(topic, CALLS_EACH), at=timezone.now()) for topic in range(TOPICS)]
    clusterings.discover(project_id=project.pk)
    before = Cluster.objects.count()
    apart = Topics(TOPICS, seed=5)
    for topic in (0, 1):
        for row, vector in zip(calls[topic], apart.about(topic, CALLS_EACH), strict=True):
            CallAnalysis.objects.filter(trace_id=row).update(embedding=vector.tolist())
    ask_for(clusterings.REBUILD_KIND, project)
    kill_before(f"SELECT FROM call_analysis WHERE trace_id = ANY('{{{calls[0][0]},{calls[1][0]}}}') FOR UPDATE")

    finish()

    assert done()
    assert ClusteringRun.objects.get().rebuilt_at is not None
    assert Cluster.objects.current().count() == before + ClusterLink.objects.count() == before + 1
    first, second = (set(cluster_of(project, ids)) for ids in calls[:2])
    assert not first & second


@pytest.mark.parametrize("table", ["flag_hour", "issue_event", "theme_comment"])
def test_a_worker_killed_while_it_looks_at_issues_loses_and_doubles_nothing(project, table):
    undisturbed = make_project()
    for one in (project, undisturbed):
        make_problem(one)
        bad = CallAnalysis.objects.filter(project=one, flags__gt=0, prompt_version=11).order_by("call_at")
        for call, comment in zip(bad, COMMENTS, strict=False):
            rate(one, call.trace_id.hex, comment=comment)
    now = timezone.now()
    cycle.run(project_id=undisturbed.pk, now=now)
    ask_for(cycle.RUN_KIND, project)
    kill_before(f"LOCK TABLE {table} IN SHARE MODE")

    finish()

    assert done()
    assert found(project) == found(undisturbed)
    assert IssueCycle.objects.get(project=project).looked_at >= now - timedelta(minutes=1)


def found(project: Project) -> dict[str, object]:
    """Return all that a look leaves, but for ids and moments."""
    issues = Issue.objects.filter(project=project).order_by("number")
    return {
        "issues": list(issues.values_list("number", "title", "state", "cause_value", "call_count", "bad_count", "user_count")),
        "scopes": IssueScope.objects.filter(project=project).count(),
        "events": list(IssueEvent.objects.filter(project=project).order_by("pk").values_list("kind", flat=True)),
        "hours": FlagHour.objects.filter(project=project).aggregate(Sum("call_count"), Sum("disliked_count")),
        "themes": sorted(IssueTheme.objects.filter(project=project).values_list("mass", flat=True)),
        "comments": ThemeComment.objects.filter(project=project).count(),
    }  # fmt: skip
