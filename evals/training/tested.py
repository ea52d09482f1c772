"""What a project tests with: the items of its datasets, for the look whether calls to train on are among them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from evals.models import DatasetItem
from evals.training.leaks import LeakIndex
from projects.models import Project

# More items than this, the newest of them: the index must fit into the memory of a worker.
MOST_ITEMS = 50_000


def index(project: Project) -> LeakIndex:
    """Return the items that are in datasets now, apart from datasets in the archive."""
    found = LeakIndex()
    rows = DatasetItem.objects.current().filter(project=project, dataset__archived_at=None).order_by("-pk")
    for pk, given in rows.values_list("pk", "input")[:MOST_ITEMS].iterator(chunk_size=500):
        found.add(pk, texts_of(given))
    found.settle()
    return found


def texts_of(value: Any) -> Iterator[str]:
    """Yield the texts that go in, without the names of roles and blanks, and without what the application always says."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict) and value.get("role") not in ("system", "developer"):
        for name, one in value.items():
            if name not in ("role", "id", "type"):
                yield from texts_of(one)
    elif isinstance(value, list):
        for one in value:
            yield from texts_of(one)
