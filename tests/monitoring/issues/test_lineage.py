"""Issues keep their calls when groups of questions are split or joined."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from monitoring.clusters.models import ClusterLink
from monitoring.issues import lineage
from monitoring.issues.models import Happening, IssueEvent
from monitoring.streams.scopes import Scope
from tests.monitoring.issues.factories import make_cluster, make_issue
from tests.projects.factories import make_project

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def project():
    return make_project()


def link(project, source, target, kind: str, *, days_ago: float = 0.1) -> None:
    ClusterLink.objects.create(
        project=project, source=source, target=target, kind=kind, share=0.4, at=NOW - timedelta(days=days_ago)
    )


def groups_of(issue) -> set[int]:
    return set(issue.scopes.values_list("cluster_id", flat=True))


def test_an_issue_goes_with_its_group_into_the_one_that_it_was_joined_into(project):
    old, new = make_cluster(project), make_cluster(project)
    issue = make_issue(project, Scope("refused", old.pk))
    link(project, old, new, "merged")

    lineage.follow(project_id=project.pk, now=NOW)
    lineage.follow(project_id=project.pk, now=NOW)

    assert groups_of(issue) == {new.pk}
    assert IssueEvent.objects.get(issue=issue).kind == Happening.REGROUPED


def test_an_issue_has_both_parts_of_a_group_that_was_split_since(project):
    whole, part = make_cluster(project), make_cluster(project)
    issue = make_issue(project, Scope("refused", whole.pk))
    link(project, whole, part, "split")

    lineage.follow(project_id=project.pk, now=NOW)
    lineage.follow(project_id=project.pk, now=NOW)

    assert groups_of(issue) == {whole.pk, part.pk}


def test_what_was_split_before_the_issue_was_opened_is_not_its_own(project):
    whole, part = make_cluster(project), make_cluster(project)
    issue = make_issue(project, Scope("refused", whole.pk))
    link(project, whole, part, "split", days_ago=5)

    lineage.follow(project_id=project.pk, now=NOW)

    assert groups_of(issue) == {whole.pk}


def test_a_group_that_another_issue_has_stays_there(project):
    old, new = make_cluster(project), make_cluster(project)
    issue, other = make_issue(project, Scope("refused", old.pk)), make_issue(project, Scope("refused", new.pk))
    link(project, old, new, "merged")

    lineage.follow(project_id=project.pk, now=NOW)

    assert (groups_of(issue), groups_of(other)) == ({old.pk}, {new.pk})
