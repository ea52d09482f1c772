"""Exports and training data: asked for by the filter of Explore, taken away by an address that ends."""

from __future__ import annotations

import json

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from monitoring.exports import running
from monitoring.exports.models import Export, ExportPart, ExportState
from projects import jobs
from tests.monitoring.factories import make_trace, rate
from tests.projects.factories import make_project, make_user, signed_in
from workers.job_kinds import KINDS

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin():
    return make_user()


@pytest.fixture
def project(admin):
    return make_project(by=admin)


@pytest.fixture
def browser(admin) -> Client:
    return signed_in(admin)


def write() -> Export:
    for job in jobs.claim(kinds=[running.KIND]):
        KINDS[job.kind](job)
    return Export.objects.get()


def ask(browser, project, query: str = "range=24h", **form) -> Export:
    answer = browser.post(f"/p/{project.slug}/exports/new/ask/?{query}", {"kind": "jsonl", "rows": "calls"} | form)
    assert answer.status_code == 302, answer.text
    return write()


def body(answer) -> bytes:
    return b"".join(answer.streaming_content)


def test_the_page_says_how_many_traces_match(browser, project):
    make_trace(project, user="jo")
    make_trace(project, user="kim")

    answer = browser.get(f"/p/{project.slug}/exports/new/?range=24h&user=jo")

    assert "1 trace matches" in answer.text
    assert "jo" in answer.text


def test_a_file_is_taken_away_by_an_address_that_needs_no_session_and_ends(browser, project):
    make_trace(project, user="jo")
    make_trace(project, user="kim")
    export = ask(browser, project, "range=24h&user=jo")
    page = f"/p/{project.slug}/exports/{export.pk}/"

    address = browser.post(f"{page}files/calls/").headers["Location"]
    answer = Client().get(address)
    [line] = [json.loads(line) for line in body(answer).splitlines()]
    with time_machine.travel(timezone.now() + timezone.timedelta(minutes=11)):
        late = Client().get(address)

    assert line["user"] == "jo"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="')
    assert (late.status_code, Client().get(f"{address[:-2]}x/").status_code) == (404, 404)


def test_a_packed_file_is_the_same_packed(browser, project):
    make_trace(project)
    export = ask(browser, project)

    address = browser.post(f"/p/{project.slug}/exports/{export.pk}/files/calls/", {"packed": "1"}).headers["Location"]

    assert body(Client().get(address))[:2] == b"\x1f\x8b"


def test_the_manifest_names_the_query_the_counts_and_the_hashes(browser, project):
    make_trace(project, user="jo")
    export = ask(browser, project, "range=24h&user=jo")

    found = browser.get(f"/p/{project.slug}/exports/{export.pk}/manifest.json").json()

    assert (found["query"]["user"], found["rows"], found["files"][0]["rows"]) == ("jo", 1, 1)
    assert len(found["files"][0]["plain_sha256"]) == 64


def test_a_filter_that_makes_no_sense_exports_nothing(browser, project):
    answer = browser.post(f"/p/{project.slug}/exports/new/ask/?version=none", {"kind": "jsonl", "rows": "calls"})

    assert answer.status_code == 422
    assert not Export.objects.exists()


def test_ticked_rows_alone_are_exported(browser, project):
    wanted = make_trace(project)
    make_trace(project)

    export = ask(browser, project, f"chosen={wanted}")

    assert export.row_count == 1


def test_an_export_is_stopped_and_a_file_deleted(browser, project):
    make_trace(project)
    browser.post(f"/p/{project.slug}/exports/new/ask/?range=24h", {"kind": "csv", "rows": "steps"})
    export = Export.objects.get()
    browser.post(f"/p/{project.slug}/exports/{export.pk}/stop/")

    export.refresh_from_db()
    assert export.state == ExportState.STOPPED

    Export.objects.all().delete()
    export = ask(browser, project)
    browser.post(f"/p/{project.slug}/exports/{export.pk}/delete/")

    assert not ExportPart.objects.exists()
    assert "The file is deleted" in browser.get(f"/p/{project.slug}/exports/{export.pk}/").text


def test_training_data_is_estimated_with_its_price_and_then_written(browser, project):
    for number in range(12):
        trace_id = make_trace(project, asked=f"Question {number} " * 50, answered="Answer " * 20)
        rate(project, trace_id, up=True)
    form = {"kind": "tuning", "which": "good", "masks": "on", "validation_percent": 0, "epochs": 3, "price": 25}
    place = f"/p/{project.slug}/exports/training/"

    look = browser.post(f"{place}?range=24h", form)
    asked = browser.post(f"{place}ask/?range=24h", form)
    export = write()

    assert "12 examples" in look.text
    assert "3 times over about $" in look.text
    assert asked.status_code == 302
    assert (export.state, export.row_count, export.counts["train"]) == (ExportState.DONE, 12, 12)
