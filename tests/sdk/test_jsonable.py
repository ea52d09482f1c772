"""Any value of the host becomes JSON, and none of its code does work."""

import dataclasses
import datetime
import decimal
import enum
import json
import pathlib
import uuid

import pytest
from callboard.jsonable import MAX_TEXT, shortened, to_json


class Colour(enum.Enum):
    RED = "red"


@dataclasses.dataclass
class Document:
    title: str
    score: float


class QuerySet:
    def __repr__(self) -> str:
        raise AssertionError("this would run a query")

    __str__ = __repr__


class BrokenModel:
    def model_dump(self, **options):
        raise RuntimeError("cannot be dumped")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": [1, "b", None, True]}, {"a": [1, "b", None, True]}),
        (datetime.datetime(2026, 1, 2, 3, 4, tzinfo=datetime.UTC), "2026-01-02T03:04:00+00:00"),
        (datetime.date(2026, 1, 2), "2026-01-02"),
        (uuid.UUID(int=7), "00000000-0000-0000-0000-000000000007"),
        (decimal.Decimal("1.10"), "1.10"),
        (pathlib.PurePosixPath("a/b"), "a/b"),
        (Colour.RED, "red"),
        (b"abc", "<3 bytes>"),
        (Document("t", 0.5), {"title": "t", "score": 0.5}),
        (frozenset({"x"}), ["x"]),
        (ValueError("no"), "ValueError: no"),
        ({1: "a", None: "b", (1, 2): "c"}, {"1": "a", "None": "b", "[1,2]": "c"}),
        (float("nan"), "nan"),
        ([float("inf"), 1.5], ["inf", 1.5]),
        (QuerySet(), "<tests.sdk.test_jsonable.QuerySet>"),
        (QuerySet, "<tests.sdk.test_jsonable.QuerySet>"),
        (BrokenModel(), "<tests.sdk.test_jsonable.BrokenModel>"),
        ({"deep": object()}, {"deep": "<builtins.object>"}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_become_json(value, expected):
    assert json.loads(to_json(value)) == expected


def test_models_with_a_dump_are_dumped():
    class Model:
        def model_dump(self, *, mode, warnings):
            return {"mode": mode}

    assert json.loads(to_json([Model()])) == [{"mode": "json"}]


def test_a_structure_that_contains_itself_ends():
    loop: dict[str, object] = {"a": 1}
    loop["self"] = loop
    loop["again"] = [loop, loop]

    text = to_json(loop)

    assert json.loads(text)["a"] == 1
    assert len(text) < 8 * MAX_TEXT


def test_deep_nesting_ends():
    deep: list[object] = []
    for _ in range(5_000):
        deep = [deep]

    assert "too deep" in to_json(deep)


def test_letters_outside_ascii_stay_and_lone_surrogates_do_not_fail():
    assert to_json("Zürich 東京") == '"Zürich 東京"'
    assert json.loads(to_json({"bad": "\ud800"}))["bad"] == "\ud800"


def test_a_number_that_python_does_not_write_out_is_described():
    content = json.loads(to_json({"huge": -(10**5_000), 10**5_000: 1, "large": 2**64}))

    assert content["huge"] == "<a whole number of about 5,001 digits>"
    assert content["<a whole number of about 5,001 digits>"] == 1
    assert content["large"] == 2**64


def test_a_huge_value_stays_json_with_its_long_texts_cut():
    value = {"short": "kept", "long": "x" * (2 * MAX_TEXT)}

    content = json.loads(to_json(value))

    assert content["short"] == "kept"
    assert len(content["long"]) < 20_000
    assert "2,000,000 characters in all" in content["long"]


def test_long_text_says_how_long_it_was():
    assert shortened("abc", 3) == "abc"
    assert shortened("abcd", 3) == "abc… [cut by the Callboard SDK: 4 characters in all]"
