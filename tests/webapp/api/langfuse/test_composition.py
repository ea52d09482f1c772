"""Prompts inside prompts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.api.langfuse.composition import Composer, NotComposable, Reference, parse


def item(name: str, text: str, *, version: int = 1, type: str = "text") -> dict:
    return {"name": name, "version": version, "text": text, "type": type}


def tag(name: str, where: str = "label=production") -> str:
    return f"@@@langfusePrompt:name={name}|{where}@@@"


def fill(text: str, *others: dict) -> tuple[str, dict]:
    known = {other["name"]: other for other in others}
    composer = Composer(lambda wanted: known.get(wanted.name))
    outer = item("outer", text)
    return composer.filled(text, inside=(outer,)), composer.dependencies


def test_a_tag_is_replaced_by_the_text_of_the_prompt_it_names():
    filled, dependencies = fill(f"Rules: {tag('rules')} Go.", item("rules", "Be kind."))

    assert filled == "Rules: Be kind. Go."
    assert dependencies == {"outer:1": [{"id": "rules:1", "name": "rules", "version": 1}]}


def test_prompts_stand_in_prompts_that_stand_in_prompts():
    filled, dependencies = fill(tag("a"), item("a", f"a {tag('b')}"), item("b", "b"))

    assert filled == "a b"
    assert set(dependencies) == {"outer:1", "a:1"}


def test_the_text_of_a_prompt_is_no_template_for_the_replacement():
    assert fill(tag("rules"), item("rules", r"\1 \g<0> {{name}}"))[0] == r"\1 \g<0> {{name}}"


def test_a_prompt_in_itself_is_refused():
    with pytest.raises(NotComposable, match="inside itself"):
        fill(tag("outer"), item("outer", "x"))
    with pytest.raises(NotComposable, match="inside itself"):
        fill(tag("a"), item("a", tag("b")), item("b", tag("a")))


def test_five_levels_are_enough_and_six_too_many():
    def chain(depth: int) -> list[dict]:
        return [*(item(f"p{n}", tag(f"p{n + 1}")) for n in range(1, depth)), item(f"p{depth}", "end")]

    assert fill(tag("p1"), *chain(5))[0] == "end"
    with pytest.raises(NotComposable, match="5 levels"):
        fill(tag("p1"), *chain(6))


@pytest.mark.parametrize(
    ("others", "words"), [([], "has no label «production»"), ([item("rules", "", type="chat")], "is a chat")]
)
def test_what_cannot_stand_there_is_named(others, words):
    with pytest.raises(NotComposable, match=words):
        fill(tag("rules"), *others)


def test_many_small_tags_do_not_keep_the_server_busy():
    levels = [item(f"p{n}", tag(f"p{n + 1}") * 50) for n in range(1, 5)]

    with pytest.raises(NotComposable, match="4 MiB"):
        fill(tag("p1") * 50, *levels, item("p5", "x"))


@pytest.mark.parametrize(
    ("inner", "reference"),
    [
        ("name=a|version=3", Reference("a", version=3, label="")),
        ("name=folder/a|label=staging", Reference("folder/a", label="staging")),
        ("name=a", None),
        ("name=a|version=x", None),
        ("name=a|version=3|label=b", None),
        ("name=|label=b", None),
        ("label=b", None),
        ("name=a|label=b|other=c", None),
        ("", None),
    ],
)
def test_only_whole_tags_are_read(inner, reference):
    assert parse(inner) == reference


@given(st.text("@|=n1 ", max_size=40).map(lambda text: f"@@@langfusePrompt:{text}@@@"))
def test_tags_that_mean_nothing_stay_as_they_are(text):
    assert fill(text)[0] == text
