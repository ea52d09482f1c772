"""A sample is of the kind that its blank says, and kinds leave old versions as they were."""

from __future__ import annotations

import pytest

from prompt_registry import blank_kinds, contents
from prompt_registry.blank_kinds import Kind
from prompt_registry.contents import Variable
from prompt_registry.errors import ContentNotUsable


@pytest.mark.parametrize(
    ("kind", "sample"),
    [
        (Kind.TEXT, "anything"), (Kind.NUMBER, "-1.5"), (Kind.NUMBER, ""), (Kind.BOOLEAN, "Yes"), (Kind.CHOICE, "b"),
        (Kind.JSON, '{"a": [1]}'),
    ],
)  # fmt: skip
def test_a_sample_of_its_kind_is_right(kind, sample):
    assert blank_kinds.problem_of_sample(kind, ("a", "b"), sample) == ""


@pytest.mark.parametrize(
    ("kind", "sample", "why"),
    [
        (Kind.NUMBER, "many", "is not a number."),
        (Kind.NUMBER, "inf", "is not a number."),
        (Kind.BOOLEAN, "maybe", "is neither yes nor no."),
        (Kind.CHOICE, "c", "is not in its list."),
        (Kind.JSON, '{\n"a": }', "is not valid JSON (line 2, character 6)."),
        (Kind.JSON, "[" * 100_000, "is nested too deeply."),
    ],
)
def test_a_sample_of_another_kind_is_named(kind, sample, why):
    assert blank_kinds.problem_of_sample(kind, ("a", "b"), sample) == why


def test_a_version_with_a_wrong_sample_is_not_saved():
    variables = [{"name": "n", "kind": "number", "sample": "many"}, {"name": "c", "kind": "choice"}]

    with pytest.raises(ContentNotUsable) as refused:
        contents.parse({"type": "text", "text": "{{n}} {{c}}", "variables": variables})

    assert [problem.sentence for problem in refused.value.problems] == [
        "The sample of «n» is not a number.",
        "The blank «c» is one of a list: write down what can be chosen, one in each line.",
    ]


def test_choices_come_as_lines_of_a_form_or_as_a_list():
    variables = [
        {"name": "a", "kind": "choice", "choices": "x\r\n\r\n y \nx"},
        {"name": "b", "kind": "choice", "choices": ["1", 2]},
    ]

    content = contents.parse({"type": "text", "text": "{{a}}{{b}}", "variables": variables})

    assert [variable.choices for variable in content.variables] == [("x", "y"), ("1", "2")]


def test_the_hash_of_a_blank_without_a_kind_stays_what_it_was():
    assert Variable("a").to_json() == {"name": "a", "description": "", "sample": "", "required": True}


def test_a_kind_is_part_of_what_a_version_says():
    plain, number = (
        contents.parse({"type": "text", "text": "{{a}}", "variables": [{"name": "a", "kind": kind}]})
        for kind in ("text", "number")
    )

    assert plain.hash != number.hash
    assert contents.parse(number.to_json()) == number
