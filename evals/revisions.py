"""The revisions of a dataset: making the next one, and saying what differs between two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from django.db.models import Q
from django.utils import timezone

from evals.errors import RevisionUnknown
from evals.models import Dataset, DatasetItem, DatasetRevision
from projects import audit
from projects.models import User


@dataclass(frozen=True, slots=True)
class ItemChange:
    """One item that two revisions tell apart; a side on which it is not there is None."""

    number: int
    before: DatasetItem | None
    after: DatasetItem | None

    @property
    def shown(self) -> DatasetItem:
        """The item as it is on the newer side, or as it was before it went."""
        return cast(DatasetItem, self.after or self.before)

    @property
    def kind(self) -> str:
        """Say whether the item was added, removed or changed."""
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"


def close(
    *, dataset: Dataset, summary: str, added: int = 0, changed: int = 0, removed: int = 0, by: User | None
) -> DatasetRevision:
    """Make what was just written the newest revision; the caller holds the lock on the dataset's row."""
    dataset.revision += 1
    dataset.changed_at, dataset.changed_by = timezone.now(), by
    dataset.save(update_fields=["revision", "item_count", "last_item_number", "changed_at", "changed_by"])
    audit.record(
        action="dataset.changed", subject=dataset.name, by=by, project=dataset.project, revision=dataset.revision,
        added=added, changed=changed, removed=removed,
    )  # fmt: skip
    return DatasetRevision.objects.create(
        project_id=dataset.project_id, dataset=dataset, number=dataset.revision, summary=summary[:200],
        added_count=added, changed_count=changed, removed_count=removed, item_count=dataset.item_count, author=by,
        created_at=dataset.changed_at,
    )  # fmt: skip


def by_number(dataset: Dataset, number: int) -> DatasetRevision:
    """Return one revision of the dataset."""
    found = dataset.revisions.select_related("author").filter(number=number).first()
    if found is None:
        raise RevisionUnknown(f"This dataset has no revision {number}.")
    return found


def page(*, dataset: Dataset, before: int | None, limit: int) -> tuple[list[DatasetRevision], bool]:
    """Return the revisions, newest first, and whether there are older ones."""
    rows = dataset.revisions.select_related("author").order_by("-number")
    if before is not None:
        rows = rows.filter(number__lt=before)
    found = list(rows[: limit + 1])
    return found[:limit], len(found) > limit


def compare(*, dataset: Dataset, older: int, newer: int, after: int = 0, limit: int) -> tuple[list[ItemChange], bool]:
    """Return the items that differ between two revisions, by number, and whether there are more."""
    # Rows that begin or end between the two; what came and went in between differs on neither side.
    touched = Q(valid_from_revision__gt=older, valid_from_revision__lte=newer)
    touched |= Q(valid_to_revision__gt=older, valid_to_revision__lte=newer)
    at_one = Q(valid_from_revision__lte=older) & (Q(valid_to_revision=None) | Q(valid_to_revision__gt=older))
    at_other = Q(valid_from_revision__lte=newer) & (Q(valid_to_revision=None) | Q(valid_to_revision__gt=newer))
    rows = dataset.items.filter(touched, at_one | at_other, number__gt=after)
    numbers = list(rows.order_by("number").values_list("number", flat=True).distinct()[: limit + 1])
    before = {item.number: item for item in dataset.items.at(older).filter(number__in=numbers[:limit])}
    behind = {item.number: item for item in dataset.items.at(newer).filter(number__in=numbers[:limit])}
    changes = [ItemChange(number, before.get(number), behind.get(number)) for number in numbers[:limit]]
    return changes, len(numbers) > limit
