"""Prompt files: whatever a prompt says, the file gives it back, and what is wrong in a file is named with its line."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from prompt_registry import contents
from prompt_registry.contents import ROLES, PromptContent
from prompt_registry.errors import ContentNotUsable, FileNotReadable
from prompt_registry.prompt_files import markdown

# Pieces that mean something to the format, in any order and number.
LOOKALIKES = [
    "---", "\n", "\n\n", "# system", "\\# system", "\\\\# user", "# placeholder: history", "# user ", "name: x", "```", "  ",
    "\t", "\r\n", "\r", "\ufeff", "\u2028", "\x85", "\x0b", "|-", '"', "'", "{", "}}", "{{name}}", "{{ other }}", "#", ": ",
    " #", "é", "👩\u200d🚀", "null", "true", "- ", "\u202e", "\x1b[31m", "&a", "*a", "!!x",
]  # fmt: skip
texts = st.lists(st.sampled_from(LOOKALIKES) | st.text(max_size=8), max_size=14).map("".join)
filled_texts = texts.map(lambda text: text if text.strip() else f"{text}x")
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(texts, json_values, max_size=3)
setting_values = st.fixed_dictionaries(
    {},
    optional={
        "model": texts.map(lambda text: text[:120]),
        "temperature": st.floats(0, 2),
        "max_tokens": st.integers(1, 1_000_000),
        "seed": st.integers(-(2**53) + 1, 2**53 - 1),
        "stop": st.lists(texts.filter(lambda text: len(text) < 200), max_size=3),
        "tools": st.lists(objects, max_size=2),
        "response_schema": objects,
        "custom": objects,
    },
)
variables = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.sampled_from(["name", "other", "no", "a.b-c"]),
            "description": texts,
            "sample": texts,
            "required": st.booleans(),
        }
    ),
    max_size=3,
)
messages = st.lists(
    st.fixed_dictionaries({"role": st.sampled_from(sorted(ROLES)), "content": filled_texts})
    | st.fixed_dictionaries({"type": st.just("placeholder"), "name": st.sampled_from(["history", "Turns.2"])}),
    min_size=1,
    max_size=4,
)
documents = st.fixed_dictionaries(
    {"type": st.just("text"), "text": filled_texts, "settings": setting_values, "variables": variables}
) | st.fixed_dictionaries(
    {"type": st.just("chat"), "messages": messages, "settings": setting_values, "variables": variables}
)


def usable(document: dict[str, object]) -> PromptContent | None:
    try:
        return contents.parse(document)
    except ContentNotUsable:
        return None


def written(content: PromptContent, **values: str) -> str:
    return markdown.write({"name": "support/answer", "note": "", **content.to_json(), **values})


@settings(deadline=None)
@given(documents, texts)
@example({"type": "text", "text": "---\nname: x\n---\n"}, "---")
@example({"type": "chat", "messages": [{"role": "user", "content": "\n# system\n\n\\# system\n"}]}, "a: b")
def test_a_file_gives_back_what_was_written(document, note):
    content = usable(document)
    if content is None:
        return
    note = note.replace("\r", "")

    found = markdown.read(written(content, note=note))

    assert contents.parse(found) == content
    assert (found["name"], found["note"]) == ("support/answer", note)


@settings(deadline=None)
@given(documents)
def test_line_ends_of_windows_and_a_byte_order_mark_change_nothing(document):
    content = usable(document)
    if content is None:
        return

    found = markdown.read("\ufeff" + written(content).replace("\n", "\r\n"))

    assert contents.parse(found) == content


@settings(deadline=None)
@given(texts | st.tuples(texts, texts).map(lambda two: f"---\n{two[0]}\n---\n{two[1]}"))
def test_no_file_raises_anything_but_the_refusal(text):
    try:
        document = markdown.read(text)
    except FileNotReadable:
        return

    assert document["type"] in ("text", "chat")


def test_the_head_is_readable_yaml_for_other_tools():
    content = contents.parse(
        {
            "type": "chat",
            "messages": [{"role": "system", "content": "Answer {{name}} and {{no}}."}],
            "variables": [
                {"name": "name", "description": "who: the customer", "sample": "first\n  second\n\nthird"},
                {"name": "no", "description": "yes", "required": False},
            ],
            "settings": {
                "model": "gpt-5",
                "temperature": 0.2,
                "stop": ["\n", "END"],
                "custom": {"a": [{"b": "c\u202e"}]},
            },
        }
    )

    head = yaml.safe_load(written(content, note="# not a comment").split("---\n")[1])

    assert head == {
        "name": "support/answer",
        "type": "chat",
        "note": "# not a comment",
        "settings": {"model": "gpt-5", "temperature": 0.2, "stop": ["\n", "END"], "custom": {"a": [{"b": "c\u202e"}]}},
        "blanks": {
            "name": {"meaning": "who: the customer", "sample": "first\n  second\n\nthird"},
            "no": {"meaning": "yes", "required": False},
        },
    }


def test_characters_that_nobody_sees_are_spelled_out_in_the_head():
    content = contents.parse({"type": "text", "text": "x", "settings": {"model": "gpt\u202e-5"}})

    assert '"gpt\\u202e-5"' in written(content)


def test_properties_of_blanks_that_are_not_known_here_are_kept():
    document = {
        "name": "a",
        "type": "text",
        "text": "{{x}}",
        "variables": [{"name": "x", "kind": "choice", "choices": ["a", "b"]}],
    }

    text = markdown.write(document)

    assert 'type: choice\n    choices: ["a", "b"]' in text
    assert markdown.read(text)["variables"] == document["variables"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("---\nname: x\n", "Line 1: the head that begins here has no end."),
        ("---\nname: x\ntype: poem\n---\nx", "«type» is text or chat."),
        ("---\nname: x\nname: y\n---\nx", "Line 3: «name» stands here twice."),
        ("---\nname: x\nlabels: y\n---\nx", "The head has no entry «labels»."),
        ("---\nname: x\n  y: z\n---\nx", "Line 3: this line begins further to the right than the one above it."),
        ("---\nname: x\nsettings:\n    a: 1\n  b: 2\n---\nx", "Line 5:"),
        ('---\nname: "x\n---\nx', "Line 2: this is not valid JSON"),
        ("---\nname: x\nsettings:\n  seed: 1e999\n---\nx", "Line 4: this is not valid JSON (a number is too large)."),
        ("---\nname: 5\n---\nx", '«name» must be text. Put it into double quotes: "5".'),
        ("---\nname: *x\n---\nx", "Line 2: put this text into double quotes"),
        ("---\nname: a\ntype: chat\n---\nhello\n# user\n", "Line 5: a chat begins with a heading"),
        ("---\nname: a\ntype: chat\n---\n# placeholder: history\nhello\n", "Line 5: nothing can stand below"),
        ("---\nname: a\nblanks:\n  x: y\n---\nx", "The blank «x» has meaning, sample, required and type"),
        ("---\nname: a\nblanks:\n  x:\n    required: yes\n---\nx", "«required» of the blank «x» is true or false."),
    ],
)
def test_what_is_wrong_is_named_with_its_line(text, sentence):
    with pytest.raises(FileNotReadable) as caught:
        markdown.read(text)

    assert str(caught.value).startswith(sentence)


def test_a_head_written_by_hand_may_have_comments_and_single_quotes():
    found = markdown.read(
        "---\n# ours\nname: 'it''s'   # a name\nsettings:\n\n  temperature: 0.3 # calm\n---\n\n# user\nhi\n"
    )

    assert (found["name"], found["settings"], found["type"]) == ("it's", {"temperature": 0.3}, "chat")
    assert found["messages"] == [{"role": "user", "content": "hi"}]


def test_text_without_a_head_is_a_text_prompt():
    found = markdown.read("Be kind to {{name}}.\n", name="notes/kind")

    assert (found["name"], found["type"], found["text"]) == ("notes/kind", "text", "Be kind to {{name}}.")
