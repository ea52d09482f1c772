"""The line that says which traces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.exploring import fields, language
from monitoring.exploring.fields import FIELDS, FieldKind
from monitoring.exploring.terms import TEXT, Operator, Term, Value, term

LINE = (
    'prompt:refund-answer version:>=11 flag:refused cost:>0.01 latency:>2s tokens:>500 user:"u 17" metadata.plan:pro '
    '-model:gpt-4 has:comment score.helpful:<3 "free words"'
)
ABOVE, AT_LEAST, BELOW, BEGINS = Operator.ABOVE, Operator.AT_LEAST, Operator.BELOW, Operator.BEGINS


def terms(line):
    found = language.parse(line)
    assert found.problems == ()
    return list(found.terms)


def problems(line):
    return [(problem.text, line[problem.start : problem.end]) for problem in language.parse(line).problems]


def test_a_line_says_many_things_at_once():
    assert terms(LINE) == [
        term("prompt", "refund-answer"), term("version", "11", operator=AT_LEAST), term("flag", "refused"),
        term("cost", "0.01", operator=ABOVE), term("latency", "2s", operator=ABOVE), term("tokens", "500", operator=ABOVE),
        term("user", "u 17"), Term("metadata", (Value("pro"),), key="plan"),
        Term("model", (Value("gpt-4"),), is_negated=True), term("has", "comment"),
        Term("score", (Value("3", BELOW),), key="helpful"), term(TEXT, "free words"),
    ]  # fmt: skip


def test_what_is_printed_of_a_line_is_the_line():
    assert language.printed(terms(LINE)) == LINE


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("model:a,b", [term("model", "a", "b")]),
        ('model:"a,b",c', [term("model", "a,b", "c")]),
        ("model:gpt-4*", [term("model", "gpt-4", operator=BEGINS)]),
        ("user:*", [term("user", "", operator=BEGINS)]),
        ('user:""', [term("user", "")]),
        ("status:ERROR", [term("outcome", "error")]),
        ("Took:>500ms", [term("latency", "500ms", operator=ABOVE)]),
        ("version:=3", [term("version", "3")]),
        ('metadata."my key":x', [Term("metadata", (Value("x"),), key="my key")]),
        ("metadata.a.b:x", [Term("metadata", (Value("x"),), key="a.b")]),
        ("where is", [term(TEXT, "where"), term(TEXT, "is")]),
        ("https://a.example 12:30", [term(TEXT, "https://a.example"), term(TEXT, "12:30")]),
        ("-refund", [Term(TEXT, (Value("refund"),), is_negated=True)]),
        ('"-5"', [term(TEXT, "-5")]),
        ("a - b", [term(TEXT, "a"), term(TEXT, "-"), term(TEXT, "b")]),
        (r'"say \"no\""', [term(TEXT, 'say "no"')]),
        ('5" pipe', [term(TEXT, '5"'), term(TEXT, "pipe")]),
        ("", []),
    ],
)
def test_each_way_of_writing_has_its_meaning(line, expected):
    assert terms(line) == expected


@pytest.mark.parametrize(
    ("line", "part", "words"),
    [
        ("hello promt:x", "promt:x", "Write prompt:"),
        ("prompt: x", "prompt:", "Say which prompt"),
        ("flag:odd", "flag:odd", "flag is one of any, refused"),
        ("cost:cheap rest", "cost:cheap", "an amount in USD"),
        ("latency:>soon", "latency:>soon", "a time such as"),
        ("version:1.5", "version:1.5", "a whole number"),
        ("model:>gpt", "model:>gpt", "cannot be compared"),
        ("issue:>3", "issue:>3", "cannot be compared"),
        ("score:3", "score:3", "the name of the score"),
        ("prompt.x:3", "prompt.x:3", "has no parts"),
        ("score.x:>much", "score.x:>much", "there must be a number"),
        ('a "never closed', '"never closed', "never closed"),
        ('"a"b c', '"a"b', "must be a space"),
        ("tokens:5*", "tokens:5*", "leave the * out"),
        ("model:>a*", "model:>a*", "cannot be used together"),
        ("rollout:xyz", "rollout:xyz", "named by its id"),
    ],
)
def test_what_makes_no_sense_is_named_with_its_place(line, part, words):
    [(said, at)] = problems(line)

    assert at == part
    assert words in said


def test_the_rest_of_a_line_counts_beside_what_makes_no_sense():
    assert language.parse("version:x user:ann").terms == (term("user", "ann"),)


def test_very_long_lines_are_cut_and_say_so():
    found = language.parse("word " * 600)

    assert len(found.terms) == language.MOST_TERMS
    assert [problem.text for problem in found.problems] == [
        "The line is cut: it may have 2000 characters.",
        "Only the first 30 conditions count.",
    ]


@given(st.text(max_size=300) | st.text(alphabet='pm:ver"model, ->=<*\\.score1', max_size=80))
def test_any_text_can_be_read_and_every_problem_has_a_place(line):
    found = language.parse(line)

    assert all(problem.text and 0 <= problem.start < problem.end <= len(line) for problem in found.problems)
    assert found.terms or found.problems or not line.strip()


@given(st.text(max_size=200) | st.text(alphabet='pm:ver"model, ->=<*\\.score1', max_size=80))
def test_what_was_understood_is_printed_so_that_it_is_understood_again(line):
    read = language.parse(line).terms

    assert language.parse(language.printed(read)) == language.Parsed(read)


TEXTS = st.text(alphabet=st.characters(exclude_characters="\x00"), max_size=12)
WRITTEN = {
    FieldKind.WHOLE: st.from_regex(r"[0-9]{1,9}", fullmatch=True),
    FieldKind.NUMBER: st.from_regex(r"[0-9]{1,9}", fullmatch=True),
    FieldKind.COUNT: st.from_regex(r"[0-9]{1,6}k?", fullmatch=True),
    FieldKind.DURATION: st.from_regex(r"[0-9]{1,4}(ms|s|h)?", fullmatch=True),
    FieldKind.MONEY: st.from_regex(r"[0-9]{1,4}\.[0-9]{1,4}", fullmatch=True),
    FieldKind.ROLLOUT: st.from_regex(r"[0-9a-f]{4,32}", fullmatch=True),
    FieldKind.PROMPT_VERSION: TEXTS.filter(bool).map(lambda name: f"{name} v3"),
    FieldKind.TEXT: TEXTS,
    FieldKind.ANY: TEXTS | st.from_regex(r"[0-9]{1,4}", fullmatch=True),
}


@st.composite
def any_terms(draw):
    field = draw(st.sampled_from(list(FIELDS.values())))
    texts = st.sampled_from(field.choices) if field.choices else WRITTEN[field.kind]
    found = st.builds(Value, texts, st.sampled_from(Operator)).filter(
        lambda value: not fields.problem_with(field, value)
    )
    key = draw(TEXTS.filter(bool)) if field.key_label else ""
    return Term(field.name, tuple(draw(st.lists(found, min_size=1, max_size=3))), key, draw(st.booleans()))


@given(st.lists(any_terms(), max_size=6))
def test_any_terms_are_printed_so_that_they_are_read_as_the_same(wanted):
    assert language.parse(language.printed(wanted)) == language.Parsed(tuple(wanted))
