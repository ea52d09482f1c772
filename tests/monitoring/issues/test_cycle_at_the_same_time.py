"""Two looks at once, and one that ends in the middle, on connections of their own."""

from __future__ import annotations

from threading import Barrier, Thread

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from monitoring.issues import cycle
from monitoring.issues.models import Issue, IssueEvent, IssueScope
from tests.monitoring.issues.factories import make_problem
from tests.projects.factories import make_project

# Each look has a connection of its own, so nothing can be rolled back.
pytestmark = pytest.mark.django_db(transaction=True, available_apps=settings.INSTALLED_APPS)


def test_two_looks_at_once_open_each_issue_once():
    project = make_project()
    make_problem(project)
    now, start = timezone.now(), Barrier(2)

    def look() -> None:
        try:
            start.wait(60)
            cycle.run(project_id=project.pk, now=now)
        finally:
            connection.close()

    workers = [Thread(target=look) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)

    assert (Issue.objects.count(), IssueScope.objects.count(), IssueEvent.objects.count()) == (1, 1, 1)


def test_a_look_that_ends_in_the_middle_leaves_what_was_and_the_next_one_goes_on():
    project = make_project()
    make_problem(project)
    now = timezone.now()
    # The worker ends after the issue is written and before its history is.
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE issue_event ADD CONSTRAINT ended CHECK (kind <> 'opened')")
    with pytest.raises(Exception, match="ended"):
        cycle.run(project_id=project.pk, now=now)
    assert not Issue.objects.exists()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE issue_event DROP CONSTRAINT ended")

    cycle.run(project_id=project.pk, now=now)

    assert Issue.objects.count() == 1
