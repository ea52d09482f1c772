"""Public links to traces: off until allowed, ending, taken back, counted."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from monitoring.models import Trace, TraceLink
from monitoring.talk import links
from monitoring.talk.links import LinkNotUsable, LinkRefused, SharingOff, TooFast
from projects import tokens
from projects.models import AuditEvent
from projects.roles import Role
from prompt_registry.errors import NotAllowed
from tests.monitoring.factories import make_trace
from tests.projects.factories import make_member, make_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def admin(project):
    return make_member(project=project, role=Role.ADMIN)


@pytest.fixture
def trace(project):
    return Trace.objects.for_project(project).get(trace_id=make_trace(project))


@pytest.fixture
def make(project, trace, admin):
    def make(label="Dr. Meyer", days=7, by=admin):
        return links.make(project=project, trace=trace, label=label, days=days, by=by)

    return make


@pytest.fixture
def allowed(project, admin):
    links.allow(project=project, is_allowed=True, by=admin)


def test_no_link_is_made_until_an_admin_allows_them(project, make, admin):
    with pytest.raises(SharingOff):
        make()
    with pytest.raises(NotAllowed):
        links.allow(project=project, is_allowed=True, by=make_member(project=project, role=Role.APPROVER))

    links.allow(project=project, is_allowed=True, by=admin)

    assert make()[0].label == "Dr. Meyer"


@pytest.mark.usefixtures("allowed")
def test_of_the_secret_only_its_hash_is_kept(make, trace):
    link, token = make()

    stored = TraceLink.objects.values().get()
    assert token not in str(stored)
    assert bytes(stored["token_hash"]) == tokens.digest(token)
    assert links.opened(token=token) == (link, trace)


@pytest.mark.usefixtures("allowed")
@pytest.mark.parametrize("changed", [{"expires_at": timezone.now()}, {"revoked_at": timezone.now()}])
def test_a_link_that_ended_or_was_taken_back_opens_nothing(make, changed):
    _, token = make()

    TraceLink.objects.update(**changed)

    with pytest.raises(LinkNotUsable):
        links.opened(token=token)


@pytest.mark.usefixtures("allowed")
def test_switched_off_none_of_the_links_works(project, make, admin):
    _, token = make()

    links.allow(project=project, is_allowed=False, by=admin)

    with pytest.raises(LinkNotUsable):
        links.opened(token=token)


@pytest.mark.usefixtures("allowed")
def test_every_step_stands_in_the_audit_log_and_the_secret_never(project, make, admin):
    link, token = make()
    links.revoke(link=link, by=admin)
    links.revoke(link=link, by=admin)

    events = list(AuditEvent.objects.filter(project=project, action__startswith="trace.").order_by("pk"))
    assert [event.action for event in events] == ["trace.links_allowed", "trace.shared", "trace.link_revoked"]
    assert token not in str([event.details for event in events])


@pytest.mark.usefixtures("allowed")
def test_a_link_that_is_opened_too_often_waits_for_the_next_minute(make):
    link, token = make()
    TraceLink.objects.update(minute=timezone.now().replace(second=0, microsecond=0), requests=links.REQUESTS_PER_MINUTE)

    with pytest.raises(TooFast):
        links.opened(token=token)
    TraceLink.objects.update(minute=timezone.now() - timedelta(minutes=2))

    assert links.opened(token=token)[0] == link


@pytest.mark.usefixtures("allowed")
@pytest.mark.parametrize("wrong", [{"label": " "}, {"label": "x" * 81}, {"days": 365}, {"days": 0}])
def test_links_without_a_name_or_an_end_are_refused(make, wrong):
    with pytest.raises(LinkRefused):
        make(**wrong)


@pytest.mark.usefixtures("allowed")
def test_one_trace_has_a_few_links_at_a_time(make, admin):
    made = [make(label=f"person {number}")[0] for number in range(links.MOST_LINKS)]

    with pytest.raises(LinkRefused):
        make()
    links.revoke(link=made[0], by=admin)

    assert make()[0].pk


@pytest.mark.usefixtures("allowed")
def test_a_viewer_shares_nothing(project, make):
    with pytest.raises(NotAllowed):
        make(by=make_member(project=project, role=Role.VIEWER))


@pytest.mark.usefixtures("allowed")
def test_links_go_with_their_trace_and_lead_into_no_other_project(project, make):
    link, token = make()
    with pytest.raises(IntegrityError), transaction.atomic():
        TraceLink.objects.filter(pk=link.pk).update(project=make_project())

    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM trace WHERE project_id = %s", [project.pk])

    with pytest.raises(LinkNotUsable):
        links.opened(token=token)
    assert not TraceLink.objects.exists()
