"""What arrived: every number of the ledger, what was rejected and why, who sends, and how much may be sent."""

from __future__ import annotations

import re
from datetime import timedelta

import orjson
import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from monitoring import arrivals, quotas, retention
from monitoring.arrivals import Counts
from monitoring.ingest.spans import RawSpan
from monitoring.quotas import Quota
from projects import keys, refusals
from projects.models import AuditEvent, Project, User
from projects.roles import Role
from tests.monitoring.factories import make_span, send
from tests.projects.factories import make_member, make_project, make_user, signed_in
from webapp.pages import settings_ingestion_words as words

pytestmark = pytest.mark.django_db

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def admin() -> User:
    return make_user(name="Dana")


@pytest.fixture
def project(admin: User) -> Project:
    return make_project(by=admin)


@pytest.fixture
def browser(admin: User) -> Client:
    return signed_in(admin)


@pytest.fixture
def url(project: Project) -> str:
    return f"/p/{project.slug}/settings/ingestion/"


def without_id(name: str = "lost") -> RawSpan:
    span = make_span(name=name)
    span.span_id = b""
    return span


def lately(project: Project) -> dict[str, object]:
    now = timezone.now()
    return {"project": project, "start": now - timedelta(hours=1), "end": now + timedelta(minutes=1)}


def tile(page: str, label: str) -> str:
    found = re.search(rf'tile-label">{label}</span>\s*<span class="tile-value">([^<]+)<', page)
    assert found, f"no tile {label}"
    return found.group(1)


def test_what_became_of_the_spans_is_counted(project):
    span = make_span()
    send(project, span, without_id())
    send(project, span)

    counts = arrivals.counts(**lately(project))

    assert (counts.arrived, counts.stored, counts.duplicate, counts.rejected) == (3, 1, 1, 1)


def test_the_series_adds_up_to_the_counts(project):
    send(project, make_span(), make_span(), without_id())

    points = arrivals.series(**lately(project))

    assert sum(counts.stored for _, counts in points) == 2
    assert sum(counts.rejected for _, counts in points) == 1
    assert len(points) > 50


def test_nothing_of_another_project_is_counted(project):
    send(make_project(), make_span(), without_id())

    assert arrivals.counts(**lately(project)) == Counts()
    assert arrivals.reasons(**lately(project)) == []
    assert list(arrivals.all_quarantined(**lately(project))) == []


def test_the_page_shows_the_counts_and_the_reasons(browser, project, url):
    send(project, make_span(), without_id())

    page = browser.get(url).text

    assert (tile(page, "Arrived"), tile(page, "Stored"), tile(page, "Rejected")) == ("2", "1", "1")
    assert "1 of 2 spans were rejected" in page
    assert "span id" in page


def test_a_rejected_span_is_shown_as_text(browser, project, url):
    send(project, without_id(HOSTILE))

    page = browser.get(url).text

    assert HOSTILE not in page
    assert "&lt;script&gt;" in page


def test_rejected_spans_can_be_taken_away(browser, project, url):
    send(project, without_id("first"), without_id("second"))

    answer = browser.get(f"{url}rejected.jsonl")
    rows = [orjson.loads(line) for line in b"".join(answer.streaming_content).splitlines()]

    assert "attachment" in answer["Content-Disposition"]
    assert len(rows) == 2
    assert all("span id" in row["reason"] for row in rows)


def test_every_rejected_span_is_in_the_file_however_many_there_are(project):
    for _ in range(3):
        send(project, *(without_id() for _ in range(70)))

    assert len({row.id for row in arrivals.all_quarantined(**lately(project))}) == 210


def test_a_viewer_reads_it_too_and_cannot_change_the_limits(project, url):
    viewer = signed_in(make_member(project=project, role=Role.VIEWER))

    page = viewer.get(url)

    assert page.status_code == 200
    assert "Change the limits" not in page.text
    assert "settings/keys/" not in re.search(r"<nav[^>]*Settings.*?</nav>", page.text, re.DOTALL).group(0)


def test_the_settings_of_a_viewer_open_on_what_viewers_may_see(project):
    viewer = signed_in(make_member(project=project, role=Role.VIEWER))

    assert viewer.get(f"/p/{project.slug}/settings/").headers["Location"] == f"/p/{project.slug}/settings/alerts/"


def test_an_empty_project_says_that_nothing_arrived(browser, url):
    assert "Nothing arrived (last 24 hours)" in browser.get(url).text


