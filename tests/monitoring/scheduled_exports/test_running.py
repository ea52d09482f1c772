"""Runs: every call of the day once, whatever dies, and a manifest only when all is there."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
from datetime import timedelta
from pathlib import Path

import orjson
import pyarrow.parquet as pq
import pytest
from django.utils import timezone

from monitoring.scheduled_exports import changes, retries, running
from monitoring.scheduled_exports.models import ExportRun, RunState
from projects.models import Job, Notification
from tests.monitoring.factories import make_trace
from tests.monitoring.scheduled_exports.factories import into_folder, into_store, make_calls, noon, write

pytestmark = pytest.mark.django_db


class Killed(BaseException):
    """A worker that ends without a word."""


def killed_after(keeps: int):
    """Return a `keep` that dies at this call of it."""
    left = iter(range(keeps))

    def keep() -> bool:
        if next(left, None) is None:
            raise Killed
        return True

    return keep


def files(base: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in base.rglob("*") if path.is_file()}


def lines(objects: dict[str, bytes]) -> list[dict]:
    names = sorted(name for name in objects if name.endswith(".jsonl.gz"))
    return [orjson.loads(line) for name in names for line in gzip.decompress(objects[name]).splitlines()]


def test_a_run_writes_the_calls_of_its_day_and_no_others(project, admin, base):
    into_folder(project, by=admin)
    make_calls(project, 1, days_ago=2)
    wanted = make_calls(project, 3)
    make_calls(project, 1, days_ago=0)

    run = write()

    assert run.state == RunState.DONE, run.problem
    assert {line["trace_id"] for line in lines(files(base))} == wanted
    assert (run.row_count, run.trace_count) == (3, 3)


def test_the_manifest_names_every_file_with_its_rows_and_hash(project, admin, base):
    scheduled = into_folder(project, by=admin, environment="production")
    make_calls(project, 2)
    make_calls(project, 1, environment="staging")

    write()

    day = base / scheduled.root / f"date={noon(days_ago=1):%Y-%m-%d}"
    manifest = json.loads((day / "manifest.json").read_text())
    [file] = manifest["files"]
    assert (file["rows"], manifest["rows"], manifest["query"]["environment"]) == (2, 2, "production")
    assert file["sha256"] == hashlib.sha256((day / file["name"]).read_bytes()).hexdigest()


def test_a_day_without_calls_has_a_manifest_that_says_so(project, admin, base):
    into_folder(project, by=admin)

    assert write().state == RunState.DONE
    assert json.loads(files(base)["manifest.json"])["files"] == []


def test_a_table_is_written_that_the_library_reads(project, admin, base):
    into_folder(project, by=admin, kind="parquet")
    wanted = make_calls(project, 3, user="jo")

    write()

    table = pq.read_table(io.BytesIO(files(base)["calls-00001.parquet"]))
    assert set(table.column("trace_id").to_pylist()) == wanted
    assert table.column("user").to_pylist() == ["jo"] * 3


def test_every_file_of_a_csv_has_its_own_head(project, admin, base, monkeypatch):
    monkeypatch.setattr(running, "TRACES_AT_ONCE", 2)
    into_folder(project, by=admin, kind="csv")
    make_calls(project, 3)

    write()

    heads = [gzip.decompress(data).splitlines()[0] for name, data in files(base).items() if name.endswith(".csv.gz")]
    assert len(heads) == 2
    assert all(b'"trace_id"' in head for head in heads)


@pytest.mark.parametrize("keeps", range(1, 7))
def test_a_run_that_is_killed_anywhere_goes_on_and_doubles_nothing(project, admin, base, monkeypatch, keeps):
    monkeypatch.setattr(running, "TRACES_AT_ONCE", 2)
    into_folder(project, by=admin)
    wanted = make_calls(project, 6)
    run = ExportRun.objects.get()
    with pytest.raises(Killed):
        running.run(run_id=run.pk, keep=killed_after(keeps))
    assert "manifest.json" not in files(base)

    run = write()

    found = [line["trace_id"] for line in lines(files(base))]
    assert (set(found), len(found), run.row_count) == (wanted, 6, 6)
    assert json.loads(files(base)["manifest.json"])["rows"] == 6


def test_an_object_that_arrived_without_an_answer_is_sent_again_under_its_name(project, admin, store, monkeypatch):
    monkeypatch.setattr(running, "TRACES_AT_ONCE", 2)
    into_store(project, store, by=admin)
    wanted = make_calls(project, 4)
    # The manifest of before is taken away, then the first object is taken, and its answer is lost.
    store.script = [200, 0]
    run = write()
    assert (run.state, run.tries) == (RunState.WAITING, 1)

    run = write()

    assert run.state == RunState.DONE, run.problem
    assert store.names() == ["calls-00001.jsonl.gz", "calls-00002.jsonl.gz", "manifest.json"]
    assert store.log.count(("PUT", "calls-00001.jsonl.gz")) == 2
    assert {line["trace_id"] for line in lines(store.objects)} == wanted
    assert len(lines(store.objects)) == 4


def test_the_manifest_is_written_last_and_taken_away_before_a_day_is_written_again(project, admin, store):
    into_store(project, store, by=admin)
    make_calls(project, 2)
    run = write()
    store.log.clear()

    changes.again(run=run, by=admin)
    write(run)

    assert store.log == [("DELETE", "manifest.json"), ("PUT", "calls-00001.jsonl.gz"), ("PUT", "manifest.json")]


def test_a_day_that_shrank_leaves_no_file_of_before(project, admin, base, monkeypatch):
    into_folder(project, by=admin)
    make_calls(project, 4)
    monkeypatch.setattr(running, "TRACES_AT_ONCE", 1)
    run = write()
    assert "calls-00004.jsonl.gz" in files(base)
    monkeypatch.setattr(running, "TRACES_AT_ONCE", 3)

    changes.again(run=run, by=admin)
    write(run)

    assert sorted(files(base)) == ["calls-00001.jsonl.gz", "calls-00002.jsonl.gz", "manifest.json"]


def test_objects_are_named_after_the_folder_the_project_and_the_day(project, admin, store):
    scheduled = into_store(project, store, by=admin)
    make_calls(project, 1)

    write()

    day = f"callboard/{project.slug}-{scheduled.pk}/date={noon(days_ago=1):%Y-%m-%d}"
    assert sorted(store.objects) == [f"{day}/calls-00001.jsonl.gz", f"{day}/manifest.json"]


def test_a_secret_that_is_wrong_is_told_in_plain_words_and_tried_again_later(project, admin, store):
    into_store(project, store, by=admin, secret="another")

    run = write()

    assert run.problem.startswith("The store refused the signature: the secret does not belong")
    assert (run.state, run.tries) == (RunState.WAITING, 1)
    assert run.next_try_at > timezone.now()
    assert Job.objects.filter(kind="scheduled_export.run", payload={"run": run.pk}, run_at=run.next_try_at).exists()


def test_a_store_with_a_problem_of_its_own_is_told_as_such(project, admin, store):
    into_store(project, store, by=admin)
    store.script = [503]

    assert write().problem == "The store has a problem of its own: it answered 503 SlowDown."


def test_a_key_that_may_not_write_is_told_as_such(project, admin, store):
    into_store(project, store, by=admin)
    store.script = [403]

    assert write().problem.startswith("This access key may not write to the bucket.")


def test_a_bucket_that_is_not_there_is_told_as_such(project, admin, store):
    into_store(project, store, by=admin, bucket="elsewhere")

    assert write().problem == "There is no such bucket. Make it first, or correct its name."


def test_an_address_that_is_no_longer_allowed_is_not_called(project, admin, store, settings):
    into_store(project, store, by=admin)
    settings.EXPORT_ALLOWLIST = []

    assert "CALLBOARD_EXPORT_ALLOWLIST" in write().problem or "https://" in write().problem
    assert store.log == []


def test_after_a_day_of_tries_a_run_is_given_up_and_the_admins_are_told(project, admin, base, settings):
    into_folder(project, by=admin)
    settings.EXPORT_DIR = ""

    for _ in range(retries.MOST_TRIES):
        run = write()

    assert run.state == RunState.FAILED
    told = Notification.objects.get(user=admin)
    assert "«Warehouse» could not write" in told.sentence
    assert "CALLBOARD_EXPORT_DIR" in told.sentence


def test_what_was_written_counts_as_progress_and_the_tries_begin_anew(project, admin, store, monkeypatch):
    monkeypatch.setattr(running, "TRACES_AT_ONCE", 1)
    into_store(project, store, by=admin)
    make_calls(project, 2)
    store.script = [503]
    write()
    store.script = [200, 200, 503]

    run = write()

    assert (run.tries, run.row_count) == (0, 1)
    assert run.state == RunState.WAITING


def test_a_turn_that_is_over_leaves_the_rest_to_the_next(project, admin, base, monkeypatch):
    monkeypatch.setattr(running, "TRACES_AT_ONCE", 1)
    into_folder(project, by=admin)
    make_calls(project, 3)
    run = ExportRun.objects.get()
    # One before the stretch, one before its object, and then the time is up.
    turns = iter([True, True, False])

    has_more = running.run(run_id=run.pk, keep=lambda: next(turns))

    run.refresh_from_db()
    assert (has_more, run.row_count, run.state) == (True, 1, RunState.RUNNING)


def test_a_run_that_was_asked_for_anew_meanwhile_is_not_finished_by_the_worker_of_before(project, admin, base):
    into_folder(project, by=admin)
    make_calls(project, 1)
    run = ExportRun.objects.get()

    def keep() -> bool:
        if not ExportRun.objects.get(pk=run.pk).round:
            changes.again(run=run, by=admin)
        return True

    running.run(run_id=run.pk, keep=keep)

    run.refresh_from_db()
    assert (run.state, run.row_count) == (RunState.WAITING, 0)
    assert write(run).state == RunState.DONE


def test_what_took_longer_than_a_turn_is_tried_in_ever_smaller_pieces():
    found = [running.traces_at_once(tries) for tries in range(1, 10)]

    assert found[:3] == [5_000, 2_500, 1_250]
    assert found[-1] == 50


def test_a_large_call_fills_an_object_and_the_next_goes_into_another(project, admin, base, monkeypatch):
    from monitoring.scheduled_exports import sending

    monkeypatch.setattr(sending, "MOST_BYTES", 10)
    into_folder(project, by=admin)
    at = noon(days_ago=1)
    for number in range(3):
        make_trace(project, at=at + timedelta(seconds=number), asked=hashlib.sha256(bytes([number])).hexdigest() * 600)

    run = write()

    assert (len(run.parts), run.row_count) == (3, 3)


def test_a_paused_export_writes_only_what_somebody_asks_for(project, admin, base):
    scheduled = into_folder(project, by=admin)
    changes.switch(scheduled=scheduled, on=False, by=admin)
    assert write().state == RunState.WAITING

    changes.run_now(scheduled=scheduled, by=admin, now=noon())

    assert write().state == RunState.DONE
