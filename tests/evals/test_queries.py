"""What the pages about datasets show."""

from __future__ import annotations

import pytest

from evals import datasets, queries
from evals.models import Dataset
from evals.queries import ItemFilter
from projects.models import Project
from tests.evals.factories import add, fill, make_dataset
from tests.projects.factories import make_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return make_project()


@pytest.fixture
def dataset(project) -> Dataset:
    return make_dataset(project)


def numbers(dataset: Dataset, **wanted: str) -> list[int]:
    items = dataset.items.current()
    return [item.number for item in queries.item_page(items=items, wanted=ItemFilter(**wanted), limit=50).items]


def test_datasets_are_listed_by_name_page_by_page(project):
    for name in ("c", "a", "b"):
        make_dataset(project, name=name)
    make_dataset(name="foreign")

    first, has_more = queries.datasets(project=project, limit=2)
    rest, ends = queries.datasets(project=project, after="b", limit=2)

    assert [each.name for each in [*first, *rest]] == ["a", "b", "c"]
    assert (has_more, ends) == (True, False)


def test_the_archive_is_a_list_of_its_own(project, dataset):
    datasets.archive(dataset=dataset, by=None)

    assert queries.datasets(project=project, limit=9)[0] == []
    assert queries.datasets(project=project, is_archive=True, limit=9)[0] == [dataset]


def test_words_are_found_in_inputs_answers_context_and_tags(dataset):
    add(dataset, "Where is my Parcel?")
    add(dataset, expected_output="The parcel is late.")
    add(dataset, context="Parcels take two days.")
    add(dataset, tags=["parcel"])
    add(dataset, "Something else")

    assert numbers(dataset, words="parcel") == [1, 2, 3, 4]
    assert numbers(dataset, words="where parcel") == [1]
    assert numbers(dataset, words="100%") == []


def test_items_are_narrowed_by_tag_and_part(dataset):
    add(dataset, tags=["x", "y"], split="test")
    add(dataset, tags=["y"], split="train")

    assert (numbers(dataset, tag="x"), numbers(dataset, tag="y", split="train")) == ([1], [2])
    assert (queries.tags(dataset), queries.splits(dataset)) == (["x", "y"], ["test", "train"])


def test_pages_go_on_and_back(dataset):
    fill(dataset, 120)
    items = dataset.items.current()

    first = queries.item_page(items=items, wanted=ItemFilter(), limit=50)
    second = queries.item_page(items=items, wanted=ItemFilter(), after=first.after or 0, limit=50)
    last = queries.item_page(items=items, wanted=ItemFilter(), after=second.after or 0, limit=50)
    back = queries.item_page(items=items, wanted=ItemFilter(), before=last.before, limit=50)

    assert [(page.items[0].number, page.items[-1].number) for page in (first, second, last)] == [
        (1, 50),
        (51, 100),
        (101, 120),
    ]
    assert (first.before, last.after) == (None, None)
    assert back.items == second.items


def test_the_neighbours_of_an_item_skip_what_was_removed(dataset):
    fill(dataset, 4)
    datasets.remove_item(dataset=dataset, number=2, by=None)

    assert queries.beside(dataset.items.current(), 3) == (1, 4)


def test_the_blanks_that_items_fill_are_known(dataset):
    add(dataset, input={"question": "a", "shop": "b"})
    add(dataset, input={"language": "c"})

    assert set(queries.blank_names(dataset)) == {"question", "shop", "language"}
