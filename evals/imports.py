"""Takes in files of items: keeps the file, shows what would become of it, and adds it in one revision once confirmed."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from typing import Any

from django.db import transaction
from django.utils import timezone

from evals import datasets, file_rows, mappings
from evals.adding import NewItem
from evals.errors import EvalsError, FileNotUsable, FileTooLarge, ImportNotWaiting, ItemNotUsable
from evals.file_rows import FileRow, Layout
from evals.item_contents import ItemContent
from evals.mappings import Column
from evals.models import Dataset, DatasetImport, DatasetImportPart, ImportState, ItemSource
from projects import audit, jobs
from projects.models import Job, JobState, User
from projects.roles import Action
from prompt_registry import texts
from prompt_registry.errors import PromptRegistryError
from prompt_registry.permissions import demand

KIND = "datasets.import"
MAX_BYTES = 50 * 1024 * 1024
PROBLEMS_NAMED = 100
PREVIEW_ROWS = 5
_PART = 1024 * 1024
_COLUMNS_FROM = 20
_FORGET_AFTER = timedelta(days=1)
_LOOK_SECONDS = 2.0


class _TimeIsUp(Exception):
    """A file is not looked at for longer while somebody waits."""


@dataclass(frozen=True, slots=True)
class LineProblem:
    """A row that cannot become an item, and why."""

    line: int
    reason: str


@dataclass(slots=True)
class Look:
    """What an import would do; `is_whole` is False when the time was up before the last row was looked at."""

    first: list[tuple[FileRow, ItemContent]] = field(default_factory=list)
    usable_count: int = 0
    problem_count: int = 0
    problems: list[LineProblem] = field(default_factory=list)
    is_whole: bool = True
    # Rows that say the same as an earlier one, apart from what is noted beside it.
    repeated_count: int = 0

    @property
    def item_count(self) -> int:
        """How many different items the rows are."""
        return self.usable_count - self.repeated_count

    def note(self, row: FileRow, reasons: Iterable[str]) -> None:
        self.problem_count += 1
        if len(self.problems) < PROBLEMS_NAMED:
            self.problems.append(LineProblem(row.line, " ".join(reasons)))


@transaction.atomic
def begin(*, dataset: Dataset, file_name: str, chunks: Iterable[bytes], by: User | None) -> DatasetImport:
    """Keep a file and guess which of its columns becomes what; nothing is added yet."""
    demand(project=dataset.project, action=Action.EDIT_DATASETS, by=by)
    name = texts.clean(file_name).strip()[:200] or "rows"
    found = DatasetImport.objects.create(
        project_id=dataset.project_id, dataset=dataset, file_name=name, size=0, layout=Layout.CSV, created_by=by
    )
    found.size = _keep(found, chunks)
    head = next(_chunks(found), b"")
    found.layout = file_rows.recognise(head)
    first = [row.values for row in _first_rows(found) if not row.problem]
    if not first:
        raise FileNotUsable("No row of this file can be read. Save it as CSV or JSON lines in UTF-8 and try again.")
    found.mapping = mappings.stored(mappings.suggest(first, Layout(found.layout)))
    found.save(update_fields=["size", "layout", "mapping"])
    return found


def look(*, dataset_import: DatasetImport, seconds: float = _LOOK_SECONDS) -> Look:
    """Go through the file and say what would be added and what cannot be."""
    mapping, found, seen = mappings.read(dataset_import.mapping), Look(), set[bytes]()
    until = time.monotonic() + seconds
    with suppress(_TimeIsUp):
        found.is_whole = False
        for row, content, reasons in _judged(dataset_import, mapping, until):
            if content is None:
                found.note(row, reasons)
            else:
                found.usable_count += 1
                found.repeated_count += content.hash in seen
                seen.add(content.hash)
                if len(found.first) < PREVIEW_ROWS:
                    found.first.append((row, content))
            _demand_time(until)
        found.is_whole = True
    return found


def samples(*, dataset_import: DatasetImport) -> dict[str, Any]:
    """Return for every column the first value that says something."""
    found: dict[str, Any] = {}
    for row in _first_rows(dataset_import):
        for column, value in row.values.items():
            if found.get(column) in (None, ""):
                found[column] = value
    return found


def choose(*, dataset_import: DatasetImport, mapping: Sequence[Column], by: User | None) -> DatasetImport:
    """Say what each column becomes."""
    demand(project=dataset_import.project, action=Action.EDIT_DATASETS, by=by)
    waiting = DatasetImport.objects.filter(pk=dataset_import.pk, state=ImportState.WAITING)
    dataset_import.mapping = mappings.stored(mapping)
    if not waiting.update(mapping=dataset_import.mapping):
        raise ImportNotWaiting
    return dataset_import


@transaction.atomic
def confirm(*, dataset_import: DatasetImport, by: User | None) -> None:
    """Let a worker add what the file holds; a second confirmation changes nothing."""
    demand(project=dataset_import.project, action=Action.EDIT_DATASETS, by=by)
    waiting = DatasetImport.objects.filter(pk=dataset_import.pk, state=ImportState.WAITING)
    if not waiting.update(state=ImportState.CONFIRMED, created_by=by):
        raise ImportNotWaiting
    audit.record(
        action="dataset.import_confirmed", subject=dataset_import.dataset.name, by=by,
        project=dataset_import.project, file=dataset_import.file_name, bytes=dataset_import.size,
    )  # fmt: skip
    jobs.add(
        kind=KIND, dedupe_key=f"import {dataset_import.pk}", payload={"import": dataset_import.pk},
        project_id=dataset_import.project_id,
    )  # fmt: skip


def drop(*, dataset_import: DatasetImport, by: User | None) -> None:
    """Forget a file that was not confirmed."""
    demand(project=dataset_import.project, action=Action.EDIT_DATASETS, by=by)
    if not DatasetImport.objects.filter(pk=dataset_import.pk, state=ImportState.WAITING).delete()[0]:
        raise ImportNotWaiting


def run(*, import_id: int, is_last_try: bool = True) -> None:
    """Add what a confirmed file holds, in one revision or not at all; running it twice adds nothing twice."""
    try:
        _run(import_id)
    except (EvalsError, PromptRegistryError) as error:
        _end(import_id, ImportState.FAILED, {"reason": str(error)})
    except Exception:
        # A person waits for the answer on a page: after the last try it must not say «being imported» for ever.
        if is_last_try:
            _end(import_id, ImportState.FAILED, {"reason": "Callboard could not finish it. Nothing was added."})
        raise


def forget_old() -> int:
    """Remove the files that nobody confirmed for a day, and give up imports that nobody works on; return how many."""
    _give_up_abandoned()
    old = DatasetImport.objects.filter(state=ImportState.WAITING, created_at__lt=timezone.now() - _FORGET_AFTER)
    count = old.count()
    old.delete()
    return count


def _give_up_abandoned() -> None:
    """A worker that was stopped in the middle of a file leaves it confirmed: somebody waits for the answer on a page."""
    for import_id in DatasetImport.objects.filter(state=ImportState.CONFIRMED).values_list("pk", flat=True):
        work = Job.objects.filter(kind=KIND, payload__import=import_id)
        if not work.filter(state__in=(JobState.READY, JobState.RUNNING)).exists():
            _end(import_id, ImportState.FAILED, {"reason": "It took too long. Import the file in smaller parts."})


@transaction.atomic
def _run(import_id: int) -> None:
    # Whoever comes second waits here, and then finds the import done.
    rows = DatasetImport.objects.select_for_update(of=("self",)).select_related("dataset__project", "created_by")
    found = rows.filter(pk=import_id, state=ImportState.CONFIRMED).first()
    if found is None:
        return
    noted = Look()
    done = datasets.add_items(
        dataset=found.dataset, items=_new_items(found, noted), origin=found.file_name, by=found.created_by
    )
    outcome = {
        "added": done.added_count, "revision": done.revision, "duplicates": done.duplicate_count,
        "duplicates_named": [[each.line, each.number] for each in done.duplicates],
        "refused": noted.problem_count, "refused_named": [[each.line, each.reason] for each in noted.problems],
    }  # fmt: skip
    _end(import_id, ImportState.DONE, outcome)


def _new_items(dataset_import: DatasetImport, noted: Look) -> Iterator[NewItem]:
    for row, content, reasons in _judged(dataset_import, mappings.read(dataset_import.mapping)):
        if content is None:
            noted.note(row, reasons)
        else:
            yield NewItem(content, ItemSource.IMPORT, line=row.line)


def _judged(
    dataset_import: DatasetImport, mapping: Sequence[Column], until: float = math.inf
) -> Iterator[tuple[FileRow, ItemContent | None, tuple[str, ...]]]:
    """Yield each row with the item that it is, or with what is wrong with it; the last may say why nothing follows."""
    row = FileRow(1)
    try:
        for row in _rows(dataset_import, until):
            try:
                yield row, mappings.content_of(row, mapping), ()
            except ItemNotUsable as error:
                yield row, None, error.problems
    except FileNotUsable as error:
        yield FileRow(row.line + 1), None, (str(error),)


@transaction.atomic
def _end(import_id: int, state: ImportState, outcome: dict[str, Any]) -> None:
    DatasetImport.objects.filter(pk=import_id, state=ImportState.CONFIRMED).update(
        state=state, outcome=outcome, finished_at=timezone.now()
    )
    DatasetImportPart.objects.filter(dataset_import=import_id).delete()


def _keep(dataset_import: DatasetImport, chunks: Iterable[bytes]) -> int:
    size, number, pending = 0, 0, bytearray()
    for chunk in chunks:
        size += len(chunk)
        if size > MAX_BYTES:
            raise FileTooLarge
        pending += chunk
        while len(pending) >= _PART:
            number += 1
            _keep_part(dataset_import, number, bytes(pending[:_PART]))
            del pending[:_PART]
    if pending:
        _keep_part(dataset_import, number + 1, bytes(pending))
    return size


def _keep_part(dataset_import: DatasetImport, number: int, data: bytes) -> None:
    DatasetImportPart.objects.create(
        project_id=dataset_import.project_id, dataset_import=dataset_import, number=number, data=data
    )


def _first_rows(dataset_import: DatasetImport) -> list[FileRow]:
    """Return the first rows; fewer where empty lines in between take all the time."""
    found: list[FileRow] = []
    with suppress(_TimeIsUp):
        found.extend(islice(_rows(dataset_import, time.monotonic() + _LOOK_SECONDS), _COLUMNS_FROM))
    return found


def _rows(dataset_import: DatasetImport, until: float = math.inf) -> Iterator[FileRow]:
    return file_rows.rows(_chunks(dataset_import, until), Layout(dataset_import.layout))


def _demand_time(until: float) -> None:
    if time.monotonic() > until:
        raise _TimeIsUp


def _chunks(dataset_import: DatasetImport, until: float = math.inf) -> Iterator[bytes]:
    """Yield the file, one part in memory at a time; the clock is looked at here too, for lines that are no rows."""
    number = 1
    parts = DatasetImportPart.objects.filter(dataset_import=dataset_import)
    while (data := parts.filter(number=number).values_list("data", flat=True).first()) is not None:
        if number > 1:
            _demand_time(until)
        yield bytes(data)
        number += 1
