"""Datasets to test with; a test overrides only what it is about."""

from __future__ import annotations

from itertools import count
from typing import Any

from evals import datasets, imports
from evals.models import Dataset, DatasetImport, DatasetItem
from projects.models import Project, User
from projects.roles import Role
from tests.projects.factories import make_member, make_project

_numbers = count(1)


def make_editor(project: Project) -> User:
    return make_member(project=project, role=Role.EDITOR)


def make_dataset(project: Project | None = None, *, by: User | None = None, **values: Any) -> Dataset:
    project = project or make_project()
    return datasets.create(project=project, **{"name": f"support/set-{next(_numbers)}", "by": by} | values)


def add(dataset: Dataset, question: str = "", **values: Any) -> DatasetItem:
    """Add one item, a new one each time unless its question is given."""
    text = question or f"Question number {next(_numbers)}?"
    return datasets.add_item(dataset=dataset, **{"input": {"question": text}, "by": None} | values)


def fill(dataset: Dataset, amount: int) -> None:
    """Add items as one revision."""
    from evals import item_contents
    from evals.adding import NewItem

    rows = (NewItem(item_contents.checked(input={"question": f"Q{number}"})) for number in range(amount))
    datasets.add_items(dataset=dataset, items=rows, by=None)


def hand_over(dataset: Dataset, text: str | bytes, *, name: str = "rows.csv", by: User | None = None) -> DatasetImport:
    data = text.encode() if isinstance(text, str) else text
    return imports.begin(dataset=dataset, file_name=name, chunks=[data], by=by)


def bring_in(dataset: Dataset, text: str | bytes, *, by: User | None = None) -> DatasetImport:
    """Import a file as it is, and return what became of it."""
    found = hand_over(dataset, text, by=by)
    imports.confirm(dataset_import=found, by=by)
    imports.run(import_id=found.pk)
    found.refresh_from_db()
    return found
