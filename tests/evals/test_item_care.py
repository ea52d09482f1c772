"""Items that are nearly the same and items with personal data are found, and the latter can be masked."""

from __future__ import annotations

import pytest

from evals import item_care
from evals.models import DatasetItem
from tests.evals.factories import add, make_dataset, make_editor
from tests.projects.factories import make_project
from workers import tasks

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def dataset(project):
    return make_dataset(project)


def current(dataset, number) -> DatasetItem:
    return dataset.items.current().get(number=number)


def test_items_that_ask_nearly_the_same_are_found(dataset):
    add(dataset, "Where is my parcel? I ordered it last week and it was promised for Monday morning.")
    add(dataset, "How do I reset my password?")
    add(dataset, "Where is my parcel? I ordered it last week and it was promised for Monday morning!")

    found = item_care.look(dataset=dataset)

    assert [pair[:2] for pair in found.twins] == [[3, 1]]


def test_items_about_different_things_are_no_twins(dataset):
    add(dataset, "Where is my parcel?")
    add(dataset, "How do I reset my password?")

    assert item_care.look(dataset=dataset).twins == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Write to jo.doe@example.com", "e-mail"),
        ("My card is 4111 1111 1111 1111", "card"),
        ("My key is sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCD", "secret"),
    ],
    ids=["e-mail", "card", "secret"],
)
def test_personal_data_and_secrets_are_named_by_their_kind(dataset, text, kind):
    add(dataset, "Where is my parcel?")
    add(dataset, text)

    assert item_care.look(dataset=dataset).sensitive == [[2, [kind]]]


def test_what_is_stored_about_sensitive_items_holds_none_of_their_text(dataset):
    add(dataset, "Write to jo.doe@example.com")

    found = item_care.look(dataset=dataset)

    assert "jo.doe" not in str([found.sensitive, found.twins])


def test_the_expected_answer_and_the_context_are_looked_at_too(dataset):
    add(dataset, "One?", expected_output={"to": ["jo.doe@example.com"]})
    add(dataset, "Two?", context="Call +49 151 12345678.")

    assert [number for number, _ in item_care.look(dataset=dataset).sensitive] == [1, 2]


def test_masking_replaces_what_was_found_as_a_new_revision(project, dataset):
    add(dataset, "Write to jo.doe@example.com", expected_output="Sent to jo.doe@example.com.")
    before = dataset.revision

    changed, refusals = item_care.mask(dataset=dataset, numbers=[1], by=make_editor(project))

    item = current(dataset, 1)
    assert (changed, refusals) == (1, [])
    assert item.input == {"question": "Write to [e-mail]"}
    assert item.expected_output == "Sent to [e-mail]."
    assert item.valid_from_revision == before + 1
    assert item_care.look(dataset=dataset).sensitive == []


def test_masking_leaves_other_items_alone(project, dataset):
    add(dataset, "Where is my parcel?")

    changed, _ = item_care.mask(dataset=dataset, numbers=[1], by=make_editor(project))

    assert changed == 0
    assert dataset.revision == 1


def test_two_items_that_masking_makes_equal_are_refused_with_the_reason(project, dataset):
    add(dataset, "Write to jo.doe@example.com")
    add(dataset, "Write to jane.doe@example.com")

    changed, refusals = item_care.mask(dataset=dataset, numbers=[1, 2], by=make_editor(project))

    assert changed == 1
    assert refusals[0].startswith("Item 2: Item 1 of this dataset says the same")


def test_a_look_is_taken_by_a_job_and_asked_for_once(dataset):
    add(dataset, "Write to jo.doe@example.com")

    asked = [item_care.ask(dataset=dataset), item_care.ask(dataset=dataset)]
    tasks.run_ready("insight")

    assert asked == [True, False]
    dataset.refresh_from_db()
    assert dataset.care.revision == dataset.revision
