"""Exports: every call once, whatever dies, and nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import zipfile
from datetime import timedelta

import orjson
import pyarrow.parquet as pq
import pytest
from django.utils import timezone

from monitoring.exports import parts, requests, running, tables
from monitoring.exports.calls import CallLines
from monitoring.exports.models import Export, ExportKind, ExportPart, ExportState
from monitoring.exports.requests import TooManyExports
from monitoring.kinds import Kind
from monitoring.trace_filters import TraceFilter
from tests.monitoring.factories import make_span, make_trace, new_trace_id, rate, send
from tests.projects.factories import make_project, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project(by=make_user())


def last_day(**values) -> TraceFilter:
    now = timezone.now()
    return TraceFilter(start=now - timedelta(days=1), end=now + timedelta(minutes=1), **values)


def begin(project, kind=ExportKind.JSON_LINES, wanted=None, **options) -> Export:
    return requests.ask(project=project, kind=kind, wanted=wanted or last_day(), words="all", options=options, by=None)


def write(export: Export) -> Export:
    running.run(export_id=export.pk, make=CallLines, keep=lambda: True)
    export.refresh_from_db()
    return export


def content(export: Export) -> bytes:
    return gzip.decompress(b"".join(parts.read(export, "calls")))


def lines(export: Export) -> list[dict]:
    return [orjson.loads(line) for line in content(export).splitlines()]


def test_an_export_holds_every_call_that_passes_the_filter_with_what_was_said_about_it(project):
    trace_id = make_trace(
        project, user="jo", asked="Where is it?", answered="Here.", prompt="support/answer", version=3
    )
    rate(project, trace_id, up=True, comment="thanks")
    make_trace(project, user="kim")

    [found] = lines(write(begin(project, wanted=last_day(user="jo"))))

    assert (found["trace_id"], found["user"], found["prompt"], found["prompt_version"]) == (
        trace_id,
        "jo",
        "support/answer",
        3,
    )
    assert found["output"][0]["content"] == "Here."
    assert [(score["value"], score["comment"]) for score in found["scores"]] == [(1.0, "thanks")]


def test_steps_that_are_no_calls_are_in_it_only_when_they_are_asked_for(project):
    trace_id = new_trace_id()
    send(project, make_span(trace_id=trace_id), make_span(trace_id=trace_id, kind=Kind.TOOL, name="look_up"))

    assert len(lines(write(begin(project)))) == 1
    assert {line["name"] for line in lines(write(begin(project, rows="steps")))} == {"chat", "look_up"}


def test_no_cell_of_a_csv_runs_in_a_spreadsheet(project):
    make_trace(project, user="=cmd|' /C calc'!A0", session="+1", asked="@SUM(A1)")

    export = write(begin(project, ExportKind.CSV))

    rows = list(csv.reader(io.StringIO(content(export).decode("utf-8-sig"))))
    assert rows[0][0] == "trace_id"
    assert not [cell for cell in rows[1] if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert "'=cmd|' /C calc'!A0" in rows[1]


def test_an_export_that_was_killed_goes_on_where_it_was_and_doubles_nothing(project):
    sent = {make_trace(project) for _ in range(10)}
    export = begin(project, stretch=3)
    turns = iter([True, True, False])
    running.run(export_id=export.pk, make=CallLines, keep=lambda: next(turns))

    class Killed(CallLines):
        def lines(self, traces, counts):
            yield from super().lines(traces, counts)
            raise SystemError

    with pytest.raises(SystemError):
        running.run(export_id=export.pk, make=Killed, keep=lambda: True)

    found = [line["trace_id"] for line in lines(write(export))]
    assert (set(found), len(found), export.row_count) == (sent, 10, 10)


def test_a_stretch_that_took_longer_than_a_turn_is_tried_again_in_smaller_ones(project):
    for _ in range(8):
        make_trace(project)
    export = begin(project, stretch=8)
    turns = iter([True, False])

    running.run(export_id=export.pk, make=CallLines, keep=lambda: next(turns), tries=3)

    export.refresh_from_db()
    assert export.trace_count == 2


def test_what_arrives_after_an_export_was_asked_for_is_not_in_it(project):
    now = timezone.now()
    make_trace(project)
    export = begin(project, wanted=TraceFilter(start=now - timedelta(days=1), end=now))
    make_trace(project, at=now + timedelta(seconds=30))

    assert len(lines(write(export))) == 1


def test_the_hash_and_the_size_are_those_of_the_whole_file(project):
    make_trace(project)

    export = write(begin(project, ExportKind.CSV))

    packed = b"".join(parts.read(export, "calls"))
    [described] = export.files
    assert described["sha256"] == hashlib.sha256(packed).hexdigest()
    assert described["plain_sha256"] == hashlib.sha256(content(export)).hexdigest()
    assert (described["rows"], described["bytes"]) == (1, len(packed))


def test_a_stopped_export_leaves_nothing_behind(project):
    make_trace(project)
    export = begin(project)

    requests.stop(export=export, by=None)

    assert write(export).state == ExportState.STOPPED
    assert not ExportPart.objects.exists()


def test_a_file_is_deleted_when_its_time_is_over_and_stays_in_the_list(project):
    make_trace(project)
    export = write(begin(project))
    Export.objects.filter(pk=export.pk).update(expires_at=timezone.now())

    running.delete_expired()

    assert not ExportPart.objects.exists()
    assert Export.objects.get().state == ExportState.DONE


def test_a_project_writes_few_files_at_once(project):
    for _ in range(requests.MOST_OPEN):
        begin(project)

    with pytest.raises(TooManyExports):
        begin(project)


def test_an_export_of_nothing_is_an_empty_file(project):
    export = write(begin(project))

    assert (export.state, content(export), export.files[0]["rows"]) == (ExportState.DONE, b"", 0)


def table_of(data: bytes) -> list[dict]:
    return pq.read_table(io.BytesIO(data)).to_pylist()


def tables_of(export: Export) -> list[dict]:
    archive = zipfile.ZipFile(io.BytesIO(b"".join(parts.plain(export, "calls"))))
    assert archive.testzip() is None
    return [row for name in archive.namelist() for row in table_of(archive.read(name))]


def test_a_table_holds_every_call_in_typed_columns_with_what_was_said_about_it(project):
    at = timezone.now().replace(microsecond=123_000) - timedelta(hours=1)
    trace_id = make_trace(project, at=at, user="jo", answered="Here.", version=3, prompt="a", cost_usd=0.25)
    rate(project, trace_id, up=True, comment="thanks")

    [row] = table_of(b"".join(parts.plain(write(begin(project, ExportKind.PARQUET)), "calls")))

    assert list(row) == list(tables.COLUMNS)
    assert (row["trace_id"], row["started_at"], row["prompt_version"], row["cost_usd"]) == (trace_id, at, 3, 0.25)
    assert (row["session"], row["first_token_ms"], row["flags"]) == (None, None, [])
    [score] = row["scores"]
    assert (score["name"], score["number"], score["text"], score["comment"]) == ("thumbs", 1.0, None, "thanks")
    assert orjson.loads(row["output"])[0]["content"] == "Here."


def test_steps_of_every_kind_fit_into_the_columns_of_a_table(project):
    trace_id = new_trace_id()
    send(
        project, make_span(trace_id=trace_id, tokens=None), make_span(trace_id=trace_id, kind=Kind.TOOL, name="look_up")
    )

    rows = table_of(b"".join(parts.plain(write(begin(project, ExportKind.PARQUET, rows="steps")), "calls")))

    assert {(row["name"], row["kind"]) for row in rows} == {("chat", "llm"), ("look_up", "tool")}


def test_several_tables_are_one_zip_whose_hash_is_known_before_it_is_sent(project):
    sent = {make_trace(project) for _ in range(5)}

    export = write(begin(project, ExportKind.PARQUET, stretch=2))

    data = b"".join(parts.plain(export, "calls"))
    assert {row["trace_id"] for row in tables_of(export)} == sent
    assert len(tables_of(export)) == 5
    assert export.files[0]["plain_sha256"] == hashlib.sha256(data).hexdigest()
    assert (export.files[0]["rows"], export.files[0]["plain_bytes"]) == (5, len(data))


def test_a_table_that_was_killed_goes_on_where_it_was_and_doubles_nothing(project):
    sent = {make_trace(project) for _ in range(5)}
    export = begin(project, ExportKind.PARQUET, stretch=2)
    turns = iter([True, False])
    running.run(export_id=export.pk, make=CallLines, keep=lambda: next(turns))

    class Killed(CallLines):
        def lines(self, traces, counts):
            yield from super().lines(traces, counts)
            raise SystemError

    with pytest.raises(SystemError):
        running.run(export_id=export.pk, make=Killed, keep=lambda: True)

    rows = tables_of(write(export))
    assert ({row["trace_id"] for row in rows}, len(rows)) == (sent, 5)


def test_a_table_of_nothing_has_columns_and_no_rows(project):
    export = write(begin(project, ExportKind.PARQUET))

    table = pq.read_table(io.BytesIO(b"".join(parts.plain(export, "calls"))))
    assert (table.num_rows, table.column_names) == (0, list(tables.COLUMNS))


def test_rows_of_a_table_are_written_in_groups_and_a_full_one_is_closed(monkeypatch):
    monkeypatch.setattr(tables, "_GROUP_ROWS", 2)
    monkeypatch.setattr(tables, "MOST_ROWS", 5)
    packing = tables.TablePacking()
    text = dict.fromkeys(tables.COLUMNS, "")
    row = text | {"started_at": timezone.now(), "flags": [], "scores": []}
    row |= dict.fromkeys((name for name, kind in tables.COLUMNS.items() if kind in ("number?", "count?")))
    row |= {"duration_ms": 1.0}

    for _ in range(5):
        assert not packing.is_full
        packing.add(row)

    file = pq.ParquetFile(io.BytesIO(packing.packed()))
    assert packing.is_full
    assert [file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)] == [2, 2, 1]
