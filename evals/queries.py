"""What the pages about datasets show."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from django.db import connection, models
from django.db.models import Q
from django.db.models.functions import Cast

from evals.models import Dataset, DatasetItem, DatasetItemQuerySet
from projects.models import Project

MOST_WORDS = 8
_NAMES_FROM = 200
_MOST_NAMES = 100


@dataclass(frozen=True, slots=True)
class ItemFilter:
    """Which items of a dataset somebody wants to see; empty values leave all in."""

    words: str = ""
    tag: str = ""
    split: str = ""

    @property
    def is_set(self) -> bool:
        return self != ItemFilter()

    def apply(self, items: DatasetItemQuerySet) -> DatasetItemQuerySet:
        if self.tag:
            items = items.filter(tags__contains=[self.tag])
        if self.split:
            items = items.filter(split=self.split)
        if not self.words:
            return items
        items = items.annotate(
            input_text=Cast("input", models.TextField()), expected_text=Cast("expected_output", models.TextField())
        )
        for word in self.words.split()[:MOST_WORDS]:
            said = Q(input_text__icontains=word) | Q(expected_text__icontains=word) | Q(context__icontains=word)
            items = items.filter(said | Q(tags__contains=[word]))
        return items


@dataclass(frozen=True, slots=True)
class ItemPage:
    """Some items by number, and where the pages beside them begin."""

    items: list[DatasetItem]
    after: int | None
    before: int | None


def datasets(
    *, project: Project, words: str = "", is_archive: bool = False, after: str = "", limit: int
) -> tuple[list[Dataset], bool]:
    """Return datasets by name, and whether there are more."""
    rows = Dataset.objects.for_project(project).select_related("changed_by").filter(archived_at__isnull=not is_archive)
    for word in words.split()[:MOST_WORDS]:
        rows = rows.filter(Q(name__icontains=word) | Q(description__icontains=word))
    found = list(rows.filter(name__gt=after).by_name()[: limit + 1])
    return found[:limit], len(found) > limit


def item_page(
    *, items: DatasetItemQuerySet, wanted: ItemFilter, after: int = 0, before: int | None = None, limit: int
) -> ItemPage:
    """Return one page of the items that pass the filter."""
    rows = wanted.apply(items)
    if before is not None:
        found = list(rows.filter(number__lt=before).order_by("-number")[: limit + 1])
        page, has_earlier = found[:limit][::-1], len(found) > limit
        return ItemPage(page, page[-1].number if page else None, page[0].number if page and has_earlier else None)
    found = list(rows.filter(number__gt=after).order_by("number")[: limit + 1])
    page = found[:limit]
    return ItemPage(
        page, page[-1].number if len(found) > limit else None, page[0].number if page and after else None
    )  # fmt: skip


def beside(items: DatasetItemQuerySet, number: int) -> tuple[int | None, int | None]:
    """Return the numbers of the items before and after this one."""
    earlier = items.filter(number__lt=number).order_by("-number").values_list("number", flat=True).first()
    later = items.filter(number__gt=number).order_by("number").values_list("number", flat=True).first()
    return earlier, later


def blank_names(dataset: Dataset) -> list[str]:
    """Return the blanks that the items fill, from the first of them: as many as tell what the dataset is about."""
    names = dict[str, None]()
    for values in dataset.items.current().order_by("number").values_list("input", flat=True)[:_NAMES_FROM]:
        names |= dict.fromkeys(values)
    return list(names)[:_MOST_NAMES]


def usual_blanks(dataset: Dataset) -> list[str]:
    """Return the blanks that most items fill, and so the next one most likely fills too."""
    found = list(dataset.items.current().order_by("number").values_list("input", flat=True)[:_NAMES_FROM])
    counts = Counter(name for values in found for name in values)
    return [name for name, count in counts.items() if count * 2 > len(found)]


def tags(dataset: Dataset) -> list[str]:
    """Return the tags in use, by name."""
    return _distinct(dataset, "unnest(tags)")


def splits(dataset: Dataset) -> list[str]:
    """Return the parts in use, such as train and test, by name."""
    return _distinct(dataset, "split")


def history(dataset: Dataset, number: int, limit: int = 50) -> list[DatasetItem]:
    """Return an item as it was over time, newest first."""
    rows = dataset.items.filter(number=number).select_related("author").order_by("-valid_from_revision")
    return list(rows[:limit])


def _distinct(dataset: Dataset, expression: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT DISTINCT {expression} AS name FROM dataset_item WHERE dataset_id = %s AND valid_to_revision IS NULL "
            "ORDER BY name LIMIT %s",
            [dataset.pk, _MOST_NAMES],
        )
        return [name for (name,) in cursor.fetchall() if name]
