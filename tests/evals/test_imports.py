"""Files on their way into a dataset."""

from __future__ import annotations

import tracemalloc
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from evals import datasets, imports, mappings
from evals.errors import FileNotUsable, FileTooLarge, ImportNotWaiting
from evals.mappings import Column, Role
from evals.models import Dataset, DatasetImport, DatasetImportPart, DatasetItem, ImportState
from projects.models import Job, JobState
from projects.roles import Role as PersonRole
from prompt_registry.errors import NotAllowed
from tests.evals.factories import add, bring_in, hand_over, make_dataset, make_editor
from tests.projects.factories import make_member
from workers import tasks

pytestmark = pytest.mark.django_db

TABLE = "question,__expected\nWhere?,Here\nWho?,Me\nWhere?,Here\n"


@pytest.fixture
def dataset() -> Dataset:
    return make_dataset()


def test_nothing_is_added_until_it_is_confirmed(dataset):
    found = hand_over(dataset, TABLE)

    seen = imports.look(dataset_import=found)

    assert (seen.usable_count, seen.problem_count, seen.is_whole) == (3, 0, True)
    assert [content.input for _, content in seen.first] == [
        {"question": "Where?"},
        {"question": "Who?"},
        {"question": "Where?"},
    ]
    assert not DatasetItem.objects.exists()
    assert not Job.objects.exists()


def test_rows_that_say_the_same_are_counted_before_anything_is_added(dataset):
    seen = imports.look(dataset_import=hand_over(dataset, TABLE))

    assert (seen.repeated_count, seen.item_count) == (1, 2)


def test_a_confirmed_file_is_added_by_a_worker_in_one_revision(dataset):
    editor = make_editor(dataset.project)
    found = hand_over(dataset, TABLE, name="refunds.csv", by=editor)

    imports.confirm(dataset_import=found, by=editor)
    tasks.run_jobs("evals")

    found.refresh_from_db()
    dataset.refresh_from_db()
    assert found.state == ImportState.DONE
    assert found.outcome["added"] == dataset.item_count == 2
    assert found.outcome["duplicates_named"] == [[4, 1]]
    assert dataset.revisions.get().summary == "Added 2 items from refunds.csv"
    assert dataset.items.first().author == editor
    assert not DatasetImportPart.objects.exists()


def test_what_is_in_the_dataset_already_is_named_by_line(dataset):
    add(dataset, "Who?", expected_output="Me")

    assert bring_in(dataset, TABLE).outcome["duplicates_named"] == [[3, 1], [4, 2]]


def test_rows_that_cannot_be_items_are_named_and_the_others_are_added(dataset):
    found = bring_in(dataset, 'question,b\nGood,x\nToo,many,cells\n,\n"Also good",y\n')

    assert (found.outcome["added"], found.outcome["refused"]) == (2, 1)
    assert found.outcome["refused_named"][0][0] == 3


def test_a_file_that_breaks_in_the_middle_says_where(dataset):
    text = '[{"input": "a"},\n {"input": "b"},\n {broken'

    seen = imports.look(
        dataset_import=hand_over(dataset, '[{"input": "a"},\n' + ' {"input": "b"},\n' * 30 + " {broken")
    )

    assert seen.usable_count == 31
    assert "Line 32" in seen.problems[0].reason
    with pytest.raises(FileNotUsable, match="Line 3"):
        hand_over(dataset, text)


def test_a_column_becomes_what_somebody_chose(dataset):
    found = hand_over(dataset, "text,label\nWhere?,card\n")
    chosen = [Column("text", Role.BLANK, "question"), Column("label", Role.TAGS, "label")]

    imports.choose(dataset_import=found, mapping=chosen, by=None)
    imports.confirm(dataset_import=found, by=None)
    imports.run(import_id=found.pk)

    item = dataset.items.get()
    assert (item.input, item.tags) == ({"question": "Where?"}, ["card"])
    assert mappings.read(DatasetImport.objects.get().mapping) == chosen


def test_running_twice_adds_nothing_twice(dataset):
    found = bring_in(dataset, TABLE)

    imports.run(import_id=found.pk)

    dataset.refresh_from_db()
    assert (dataset.revision, dataset.item_count) == (1, 2)


def test_what_was_confirmed_cannot_be_changed_or_dropped(dataset):
    found = hand_over(dataset, TABLE)
    imports.confirm(dataset_import=found, by=None)

    for change in (
        lambda: imports.confirm(dataset_import=found, by=None),
        lambda: imports.choose(dataset_import=found, mapping=[], by=None),
        lambda: imports.drop(dataset_import=found, by=None),
    ):
        with pytest.raises(ImportNotWaiting):
            change()


