"""Settings: the audit log."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from projects import audit
from projects.models import AuditEvent, Project, User
from tests.projects.factories import make_project, make_user, signed_in
from webapp import exports
from webapp.pages import settings_audit

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> User:
    return make_user(email="dana@example.com")


@pytest.fixture
def project(admin: User) -> Project:
    return make_project(by=admin)


@pytest.fixture
def look(admin: User, project: Project):
    client = signed_in(admin)
    return lambda path="": client.get(f"/p/{project.slug}/settings/audit/{path}")


def record(project: Project, action: str = "test.happened", *, by: User | None = None, subject: str = "x", **details):
    return audit.record(action=action, subject=subject, by=by, project=project, **details)


def subjects(page) -> list[str]:
    return [event.subject for event, _ in page.context["events"]]


def test_the_newest_events_come_first(look, project):
    for number in range(3):
        record(project, subject=f"event-{number}")

    assert subjects(look())[:3] == ["event-2", "event-1", "event-0"]


def test_events_of_other_projects_stay_there(look):
    record(make_project(), subject="foreign")

    assert "foreign" not in look().text


def test_events_are_found_by_what_happened_and_who_did_it(look, project):
    sam = make_user(email="sam@example.com")
    record(project, "key.created", by=sam, subject="wanted")
    record(project, "key.created", subject="other person")
    record(project, "key.revoked", by=sam, subject="other action")

    assert subjects(look("?action=key.created&person=sam@example.com")) == ["wanted"]


def test_events_are_found_by_day(look, project):
    long_ago = timezone.now() - timedelta(days=10)
    event = record(project, subject="long ago")
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_event DISABLE TRIGGER audit_event_append_only")
        AuditEvent.objects.filter(pk=event.pk).update(created_at=long_ago)
        cursor.execute("ALTER TABLE audit_event ENABLE TRIGGER audit_event_append_only")
    day = long_ago.date().isoformat()

    assert subjects(look(f"?from={day}&to={day}")) == ["long ago"]
    assert "long ago" not in subjects(look(f"?from={timezone.now().date().isoformat()}"))


@pytest.mark.parametrize(
    "query", ["from=nonsense", "from=2026-02-31", "before=x", "before=99999999999999999999999", "after=-1"]
)
def test_nonsense_in_the_address_is_ignored(look, query):
    page = look(f"?{query}")

    assert page.status_code == 200
    assert page.context["events"]


def test_a_filter_that_finds_nothing_says_so(look):
    assert "No event passes this filter" in look("?action=nothing").text


def test_pages_lead_back_and_forth_without_gaps(look, project):
    for number in range(120):
        record(project, subject=f"event-{number}")

    first = look("?action=test.happened")
    second = look(first.context["older_url"])
    third = look(second.context["older_url"])
    back = look(third.context["newer_url"])

    assert subjects(first) + subjects(second) + subjects(third) == [
        f"event-{number}" for number in reversed(range(120))
    ]
    assert subjects(back) == subjects(second)
    assert (first.context["newer_url"], third.context["older_url"]) == ("", "")


def test_details_are_shown_in_words_and_as_text(look, project):
    record(project, before={"name": "A"}, scopes=["ingest", "api:read"], is_demo=False, nothing=None, evil="<script>")

    page = look()

    assert "scopes: ingest, api:read" in page.text
    assert "before: name A" in page.text
    assert "is demo: no" in page.text
    assert "&lt;script&gt;" in page.text
    assert "nothing" not in [name for name, _ in page.context["events"][0][1]]


def test_the_csv_file_has_every_event_and_no_formula(look, project):
    for start in "=+-@\t\r":
        record(project, subject=f"{start}1+1")

    answer = look("export.csv")
    rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode(), newline="")))

    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="callboard-audit-{project.slug}.csv"'
    assert [row["subject"] for row in rows if row["action"] == "test.happened"] == [
        f"'{start}1+1" for start in "=+-@\t\r"
    ]


def test_the_json_file_obeys_the_filter_and_carries_the_chain(look, project):
    event = record(project, "key.created", subject="wanted", number=1)

    (row,) = [json.loads(line) for line in look("export.jsonl?action=key.created").getvalue().splitlines()]

    assert (row["subject"], row["details"], row["hash"]) == ("wanted", {"number": 1}, bytes(event.content_hash).hex())


def test_a_long_export_comes_in_pieces(look, project, monkeypatch):
    monkeypatch.setattr(settings_audit, "_CHUNK", 2)
    for number in range(7):
        record(project, subject=f"event-{number}")

    rows = look("export.jsonl").getvalue().splitlines()

    assert len(rows) == AuditEvent.objects.filter(project=project).count()


def test_the_check_says_that_nothing_was_altered(admin, project):
    record(project)

    answer = signed_in(admin).post(f"/p/{project.slug}/settings/audit/check/", follow=True)

    assert "Nothing was altered" in answer.text


def test_the_check_finds_what_was_altered(admin, project):
    event = record(project)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_event DISABLE TRIGGER audit_event_append_only")
        AuditEvent.objects.filter(pk=event.pk).update(actor="somebody else")
        cursor.execute("ALTER TABLE audit_event ENABLE TRIGGER audit_event_append_only")

    answer = signed_in(admin).post(f"/p/{project.slug}/settings/audit/check/", follow=True)

    assert f"Event {event.pk}" in answer.text
    assert "was altered" in answer.text


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, ""),
        (0, "0"),
        ("plain", "plain"),
        (-1, "-1"),
        ("-3.000000000", "-3.000000000"),
        ("-1+2", "'-1+2"),
        ("=1", "'=1"),
        ("a=1", "a=1"),
    ],
)
def test_cells_are_harmless(cell, text):
    assert exports.harmless(cell) == text
