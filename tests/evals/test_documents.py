"""Items as other programs read them, and back."""

from __future__ import annotations

import pytest

from evals import documents
from evals.models import Dataset
from tests.evals.factories import add, bring_in, make_dataset
from webapp import exports

pytestmark = pytest.mark.django_db


@pytest.fixture
def dataset() -> Dataset:
    dataset = make_dataset()
    add(
        dataset, "=1+1", expected_output="2", context="Sums", tags=["a", "b"], split="test", metadata={"topic": "maths"}
    )
    add(dataset, "Grüße, «wohin»?", input={"shop": "Nordwind", "history": [{"role": "user", "content": "Hi"}]})
    return dataset


def said(dataset: Dataset):
    return [
        (item.input, item.expected_output, item.context, item.tags, item.split, item.metadata)
        for item in dataset.items.current().by_number()
    ]


def filled(dataset: Dataset):
    """What items say, without the cells that a table has for blanks of other items."""
    return [({name: value for name, value in row[0].items() if value}, *row[1:]) for row in said(dataset)]


def test_lines_of_json_are_read_back_as_the_same_items(dataset):
    items = (documents.of_item(item) for item in documents.in_chunks(dataset.items.current()))
    copy = make_dataset()

    bring_in(copy, b"".join(exports.json_lines(items)))

    assert [row[:5] for row in said(copy)] == [row[:5] for row in said(dataset)]
    assert said(copy)[0][5] == {"topic": "maths", "id": 1, "source": "api", "revision": 1}


def test_a_table_is_harmless_in_a_spreadsheet_and_read_back(dataset):
    table = b"".join(exports.csv_lines(documents.table(dataset.items.current())))
    copy = make_dataset()

    bring_in(copy, table)

    assert b'"\'=1+1"' in table
    assert filled(copy)[0] == filled(dataset)[0]
    assert filled(copy)[1][0]["shop"] == "Nordwind"