def test_an_import_that_fails_adds_nothing_and_says_why(dataset):
    found = hand_over(dataset, TABLE)
    imports.confirm(dataset_import=found, by=None)
    datasets.archive(dataset=dataset, by=None)

    imports.run(import_id=found.pk)

    found.refresh_from_db()
    assert found.state == ImportState.FAILED
    assert "archive" in found.outcome["reason"]
    assert not DatasetItem.objects.exists()


def test_somebody_who_may_not_write_brings_no_file_in(dataset):
    viewer = make_member(project=dataset.project, role=PersonRole.VIEWER)

    with pytest.raises(NotAllowed):
        hand_over(dataset, TABLE, by=viewer)


def test_too_large_a_file_is_refused_while_it_comes(dataset):
    read = []

    def chunks():
        for number in range(1000):
            read.append(number)
            yield b"x" * 1024 * 1024

    with pytest.raises(FileTooLarge):
        imports.begin(dataset=dataset, file_name="large.csv", chunks=chunks(), by=None)

    assert len(read) == 51
    assert not DatasetImport.objects.exists()


def test_a_look_at_a_long_file_ends_in_time(dataset):
    found = hand_over(dataset, "q\n" + "".join(f"row {number}\n" for number in range(2000)))

    seen = imports.look(dataset_import=found, seconds=0)

    assert (seen.usable_count, seen.is_whole) == (1, False)


def test_files_that_nobody_confirmed_are_forgotten_after_a_day(dataset):
    old, new = hand_over(dataset, TABLE), hand_over(dataset, TABLE)
    DatasetImport.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(hours=25))

    assert imports.forget_old() == 1
    assert DatasetImport.objects.get() == new


def test_a_long_file_is_imported_in_bounded_memory(dataset):
    rows, padding = 3_000, "parcel " * 1_200

    def chunks():
        yield b"question,__expected,__split\n"
        for number in range(rows):
            yield f"Where is number {number}? {padding},On its way,test\n".encode()

    found = imports.begin(dataset=dataset, file_name="long.csv", chunks=chunks(), by=None)
    imports.confirm(dataset_import=found, by=None)
    tracemalloc.start()
    imports.run(import_id=found.pk)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    dataset.refresh_from_db()
    assert (dataset.item_count, dataset.revision) == (rows, 1)
    assert found.size > 24 * 1024 * 1024
    assert most < 17 * 1024 * 1024


def test_empty_lines_take_no_more_time_than_others(dataset, monkeypatch):
    found = hand_over(dataset, b"q\nfirst\n" + b"\n" * (4 * 1024 * 1024) + b"last\n")
    parts, clock = [], iter(range(1_000))
    monkeypatch.setattr(imports.time, "monotonic", lambda: next(clock))
    DatasetImportPart.objects.count()

    with CaptureQueriesContext(connection) as queries:
        seen = imports.look(dataset_import=found, seconds=2)

    parts = [query for query in queries if "dataset_import_part" in query["sql"]]
    assert (seen.usable_count, seen.is_whole) == (1, False)
    assert len(parts) < 5


def test_a_file_of_empty_lines_is_refused_in_time(dataset, monkeypatch):
    clock = iter(range(1_000))
    monkeypatch.setattr(imports.time, "monotonic", lambda: next(clock))

    with pytest.raises(FileNotUsable, match="No row of this file can be read"):
        hand_over(dataset, b"q\n" + b"\n" * (6 * 1024 * 1024) + b"last\n")


def test_an_import_whose_worker_was_stopped_is_given_up_and_says_so(dataset):
    found = hand_over(dataset, TABLE)
    imports.confirm(dataset_import=found, by=None)
    Job.objects.update(state=JobState.DEAD)

    imports.forget_old()

    found.refresh_from_db()
    assert found.state == ImportState.FAILED
    assert "smaller parts" in found.outcome["reason"]
    assert found.finished_at is not None
    assert not DatasetImportPart.objects.exists()


@pytest.mark.parametrize("state", [JobState.READY, JobState.RUNNING], ids=["waiting", "running"])
def test_an_import_that_somebody_works_on_is_not_given_up(dataset, state):
    found = hand_over(dataset, TABLE)
    imports.confirm(dataset_import=found, by=None)
    Job.objects.update(state=state)

    imports.forget_old()

    found.refresh_from_db()
    assert found.state == ImportState.CONFIRMED


def test_an_import_whose_job_was_swept_away_is_given_up(dataset):
    found, other = hand_over(dataset, TABLE), hand_over(dataset, TABLE)
    for one in (found, other):
        imports.confirm(dataset_import=one, by=None)
    Job.objects.filter(payload__import=found.pk).delete()

    imports.forget_old()

    states = dict(DatasetImport.objects.values_list("pk", "state"))
    assert states == {found.pk: ImportState.FAILED, other.pk: ImportState.CONFIRMED}
