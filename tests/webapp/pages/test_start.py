"""The page that connects an application."""

from __future__ import annotations

import re
import uuid
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone

from projects import keys, refusals
from projects.models import ApiKey, Project, User
from projects.roles import Role
from tests.projects.factories import make_member, make_project, make_user, signed_in
from webapp.pages import start, start_steps

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> User:
    return make_user()


@pytest.fixture
def project(admin: User) -> Project:
    return make_project(name="Nordwind", by=admin)


@pytest.fixture
def browser(admin: User) -> Client:
    return signed_in(admin)


def receive_trace(project: Project, *, service: str = "my-app", name: str = "answer") -> str:
    """Store a trace as ingest would and return its id in hex."""
    trace_id = uuid.uuid4()
    filled = {"project_id": project.pk, "trace_id": trace_id, "service": service, "name": name}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'trace' AND is_nullable = 'NO'"
        )
        empty = {"text": "", "date": timezone.now().date(), "timestamp with time zone": timezone.now(), "boolean": True}
        row = {column: filled.get(column, empty.get(kind, 0)) for column, kind in cursor.fetchall()}
        cursor.execute(
            f"INSERT INTO trace ({', '.join(row)}) VALUES ({', '.join(['%s'] * len(row))})", list(row.values())
        )
    Project.objects.filter(pk=project.pk).update(first_accepted_at=timezone.now())
    return trace_id.hex


def test_every_way_is_offered_with_the_address_of_this_installation(browser, project, settings):
    settings.PUBLIC_URL = "https://callboard.example"

    page = browser.get(f"/p/{project.slug}/start/")

    for words in ("Python SDK", "OpenAI drop-in", "OpenTelemetry", "Langfuse SDK", "curl", "YOUR_KEY"):
        assert words in page.text
    assert "CALLBOARD_URL=https://callboard.example CALLBOARD_API_KEY=YOUR_KEY" in page.text
    assert "LANGFUSE_BASE_URL=https://callboard.example" in page.text
    assert "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=https://callboard.example/v1/traces" in page.text
    assert "https://callboard.example/sdk/callboard-" in page.text


def test_the_key_is_filled_in_once(browser, project):
    answer = browser.post(f"/p/{project.slug}/start/key/")
    found = set(re.findall(r"cb_[0-9a-z]{12}_[\w-]{49}", answer.text))
    later = browser.get(f"/p/{project.slug}/start/")

    assert (answer.status_code, answer.headers["Cache-Control"], len(found)) == (201, "no-store", 1)
    assert "YOUR_KEY" not in answer.text
    assert keys.check(found.pop()).scopes == {"ingest", "prompts:read", "feedback:write"}
    assert "YOUR_KEY" in later.text


def test_only_admins_make_keys_and_others_are_told_to_ask(project):
    client = signed_in(make_member(project=project, role=Role.EDITOR))

    page = client.get(f"/p/{project.slug}/start/")
    answer = client.post(f"/p/{project.slug}/start/key/")

    assert "Ask an admin" in page.text
    assert answer.status_code == 403
    assert not ApiKey.objects.exists()


def test_the_line_waits_and_asks_again(browser, project):
    part = browser.get(f"/p/{project.slug}/start/live/")

    assert "Waiting for the first call" in part.text
    assert f'<cb-live data-src="/p/{project.slug}/start/live/" data-every="2">' in part.text


def test_the_line_turns_green_and_stops_when_a_call_arrived(browser, project):
    trace_id = receive_trace(project, service="my-app <b>")

    part = browser.get(f"/p/{project.slug}/start/live/")

    assert "my-app &lt;b&gt;" in part.text
    assert f"/p/{project.slug}/traces/{trace_id}/" in part.text
    assert "cb-live" not in part.text


def test_the_line_stays_green_when_the_call_is_no_longer_kept(browser, project):
    Project.objects.update(first_accepted_at=timezone.now())

    assert "no longer kept" in browser.get(f"/p/{project.slug}/start/").text


def test_calls_of_other_projects_are_not_shown(browser, project):
    receive_trace(make_project(), service="foreign-app")

    page = browser.get(f"/p/{project.slug}/start/")

    assert "foreign-app" not in page.text
    assert "Waiting for the first call" in page.text


def test_requests_that_were_turned_away_are_shown_with_the_reason(browser, project):
    refusals.note(key_id="abc123abc123", reason="This API key is not valid <b>", project_id=None)

    part = browser.get(f"/p/{project.slug}/start/live/")

    assert "This API key is not valid &lt;b&gt;" in part.text
    assert "cb_abc123abc123_…" in part.text


def test_what_was_turned_away_long_ago_is_not_shown(browser, project):
    refusals.note(key_id="abc123abc123", reason="old news", project_id=project.pk)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE refused_request SET last_at = now() - interval '1 hour'")

    assert "old news" not in browser.get(f"/p/{project.slug}/start/live/").text


def test_the_first_steps_are_counted_from_rows(project, admin):
    def done() -> list[bool]:
        project.refresh_from_db()
        return [step.is_done for step in start_steps.steps(project)]

    before = done()
    keys.create(project=project, name="first", scopes=["ingest"], by=admin)
    receive_trace(project)
    after = done()

    assert before == [False] * 5
    assert after == [True, True, False, False, False]


def test_the_demo_is_offered_to_those_who_can_see_it(browser, project, admin):
    without = browser.get(f"/p/{project.slug}/start/").text
    demo = make_project(name="Demo", is_demo=True, by=admin)
    with_it = browser.get(f"/p/{project.slug}/start/").text

    assert "Show me with demo data" not in without
    assert f'href="/p/{demo.slug}/"' in with_it


def test_the_guide_shows_the_program_that_the_page_shows():
    guide = (Path(settings.BASE_DIR) / "docs" / "guide" / "getting-started.md").read_text(encoding="utf-8")

    assert start.snippet("python_sdk.py", "") in guide
