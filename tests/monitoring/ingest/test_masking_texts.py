"""Masked texts: nothing planted is left, JSON stays JSON, masking twice changes nothing."""

from __future__ import annotations

import json
import time
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.ingest.masking_rules import Rule
from monitoring.ingest.masking_texts import FieldWithheld, Policy, TextMasker
from monitoring.kinds import MaskMode, Sensitive
from tests.monitoring.ingest.test_masking_detectors import HARMLESS, HELD, KEY_BLOCK

EVERYTHING = dict.fromkeys(Sensitive, MaskMode.MASK)
# A key block runs until its end wherever that is, so it swallows what follows; the others stand for themselves.
VALUES = sorted({value for values in HELD.values() for value in values} - {KEY_BLOCK})
# What may stand beside a value without becoming a part of it.
AROUND = st.text(alphabet="abcxyz äöü日本,;!?\"'<>{}\n\t\\", max_size=40)
PHONES = set(HELD[Sensitive.PHONE])


def masker(*rules: Rule, modes: dict[Sensitive, MaskMode] | None = None, key: bytes = b"k" * 32) -> TextMasker:
    return TextMasker(Policy(modes=EVERYTHING if modes is None else modes, rules=rules), key=key)


def json_values(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    keys = st.text(alphabet="abckey_@ü", max_size=8)
    return st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=8
    )


