"""Datasets, their items and their revisions."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings
from django.db import IntegrityError, connection, transaction

from evals import datasets, item_contents, revisions
from evals.errors import (
    DatasetArchived,
    DatasetNameNotUsable,
    DatasetNameTaken,
    ItemChangedMeanwhile,
    ItemRemoved,
    ItemTwice,
    ItemUnknown,
    RevisionUnknown,
)
from evals.models import Dataset, DatasetItem, ItemSource
from projects.models import AuditEvent, Project
from projects.roles import Role
from prompt_registry import project_removal
from prompt_registry.errors import NotAllowed
from tests.evals.factories import add, fill, hand_over, make_dataset, make_editor
from tests.projects.factories import make_member, make_project, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return make_project()


@pytest.fixture
def dataset(project) -> Dataset:
    return make_dataset(project)


def questions(rows) -> list[str]:
    return [item.input["question"] for item in rows]


def content(question: str):
    return item_contents.checked(input={"question": question})


@transaction.atomic
def move(item: DatasetItem, project: Project) -> None:
    """Write a row into another project, as no function of ours does."""
    DatasetItem.objects.filter(pk=item.pk).update(project=project)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


# Datasets


def test_a_dataset_is_made_empty_and_noted(project):
    editor = make_editor(project)

    made = datasets.create(project=project, name=" support/refunds ", description="Real ones", by=editor)

    assert (made.name, made.description, made.revision, made.item_count) == ("support/refunds", "Real ones", 0, 0)
    assert AuditEvent.objects.filter(action="dataset.created", subject="support/refunds", user=editor).exists()


@pytest.mark.parametrize("name", ["", "  ", "a//b", "/a", "x" * 256, "bi\u202edi"])
def test_a_name_that_cannot_be_used_is_refused(project, name):
    with pytest.raises(DatasetNameNotUsable):
        make_dataset(project, name=name)


def test_a_name_is_given_once_and_the_archive_is_mentioned(project, dataset):
    with pytest.raises(DatasetNameTaken, match="Choose another name"):
        make_dataset(project, name=dataset.name)

    datasets.archive(dataset=dataset, by=None)

    with pytest.raises(DatasetNameTaken, match="in the archive"):
        make_dataset(project, name=dataset.name)


def test_two_projects_may_use_the_same_name(dataset):
    assert make_dataset(make_project(), name=dataset.name).name == dataset.name


def test_renaming_keeps_the_items(project, dataset):
    add(dataset, "Where is it?")

    datasets.rename(dataset=dataset, name="support/new", description="Other", by=make_editor(project))

    dataset.refresh_from_db()
    assert (dataset.name, dataset.description, dataset.item_count) == ("support/new", "Other", 1)


def test_an_archived_dataset_is_read_but_not_changed(dataset):
    item = add(dataset)
    datasets.archive(dataset=dataset, by=None)

    with pytest.raises(DatasetArchived):
        add(dataset)
    assert [one.number for one in datasets.items(dataset=dataset, limit=9)] == [item.number]

    datasets.restore(dataset=dataset, by=None)
    assert add(dataset).number == 2


def test_a_viewer_changes_nothing(project, dataset):
    viewer = make_member(project=project, role=Role.VIEWER)

    for change in (
        lambda: make_dataset(project, by=viewer),
        lambda: add(dataset, by=viewer),
        lambda: datasets.archive(dataset=dataset, by=viewer),
    ):
        with pytest.raises(NotAllowed):
            change()
    assert Dataset.objects.get().revision == 0


# Items


def test_an_item_gets_a_number_and_makes_a_revision(project, dataset):
    editor = make_editor(project)

    item = datasets.add_item(
        dataset=dataset, input={"question": "Where?"}, expected_output="Here.", metadata={"topic": "refunds"}, by=editor
    )

    assert (item.number, item.valid_from_revision, item.source, item.author) == (1, 1, ItemSource.HAND, editor)
    assert (item.expected_output, item.metadata, item.was_there_already) == ("Here.", {"topic": "refunds"}, False)
    assert (dataset.revision, dataset.item_count) == (1, 1)
    assert dataset.revisions.get().summary == "Added 1 item"


def test_an_item_remembers_the_call_it_was_made_of(dataset):
    item = add(dataset, source_trace_id="0af7651916cd43dd8448eb211c80319c")

    assert (item.source, item.source_trace_id.hex) == (ItemSource.CALL, "0af7651916cd43dd8448eb211c80319c")


def test_the_same_item_is_not_stored_twice_and_the_answer_says_so(dataset):
    first = add(dataset, "Where?", expected_output="Here.")

    again = add(dataset, "Where?", expected_output="Here.", metadata={"seen": 2}, split="test")

    assert (again.pk, again.was_there_already) == (first.pk, True)
    assert Dataset.objects.get().revision == 1


def test_another_answer_makes_another_item(dataset):
    add(dataset, "Where?", expected_output="Here.")

    assert add(dataset, "Where?", expected_output="There.").number == 2


def test_duplicates_within_one_add_are_named(dataset):
    from evals.adding import NewItem

    rows = [NewItem(content(text), line=line) for line, text in enumerate("abab", start=2)]

    done = datasets.add_items(dataset=dataset, items=rows, by=None)

    assert (done.added_count, done.duplicate_count, done.revision) == (2, 2, 1)
    assert [(each.line, each.number) for each in done.duplicates] == [(4, 1), (5, 2)]


def test_many_items_are_one_revision(dataset):
    fill(dataset, 1203)

    assert (dataset.revision, dataset.item_count) == (1, 1203)
    assert dataset.revisions.get().summary == "Added 1,203 items"
    assert [item.number for item in datasets.items(dataset=dataset, after=1200, limit=50)] == [1201, 1202, 1203]


def test_the_database_refuses_the_same_item_twice_in_one_revision(dataset):
    item = add(dataset)
    item.pk, item.number = None, 2

    with pytest.raises(IntegrityError), transaction.atomic():
        item.save(force_insert=True)


def test_the_database_refuses_an_item_of_another_project(dataset):
    item = add(dataset)

    with pytest.raises(IntegrityError):
        move(item, make_project())


# Changing


def test_a_change_keeps_what_was(dataset):
    item = add(dataset, "Before?")

    changed = datasets.change_item(dataset=dataset, number=item.number, content=content("After?"), by=None)

    assert changed.number == item.number
    assert questions(datasets.items_at(dataset=dataset, revision=1)) == ["Before?"]
    assert questions(datasets.items_at(dataset=dataset, revision=2)) == ["After?"]


def test_a_change_of_what_somebody_else_changed_is_refused_with_theirs(dataset):
    item = add(dataset, "Before?")
    datasets.change_item(dataset=dataset, number=1, content=content("Theirs"), base_revision=1, by=None)

    with pytest.raises(ItemChangedMeanwhile) as refused:
        datasets.change_item(
            dataset=dataset, number=1, content=content("Mine"), base_revision=item.valid_from_revision, by=None
        )

    assert refused.value.newer.input == {"question": "Theirs"}
    assert questions(datasets.items(dataset=dataset, limit=9)) == ["Theirs"]


def test_saving_what_is_there_makes_no_revision(dataset):
    add(dataset, "Same?")

    datasets.change_item(dataset=dataset, number=1, content=content("Same?"), base_revision=1, by=None)

    assert Dataset.objects.get().revision == 1


def test_an_item_cannot_become_the_same_as_another(dataset):
    add(dataset, "One")
    add(dataset, "Two")

    with pytest.raises(ItemTwice, match="Item 1"):
        datasets.change_item(dataset=dataset, number=2, content=content("One"), by=None)


# Removing and bringing back


def test_a_removed_item_stays_in_earlier_revisions(dataset):
    add(dataset, "Gone")

    datasets.remove_item(dataset=dataset, number=1, by=None)

    assert questions(datasets.items(dataset=dataset, limit=9)) == []
    assert questions(datasets.items_at(dataset=dataset, revision=1)) == ["Gone"]
    assert Dataset.objects.get().item_count == 0


def test_a_removal_is_undone_under_the_same_number(dataset):
    add(dataset, "Gone")
    datasets.remove_item(dataset=dataset, number=1, by=None)

    item = datasets.bring_back_item(dataset=dataset, number=1, by=None)

    assert (item.number, item.input) == (1, {"question": "Gone"})
    assert [datasets.items_at(dataset=dataset, revision=number).count() for number in (1, 2, 3)] == [1, 0, 1]
    assert Dataset.objects.get().item_count == 1


def test_an_item_comes_back_only_when_no_other_says_the_same(dataset):
    add(dataset, "Gone")
    datasets.remove_item(dataset=dataset, number=1, by=None)
    add(dataset, "Gone")

    with pytest.raises(ItemTwice):
        datasets.bring_back_item(dataset=dataset, number=1, by=None)


def test_what_is_not_there_cannot_be_changed(dataset):
    add(dataset)
    datasets.remove_item(dataset=dataset, number=1, by=None)

    with pytest.raises(ItemRemoved):
        datasets.change_item(dataset=dataset, number=1, content=content("x"), by=None)
    with pytest.raises(ItemUnknown):
        datasets.remove_item(dataset=dataset, number=7, by=None)


# Revisions


def test_a_revision_reads_the_same_whatever_comes_after(dataset):
    fill(dataset, 3)
    before = questions(datasets.items_at(dataset=dataset, revision=1))
    datasets.change_item(dataset=dataset, number=2, content=content("Changed"), by=None)
    datasets.remove_item(dataset=dataset, number=3, by=None)
    add(dataset)

    assert questions(datasets.items_at(dataset=dataset, revision=1)) == before


def test_there_is_nothing_at_revision_zero_and_no_revision_to_come(dataset):
    add(dataset)

    assert list(datasets.items_at(dataset=dataset, revision=0)) == []
    with pytest.raises(RevisionUnknown):
        datasets.items_at(dataset=dataset, revision=2)


def test_a_comparison_names_what_came_went_and_changed(dataset):
    fill(dataset, 3)
    datasets.change_item(dataset=dataset, number=1, content=content("Other"), by=None)
    datasets.remove_item(dataset=dataset, number=2, by=None)
    add(dataset, "New")
    datasets.remove_item(dataset=dataset, number=4, by=None)
    add(dataset, "Newer")

    found, has_more = revisions.compare(dataset=dataset, older=1, newer=dataset.revision, limit=9)

    assert [(change.number, change.kind) for change in found] == [(1, "changed"), (2, "removed"), (5, "added")]
    assert found[0].before.input == {"question": "Q0"}
    assert found[0].after.input == {"question": "Other"}
    assert not has_more


def test_a_long_comparison_goes_on_behind_a_number(dataset):
    fill(dataset, 5)

    first, has_more = revisions.compare(dataset=dataset, older=0, newer=1, limit=3)
    rest, ends = revisions.compare(dataset=dataset, older=0, newer=1, after=3, limit=3)

    assert [change.number for change in [*first, *rest]] == [1, 2, 3, 4, 5]
    assert (has_more, ends) == (True, False)


@pytest.mark.django_db(transaction=True, available_apps=settings.INSTALLED_APPS)
def test_changes_at_the_same_time_make_gapless_revisions(project):
    dataset = make_dataset(project)

    def write(number: int) -> None:
        try:
            mine = Dataset.objects.select_related("project").get(pk=dataset.pk)
            add(mine, f"From writer {number}")
            add(mine, "From everybody")
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))

    dataset.refresh_from_db()
    numbers = list(dataset.revisions.order_by("number").values_list("number", flat=True))
    assert numbers == list(range(1, 6)) == list(range(1, dataset.revision + 1))
    assert sorted(dataset.items.values_list("number", flat=True)) == [1, 2, 3, 4, 5]
    assert dataset.item_count == 5


def test_the_demo_is_removed_with_its_datasets():
    project = make_project(is_demo=True)
    dataset = make_dataset(project)
    add(dataset)
    hand_over(dataset, "question\nWhere?\n")

    project_removal.remove_demo(project=project, by=make_user())

    assert not Dataset.objects.exists()
    assert not DatasetItem.objects.exists()
