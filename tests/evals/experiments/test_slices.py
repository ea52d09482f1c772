"""Comparisons for parts of the items."""

from __future__ import annotations

import pytest

from evals.experiments import comparisons, slices
from tests.evals.experiment_factories import make_judged
from tests.evals.factories import add, make_dataset

pytestmark = pytest.mark.django_db


def tagged(count: int = 4):
    dataset = make_dataset()
    for number in range(count):
        add(
            dataset, tags=["refund", "angry"] if number % 2 else ["delivery"], split="test" if number < 2 else "train",
            metadata={"language": "de" if number < 3 else "fr", "a__b 'x": True},
        )  # fmt: skip
    return dataset


def test_items_can_be_cut_by_whatever_is_known_about_them():
    comparison = comparisons.compare(experiment=make_judged({"Correct": ["1111", "1010"]}, dataset=tagged()))

    assert slices.ways(comparison) == [
        ("tag", "Tag"), ("split", "Part"), ("note:a__b 'x", "a__b 'x"), ("note:language", "language"),
    ]  # fmt: skip


def test_each_part_has_its_own_difference_and_says_when_it_is_small():
    comparison = comparisons.compare(experiment=make_judged({"Correct": ["1111", "1010"]}, dataset=tagged()))

    found = slices.cut(comparison, column=1, by="tag")

    parts = {part.name: (part.items, part.results[0].contrast.difference.estimate) for part in found.parts}
    assert parts == {"angry": (2, -1.0), "delivery": (2, 0.0), "refund": (2, -1.0)}
    assert all(part.is_small for part in found.parts)


@pytest.mark.parametrize(
    ("by", "names"), [("split", ["test", "train"]), ("note:language", ["de", "fr"]), ("note:a__b 'x", ["true"])]
)  # fmt: skip
def test_parts_of_a_dataset_and_notes_cut_too(by, names):
    comparison = comparisons.compare(experiment=make_judged({"Correct": ["1111", "1010"]}, dataset=tagged()))

    assert sorted(part.name for part in slices.cut(comparison, column=1, by=by).parts) == names


def test_many_small_parts_are_corrected_for_being_many():
    dataset = make_dataset()
    for number in range(300):
        add(dataset, metadata={"kind": f"k{number // 15}"})
    a = "1" * 300
    comparison = comparisons.compare(
        experiment=make_judged({"Correct": [a, "0" * 5 + "1" * 295]}, dataset=dataset)
    )  # fmt: skip

    found = slices.cut(comparison, column=1, by="note:kind")

    assert found.comparisons == 20
    assert all(result.verdict != "worse" for part in found.parts for result in part.results)


def test_the_largest_parts_are_shown_and_the_others_counted():
    dataset = make_dataset()
    for number in range(30):
        add(dataset, metadata={"user": f"u{number}"})
    comparison = comparisons.compare(experiment=make_judged({"Correct": ["1" * 30, "1" * 30]}, dataset=dataset))

    found = slices.cut(comparison, column=1, by="note:user")

    assert (len(found.parts), found.unshown) == (slices.MOST_SHOWN, 10)
