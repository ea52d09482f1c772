"""Makes datasets and changes what is in them; every change of the items is a new revision, and none is lost."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from django.db import IntegrityError, transaction

from evals import archiving, item_contents, revisions
from evals.adding import Adder, Addition, NewItem
from evals.errors import (
    DatasetArchived,
    DatasetNameNotUsable,
    DatasetNameTaken,
    DescriptionTooLong,
    ItemChangedMeanwhile,
    ItemRemoved,
    ItemTwice,
    ItemUnknown,
    RevisionUnknown,
)
from evals.item_contents import ItemContent
from evals.models import Dataset, DatasetItem, DatasetItemQuerySet, ItemSource
from projects import audit
from projects.models import Project, User
from projects.roles import Action
from prompt_registry import names, texts
from prompt_registry.errors import NameNotUsable
from prompt_registry.permissions import demand

MAX_DESCRIPTION = 500


@transaction.atomic
def create(*, project: Project, name: str, description: str = "", by: User | None) -> Dataset:
    """Return a new dataset without items; `/` in the name makes folders."""
    demand(project=project, action=Action.EDIT_DATASETS, by=by)
    name, description = _clean_name(name), _clean_description(description)
    try:
        with transaction.atomic():
            dataset = Dataset.objects.create(
                project=project, name=name, description=description, created_by=by, changed_by=by
            )
    except IntegrityError as error:
        raise _taken(project, name) from error
    audit.record(action="dataset.created", subject=name, by=by, project=project, dataset=dataset.pk)
    return dataset


@transaction.atomic
def rename(*, dataset: Dataset, name: str, description: str, by: User | None) -> Dataset:
    """Give the dataset another name and description; its items and revisions stay what they are."""
    locked = _locked(dataset, by=by)
    before = locked.name
    locked.name, locked.description = _clean_name(name), _clean_description(description)
    try:
        with transaction.atomic():
            locked.save(update_fields=["name", "description"])
    except IntegrityError as error:
        raise _taken(locked.project, locked.name) from error
    audit.record(
        action="dataset.renamed", subject=before, by=by, project=locked.project, before=before, after=locked.name
    )
    return locked


@transaction.atomic
def archive(*, dataset: Dataset, by: User | None) -> Dataset:
    """Take the dataset out of the lists; nothing of it is lost."""
    locked = _locked(dataset, by=by, is_archive_fine=True)
    archiving.put_away(locked, by=by)
    return locked


@transaction.atomic
def restore(*, dataset: Dataset, by: User | None) -> Dataset:
    """Bring the dataset back from the archive."""
    locked = _locked(dataset, by=by, is_archive_fine=True)
    archiving.bring_back(locked, by=by)
    return locked


def add_item(
    *,
    dataset: Dataset,
    input: Any,
    expected_output: Any = None,
    metadata: dict[str, Any] | None = None,
    source_trace_id: uuid.UUID | str | None = None,
    context: str = "",
    tags: Iterable[str] = (),
    split: str = "",
    source: str = "",
    source_span_id: int | None = None,
    by: User | None,
) -> DatasetItem:
    """Put one item into the dataset and return it.

    When the dataset holds the same item already, nothing is stored and that one comes back, with
    `was_there_already` set.
    """
    content = item_contents.checked(
        input=input, context=context, expected_output=expected_output, metadata=metadata, tags=tags, split=split
    )
    trace_id = uuid.UUID(str(source_trace_id)) if source_trace_id else None
    came_from = source or (ItemSource.CALL if trace_id else ItemSource.HAND if by else ItemSource.API)
    new = NewItem(content, came_from, trace_id, source_span_id)
    done = add_items(dataset=dataset, items=[new], by=by)
    number = done.first_number or done.duplicates[0].number
    item = DatasetItem.objects.current().get(dataset=dataset, number=number)
    item.was_there_already = not done.added_count
    return item


@transaction.atomic
def add_items(*, dataset: Dataset, items: Iterable[NewItem], origin: str = "", by: User | None) -> Addition:
    """Put items into the dataset as one revision; what is in it already is left out and named in the answer."""
    locked = _locked(dataset, by=by)
    adder = Adder(dataset=locked, revision=locked.revision + 1, by=by)
    done = adder.add(items)
    if done.added_count:
        words = f"Added {_items(done.added_count)}" + (f" from {origin}" if origin else "")
        done.revision = revisions.close(dataset=locked, summary=words, added=done.added_count, by=by).number
        _follow(dataset, locked)
    return done


@transaction.atomic
def change_item(
    *, dataset: Dataset, number: int, content: ItemContent, base_revision: int | None = None, by: User | None
) -> DatasetItem:
    """Give an item another content and return it as it is now.

    `base_revision` is the `valid_from_revision` that the writer saw; when the item was changed since, nothing is
    overwritten and ItemChangedMeanwhile carries what is stored.
    """
    locked = _locked(dataset, by=by)
    item = _current(locked, number)
    if base_revision is not None and base_revision != item.valid_from_revision:
        raise ItemChangedMeanwhile(newer=item)
    if item_contents.of_item(item) == content:
        return item
    _refuse_twin(locked, content, number)
    changed = _replaced(locked, item, content, by)
    revisions.close(dataset=locked, summary=f"Changed item {number}", changed=1, by=by)
    _follow(dataset, locked)
    return changed


@transaction.atomic
def remove_item(*, dataset: Dataset, number: int, by: User | None) -> DatasetItem:
    """Take an item out of the dataset; earlier revisions keep it, and it can be brought back."""
    locked = _locked(dataset, by=by)
    item = _current(locked, number)
    item.valid_to_revision = locked.revision + 1
    item.save(update_fields=["valid_to_revision"])
    locked.item_count -= 1
    revisions.close(dataset=locked, summary=f"Removed item {number}", removed=1, by=by)
    _follow(dataset, locked)
    return item


@transaction.atomic
def bring_back_item(*, dataset: Dataset, number: int, by: User | None) -> DatasetItem:
    """Undo a removal: the item is in the dataset again as it was last, under its number."""
    locked = _locked(dataset, by=by)
    last = newest_of(locked, number)
    if last.is_current:
        return last
    _refuse_twin(locked, item_contents.of_item(last), number)
    locked.item_count += 1
    item = _replaced(locked, last, item_contents.of_item(last), by)
    revisions.close(dataset=locked, summary=f"Brought item {number} back", added=1, by=by)
    _follow(dataset, locked)
    return item


def newest_of(dataset: Dataset, number: int) -> DatasetItem:
    """Return an item as it is now, or as it was when it was removed."""
    versions = dataset.items.select_related("author").filter(number=number)
    item = versions.order_by("-valid_from_revision").first()
    if item is None:
        raise ItemUnknown(f"This dataset has no item {number}.")
    return item


def items(*, dataset: Dataset, limit: int, after: int = 0) -> list[DatasetItem]:
    """Return the items that are in the dataset now, by number, from the one behind `after` on."""
    return list(dataset.items.current().filter(number__gt=after).by_number()[:limit])


def items_at(*, dataset: Dataset, revision: int) -> DatasetItemQuerySet:
    """Return the items as they were when this revision was the newest; the answer never changes."""
    if not 0 <= revision <= dataset.revision:
        raise RevisionUnknown(f"This dataset has no revision {revision}.")
    return DatasetItem.objects.filter(dataset=dataset).at(revision).by_number()


def _locked(dataset: Dataset, *, by: User | None, is_archive_fine: bool = False) -> Dataset:
    demand(project=dataset.project, action=Action.EDIT_DATASETS, by=by)
    locked = Dataset.objects.select_for_update(of=("self",)).select_related("project").get(pk=dataset.pk)
    if locked.archived_at and not is_archive_fine:
        raise DatasetArchived
    return locked


def _follow(dataset: Dataset, locked: Dataset) -> None:
    """Let the caller's row know what the change made of it."""
    dataset.revision, dataset.item_count = locked.revision, locked.item_count
    dataset.last_item_number = locked.last_item_number


