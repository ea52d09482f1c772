"""Settings: exports that go to a folder or an object store by themselves."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from monitoring.scheduled_exports import running
from monitoring.scheduled_exports.models import ExportRun, RunState, ScheduledExport
from projects import jobs
from projects.models import Project, User
from tests.monitoring.factories import make_trace
from tests.monitoring.scheduled_exports.factories import make_calls
from tests.projects.factories import make_project, make_user, signed_in
from workers.job_kinds import KINDS

pytestmark = pytest.mark.django_db
FOLDER = {
    "name": "Warehouse",
    "kind": "jsonl",
    "rows": "calls",
    "every": "day",
    "environment": "",
    "folder": "team/calls",
}
STORE = FOLDER | {
    "endpoint": "https://8.8.8.8", "region": "", "bucket": "calls", "access_key": "AKEXPORTS", "secret": "between us only",
}  # fmt: skip


@pytest.fixture
def admin() -> User:
    return make_user()


@pytest.fixture
def project(admin: User) -> Project:
    return make_project(by=admin)


@pytest.fixture
def browser(admin: User) -> Client:
    return signed_in(admin)


@pytest.fixture
def url(project: Project) -> str:
    return f"/p/{project.slug}/settings/data/"


@pytest.fixture
def base(settings, tmp_path: Path) -> Path:
    settings.EXPORT_DIR = str(tmp_path)
    return tmp_path


def work() -> None:
    """Do what workers would do now."""
    while claimed := jobs.claim(kinds=["scheduled_export.run"]):
        for job in claimed:
            KINDS[job.kind](job)
            jobs.finish(job=job)


def plan(browser: Client, url: str, to: str = "folder", **changes: str) -> ScheduledExport:
    answer = browser.post(f"{url}scheduled/new/?to={to}", (STORE if to == "s3" else FOLDER) | changes)
    assert answer.status_code == 302, answer.text
    return ScheduledExport.objects.latest("pk")


def of(scheduled: ScheduledExport, name: str) -> str:
    return reverse(name, args=[scheduled.project.slug, scheduled.pk])


def test_a_new_export_writes_the_day_before_into_its_folder_when_it_is_due(browser, project, url, base):
    make_calls(project, 2)
    scheduled = plan(browser, url)

    browser.post(of(scheduled, "scheduled-export-run"))
    work()

    answer = browser.get(of(scheduled, "scheduled-export"))
    assert str(base / "team/calls") in answer.text
    assert "Written" in answer.text
    assert ExportRun.objects.get().row_count == 2
    assert [path.name for path in base.rglob("*.json")] == ["manifest.json"]


def test_without_a_folder_of_the_server_the_page_says_who_can_name_one(browser, url, settings):
    settings.EXPORT_DIR = ""

    answer = browser.get(f"{url}scheduled/new/?to=folder")

    assert "CALLBOARD_EXPORT_DIR" in answer.text
    assert "<form" not in answer.text.partition("This server has no folder")[2].partition("</section>")[0]


def test_a_secret_is_on_no_page(browser, url):
    scheduled = plan(browser, url, "s3")

    for page in (url, of(scheduled, "scheduled-export"), of(scheduled, "scheduled-export-change")):
        assert "between us only" not in browser.get(page).text


@pytest.mark.parametrize(
    ("to", "changes", "words"),
    [
        ("folder", {"folder": "../../etc"}, "None may begin with a dot"),
        ("folder", {"name": " "}, "This field is required"),
        ("s3", {"endpoint": "http://169.254.169.254"}, "The address must start with https://"),
        ("s3", {"endpoint": "https://10.0.0.1"}, "CALLBOARD_EXPORT_ALLOWLIST"),
        ("s3", {"bucket": "a/b"}, "not the name of a bucket"),
        ("s3", {"secret": ""}, "Type the secret of this access key"),
    ],
)
def test_what_cannot_work_is_said_beside_the_field(browser, url, base, to, changes, words):
    answer = browser.post(f"{url}scheduled/new/?to={to}", (STORE if to == "s3" else FOLDER) | changes)

    assert answer.status_code == 422
    assert words in answer.text
    assert not ScheduledExport.objects.exists()


def test_a_change_keeps_the_secret_and_holds_from_the_next_run_on(browser, url):
    scheduled = plan(browser, url, "s3")
    sealed = bytes(scheduled.secret_sealed)

    answer = browser.post(of(scheduled, "scheduled-export-change"), STORE | {"name": "Lake", "secret": ""})

    scheduled.refresh_from_db()
    assert answer.status_code == 302
    assert (scheduled.name, bytes(scheduled.secret_sealed)) == ("Lake", sealed)


def test_another_bucket_asks_for_the_secret_again(browser, url):
    scheduled = plan(browser, url, "s3")

    answer = browser.post(of(scheduled, "scheduled-export-change"), STORE | {"bucket": "theirs", "secret": ""})

    assert answer.status_code == 422
    assert "Type the secret of this access key" in answer.text


def test_a_paused_export_says_so_and_goes_on(browser, url, base):
    scheduled = plan(browser, url)
    browser.post(of(scheduled, "scheduled-export-switch"), {"on": "no"})
    assert "This export is paused" in browser.get(of(scheduled, "scheduled-export")).text

    browser.post(of(scheduled, "scheduled-export-switch"), {"on": "yes"})

    scheduled.refresh_from_db()
    assert scheduled.is_on


def test_a_day_of_the_log_is_written_again(browser, project, url, base):
    scheduled = plan(browser, url)
    browser.post(of(scheduled, "scheduled-export-run"))
    work()
    make_calls(project, 1)
    run = ExportRun.objects.get()

    browser.post(of(scheduled, "scheduled-export-run"), {"run": run.pk})
    work()

    run.refresh_from_db()
    assert (run.state, run.row_count) == (RunState.DONE, 1)


def test_what_went_wrong_is_in_the_log_as_text(browser, project, url, base):
    scheduled = plan(browser, url)
    browser.post(of(scheduled, "scheduled-export-run"))
    ExportRun.objects.update(state=RunState.FAILED, problem="<b>no</b>")

    answer = browser.get(of(scheduled, "scheduled-export"))

    assert "&lt;b&gt;no&lt;/b&gt;" in answer.text
    assert "Not written" in answer.text


def test_removing_an_export_leaves_what_it_wrote(browser, project, url, base):
    scheduled = plan(browser, url)
    browser.post(of(scheduled, "scheduled-export-run"))
    work()

    answer = browser.post(of(scheduled, "scheduled-export-delete"), follow=True)

    assert "What it wrote is still there" in answer.text
    assert not ScheduledExport.objects.exists()
    assert list(base.rglob("manifest.json"))


def test_the_page_about_data_shows_each_export_with_its_last_run(browser, url, base):
    plan(browser, url)

    answer = browser.get(url)

    assert "Warehouse" in answer.text
    assert "out of Callboard" in answer.text


def test_a_job_that_fails_for_a_reason_of_ours_gives_the_run_up_at_its_last_try(browser, url, base, monkeypatch):
    scheduled = plan(browser, url)
    browser.post(of(scheduled, "scheduled-export-run"))
    monkeypatch.setattr(running, "wanted_of", lambda found: None)
    make_trace(scheduled.project)
    claimed = jobs.claim(kinds=["scheduled_export.run"])
    job = claimed[0]
    job.attempts = job.max_attempts

    with pytest.raises(AttributeError):
        KINDS[job.kind](job)

    run = ExportRun.objects.get()
    assert run.state == RunState.FAILED
    assert "a reason of its own" in run.problem


def test_the_page_about_deleting_names_the_files_that_cannot_be_reached(browser, url):
    assert "a scheduled export" in browser.get(f"{url}delete/").text