def shape_of(value: Any) -> Any:
    """Return a JSON value with its texts taken out: what masking must not touch."""
    if isinstance(value, dict):
        return {key: shape_of(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shape_of(item) for item in value]
    return "text" if isinstance(value, str) else value


@given(AROUND, st.sampled_from(VALUES), AROUND, st.sampled_from(VALUES))
def test_nothing_planted_is_left_whatever_surrounds_it(before: str, value: str, between: str, other: str) -> None:
    masked = masker().mask(f"{before} {value} {between} {other}")

    assert value not in masked
    assert other not in masked


@given(AROUND, st.sampled_from(VALUES), AROUND)
def test_masking_twice_changes_nothing(before: str, value: str, after: str) -> None:
    for mode in (MaskMode.MASK, MaskMode.HASH):
        whole = masker(modes=dict.fromkeys(Sensitive, mode))
        once = whole.mask(f"{before} {value} {after}")

        assert whole.mask(once) == once


@given(st.lists(st.sampled_from(HARMLESS), max_size=8), st.text(alphabet="abc xyz.,\n", max_size=80))
def test_harmless_numbers_stay(numbers: list[str], prose: str) -> None:
    text = "\n".join([prose, *numbers])

    assert masker().mask(text) == text


@given(
    json_values(
        st.text(max_size=20) | st.sampled_from(VALUES) | st.integers(-(10**12), 10**12) | st.booleans() | st.none()
    )
)
@pytest.mark.parametrize("is_ascii", [True, False])
def test_json_stays_the_same_json_around_its_texts(is_ascii: bool, document: Any) -> None:
    text = json.dumps([document], ensure_ascii=is_ascii).encode("utf-8", "replace").decode()

    masked = masker().mask(text)

    assert shape_of(json.loads(masked)) == shape_of(json.loads(text))
    assert not [value for value in VALUES if value in masked]


def test_values_behind_json_escapes_are_found() -> None:
    text = r'[{"content":"jo\u0040example.com\n\u0034111111111111111 4111\u00a01111\u00a01111\u00a01111"}]'

    assert json.loads(masker().mask(text)) == [{"content": "[e-mail]\n[card] [card]"}]


def test_json_inside_json_is_masked_and_stays_json() -> None:
    arguments = json.dumps({"to": "jo@example.com", "body": 'line\n"quoted" jo@example.com'})

    masked = json.loads(masker().mask(json.dumps({"arguments": arguments})))

    assert json.loads(masked["arguments"]) == {"to": "[e-mail]", "body": 'line\n"quoted" [e-mail]'}


def test_a_card_that_is_a_json_number_becomes_a_text() -> None:
    masked = masker().mask('{"card":4111111111111111,"order":1234567890123456,"price":12.50}')

    assert masked == '{"card":"[card]","order":1234567890123456,"price":12.50}'


def test_json_in_which_nothing_is_found_stays_as_it_was_sent() -> None:
    text = '{ "at" : "a@b",\n "n": 1.0, "n": 1e5 , "big": 123456789012345678901234567890}'

    assert masker().mask(text) == text


def test_keys_are_never_masked() -> None:
    assert masker().mask('{"jo@example.com":"jo@example.com"}') == '{"jo@example.com":"[e-mail]"}'
    assert masker().value({"jo@example.com": ["jo@example.com"]}) == {"jo@example.com": ["[e-mail]"]}


def test_text_that_only_looks_like_json_is_masked_as_text() -> None:
    assert masker().mask('{"to": "jo@example.com", "cut') == '{"to": "[e-mail]", "cut'


@pytest.mark.parametrize(
    ("name", "value", "masked"),
    [
        ("db.password", "tr0ub4dor", "[secret]"),
        ("accessToken", "aB3dE5fG7hJ9", "[secret]"),
        ("customer.phone", "4155552671", "[phone]"),
        ("password.hint", "the usual", "the usual"),
        ("max_tokens", "1024", "1024"),
    ],
)
def test_the_name_of_a_value_tells_what_it_is(name: str, value: str, masked: str) -> None:
    assert masker().value(value, name=name) == masked
    assert json.loads(masker().mask(json.dumps({name: value, "other": "x"}))) == {name: masked, "other": "x"}


def test_a_hash_is_the_same_for_all_spellings_of_a_value_and_another_for_each_project() -> None:
    hashing, other = (masker(modes=dict.fromkeys(Sensitive, MaskMode.HASH), key=key) for key in (b"a" * 32, b"b" * 32))

    first, second = hashing.mask("4111 1111 1111 1111|4111-1111-1111-1111").split("|")

    assert first == second
    assert first.startswith("[card:")
    assert other.mask("4111111111111111") != first
    assert hashing.mask("Jo@Example.com") == hashing.mask("jo@example.com")


def test_a_kind_that_is_dropped_withholds_the_whole_field() -> None:
    with pytest.raises(FieldWithheld):
        masker(modes={Sensitive.EMAIL: MaskMode.DROP}).mask('[{"content":"write to jo@example.com"}]')


def test_rules_of_a_project_work_beside_the_built_in_kinds_and_inside_json() -> None:
    rule = Rule(name="customer", pattern="CN-[0-9]{6}|Müller", mode=MaskMode.MASK)

    masked = masker(rule).mask(json.dumps({"text": "CN-123456 is Müller, jo@example.com"}))

    assert orjson.loads(masked) == {"text": "[customer] is [customer], [e-mail]"}


@given(AROUND, AROUND, st.booleans(), st.integers(0, 3))
@pytest.mark.parametrize("pattern", ["CN-[0-9]{6}", r"Mü\nller\\?CN", r"(?m)\bCN-[0-9]{6}\b"])
def test_rules_find_everything_in_json_inside_json(
    pattern: str, before: str, after: str, is_ascii: bool, depth: int
) -> None:
    planted = "Mü\nller\\CN-123456"
    text = f"{before} {planted} {after}"
    for _ in range(depth):
        text = json.dumps({"deeper": [text, 1]}, ensure_ascii=is_ascii)

    masked = masker(Rule(name="customer", pattern=pattern, mode=MaskMode.MASK), modes={}).mask(text)

    for _ in range(depth):
        masked = json.loads(masked)["deeper"][0]
    assert planted not in masked
    assert "[customer]" in masked


def test_what_overlaps_is_masked_once_and_the_stricter_way() -> None:
    rule = Rule(name="mail of ours", pattern="[a-z]+@example", mode=MaskMode.MASK)

    assert masker(rule, modes={Sensitive.EMAIL: MaskMode.HASH}).mask("to jo@example.com!") == "to [e-mail]!"


@pytest.mark.parametrize(
    "text",
    [
        "[e-mail] jo@example.com " * 1_300,
        '["jo@example.com","+49 151 12345678"' + ',"a@b.example 4111111111111111"' * 1_000 + "]",
        "[" * 30_000,
        '"' * 30_000,
        '["\\\\' * 7_500,
        json.dumps(json.dumps(json.dumps(json.dumps("jo@example.com " * 1_500)))),
    ],
)
def test_masking_hostile_text_takes_linear_time(text: str) -> None:
    rule = Rule(name="customer", pattern="(?:CN|a+)+-[0-9]{6}", mode=MaskMode.MASK)
    started = time.process_time()

    masked = masker(rule).mask(text)

    assert time.process_time() - started < 0.5
    assert "jo@example.com" not in masked