def _current(dataset: Dataset, number: int) -> DatasetItem:
    item = newest_of(dataset, number)
    if not item.is_current:
        raise ItemRemoved
    return item


def _replaced(dataset: Dataset, item: DatasetItem, content: ItemContent, by: User | None) -> DatasetItem:
    """Let the item go on with other content from the next revision on."""
    revision = dataset.revision + 1
    if item.is_current:
        item.valid_to_revision = revision
        item.save(update_fields=["valid_to_revision"])
    return DatasetItem.objects.create(
        project_id=dataset.project_id, dataset=dataset, number=item.number, valid_from_revision=revision,
        input=content.input, context=content.context, expected_output=content.expected_output,
        metadata=content.metadata, tags=list(content.tags), split=content.split, content_hash=content.hash,
        source=item.source, source_trace_id=item.source_trace_id, source_span_id=item.source_span_id, author=by,
    )  # fmt: skip


def _refuse_twin(dataset: Dataset, content: ItemContent, number: int) -> None:
    twin = dataset.items.current().filter(content_hash=content.hash).exclude(number=number).first()
    if twin is not None:
        raise ItemTwice(twin=twin)


def _clean_name(name: str) -> str:
    try:
        return names.clean(name)
    except NameNotUsable as error:
        missing = "A dataset needs a name, such as support/refunds."
        raise DatasetNameNotUsable(str(error) if name.strip() else missing) from error


def _clean_description(text: str) -> str:
    found = texts.clean(text).strip()
    if len(found) > MAX_DESCRIPTION:
        raise DescriptionTooLong
    return found


def _taken(project: Project, name: str) -> DatasetNameTaken:
    other = Dataset.objects.for_project(project).filter(name=name).first()
    if other is not None and other.archived_at:
        return DatasetNameTaken(f"«{name}» is in the archive. Bring it back from there, or choose another name.")
    return DatasetNameTaken()


def _items(count: int) -> str:
    return "1 item" if count == 1 else f"{count:,} items"