def test_refused_requests_are_listed_with_their_reason(browser, project, url):
    refusals.note(key_id="abc", reason=f"The key is wrong {HOSTILE}", project_id=project.pk, count=3)

    page = browser.get(url).text

    assert "The key is wrong &lt;script&gt;" in page
    assert "cb_abc_" in page


def test_who_sends_is_listed_with_the_state_of_its_clock(browser, client, project, url):
    _, plain = keys.create(project=project, name="support-api", scopes=["ingest"])
    keys.create(project=project, name="forgotten", scopes=["ingest"])
    an_hour_ago = int((timezone.now() - timedelta(hours=1)).timestamp() * 1e9)

    client.post(
        "/v1/traces", b"{}", content_type="application/json",
        headers={"Authorization": f"Bearer {plain}", "X-Callboard-SDK": "python/9.9", "X-Callboard-Sent-At": str(an_hour_ago)},
    )  # fmt: skip
    page = browser.get(url).text

    assert "support-api" in page
    assert "python/9.9" in page
    assert "1 h behind" in page
    assert "Never used: forgotten" in page


def test_how_late_spans_arrive_is_measured_on_the_newest(project):
    send(project, make_span(at=timezone.now() - timedelta(seconds=21), took_ms=1000))

    lag = arrivals.lag(**lately(project))

    assert lag.p50_ms == pytest.approx(20_000, abs=5_000)
    assert lag.span_count == 1


def test_logs_and_metrics_stand_in_the_ledger(browser, client, project, url):
    _, plain = keys.create(project=project, name="collector", scopes=["ingest"])
    headers = {"Authorization": f"Bearer {plain}"}

    client.post("/v1/metrics", b"{}", content_type="application/json", headers=headers)
    page = browser.get(url).text

    assert "1 requests" in page
    assert arrivals.signals(**lately(project))["metrics"].bytes == 2


def test_the_chart_has_a_figure(browser, project, url):
    send(project, make_span())

    figure = browser.get(f"{url}chart.json").json()

    assert [trace["name"] for trace in figure["data"]] == ["Stored", "Sent again", "Rejected"]


def test_limits_are_set_recorded_and_shown(browser, project, url):
    browser.post(f"{url}limits/", {"requests_per_minute": "600", "spans_per_day": "1000000"})

    assert quotas.load(project.pk) == Quota(requests_per_minute=600, spans_per_day=1_000_000)
    assert "1,000,000 spans a day" in browser.get(url).text
    event = AuditEvent.objects.get(action="ingest_quota.changed")
    assert event.details["after"]["requests_per_minute"] == 600


def test_limits_can_be_taken_away_again(browser, project, url):
    browser.post(f"{url}limits/", {"requests_per_minute": "600"})
    browser.post(f"{url}limits/", {"requests_per_minute": ""})

    assert quotas.load(project.pk).is_open


@pytest.mark.parametrize("wrong", ["0", "-1", "many", "99999999999999999999"])
def test_a_wrong_limit_is_refused(browser, project, url, wrong):
    answer = browser.post(f"{url}limits/", {"requests_per_minute": wrong})

    assert answer.status_code == 422
    assert quotas.load(project.pk).is_open


def test_quarantine_and_senders_are_forgotten_in_time(project):
    send(project, without_id())
    with connection.cursor() as cursor:
        cursor.execute("UPDATE quarantined_span SET received_at = now() - interval '8 days'")
        cursor.execute(
            "INSERT INTO ingest_sender (project_id, key_id, client, last_at) VALUES (%s, 'k', 'old', now() - interval '91 days')",
            [project.pk],
        )

    retention.delete_expired()

    with connection.cursor() as cursor:
        cursor.execute("SELECT (SELECT count(*) FROM quarantined_span), (SELECT count(*) FROM ingest_sender)")
        assert cursor.fetchone() == (0, 0)


@pytest.mark.parametrize(
    ("skew", "said"), [(None, "unknown"), (300, "right"), (-90_000, "1 min 30 s ahead"), (4_000, "4.0 s behind")]
)
def test_a_clock_is_told_in_words(skew, said):
    assert words.clock(skew) == said


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0 bytes"), (999, "999 bytes"), (1_500, "1.5 kB"), (2 * 10**12, "2 TB")]
)
def test_an_amount_of_data_is_told_in_words(number, said):
    assert words.size(number) == said
