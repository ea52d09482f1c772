"""Two controllers at once, and workers that end between deciding and sending, on connections of their own."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.conf import settings
from django.db import connection
from django.db.models.functions import Now

from monitoring.alerts import looking
from monitoring.alerts.models import Alert, AlertEvent
from projects import jobs, webhooks
from projects.models import Job, Notification, WebhookDelivery
from tests.monitoring.alerts.factories import again, make_alert, make_calls, whole_hour
from tests.projects.factories import make_project, make_user
from tests.projects.fake_receiver import FakeReceiver, receiving
from workers.job_kinds import KINDS

# Each controller has a connection of its own, so nothing can be rolled back.
pytestmark = pytest.mark.django_db(transaction=True, available_apps=settings.INSTALLED_APPS)


def firing(url: str = "https://8.8.8.8/") -> tuple[Alert, int]:
    """Return an alert that has to fire, and the number of the webhook that it tells."""
    by = make_user()
    project = make_project(by=by)
    endpoint, _ = webhooks.create(project=project, name="bot", url=url, events=["prompt:published"], by=by)
    hour = whole_hour(hours_ago=1)
    alert = make_alert(project, by=by, since=hour, endpoint_ids=(endpoint.pk,))
    make_calls(project, 20, failed=10, since=hour, minutes=5)
    return alert, endpoint.pk


def test_two_controllers_at_once_tell_it_once():
    alert, _ = firing()
    now, start = alert.looked_until + timedelta(minutes=12), Barrier(2)

    def look() -> None:
        try:
            start.wait(60)
            looking.look_at_all(project_id=alert.project_id, now=now)
        finally:
            connection.close()

    controllers = [Thread(target=look) for _ in range(2)]
    for controller in controllers:
        controller.start()
    for controller in controllers:
        controller.join(120)

    counted = (AlertEvent.objects.count(), Notification.objects.count(), WebhookDelivery.objects.count())
    assert counted == (1, 1, 1)


def test_a_controller_that_ends_while_it_writes_leaves_nothing_and_the_next_one_tells_all_of_it():
    alert, _ = firing()
    now = alert.looked_until + timedelta(minutes=12)
    # It ends after the state moved and the event is written, before the message to the webhook is.
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE webhook_delivery ADD CONSTRAINT ended CHECK (event <> 'alert:fired')")
    with pytest.raises(Exception, match="ended"):
        looking.look(alert=again(alert), now=now)
    assert (AlertEvent.objects.count(), Notification.objects.count(), again(alert).phase) == (0, 0, "ok")
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE webhook_delivery DROP CONSTRAINT ended")

    looking.look(alert=again(alert), now=now)

    counted = (AlertEvent.objects.count(), Notification.objects.count(), WebhookDelivery.objects.count())
    assert counted == (1, 1, 1)


def test_a_worker_that_dies_between_deciding_and_sending_loses_no_message(settings):
    with receiving(FakeReceiver()) as receiver:
        settings.WEBHOOK_ALLOWLIST = [f"127.0.0.1:{receiver.port}"]
        alert, _ = firing(receiver.url)
        looking.look(alert=again(alert), now=alert.looked_until + timedelta(minutes=12))
        # A worker takes the message and is killed: its lease runs out.
        assert len(jobs.claim(kinds=[webhooks.KIND])) == 1
        Job.objects.filter(kind=webhooks.KIND).update(lease_until=Now() - timedelta(seconds=1))

        jobs.sweep()
        for job in jobs.claim(kinds=[webhooks.KIND]):
            KINDS[job.kind](job)
            jobs.finish(job=job)

        assert len(receiver.requests) == 1
        assert WebhookDelivery.objects.get().state == "delivered"
