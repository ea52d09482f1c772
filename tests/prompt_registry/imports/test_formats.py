"""What each tool's prompts become here, and what is said about the rest."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompt_registry import contents
from prompt_registry.errors import ContentNotUsable, ImportRefused
from prompt_registry.imports import formats
from prompt_registry.imports.values import MAX_PROMPTS, FoundPrompt, SourceFile
from prompt_registry.prompt_files import markdown
from tests.prompt_registry.imports import files
from tests.prompt_registry.imports.files import json_file

EXAMPLES = {
    "langfuse": json_file(files.LANGFUSE),
    "langsmith": json_file(files.LANGSMITH_CHAIN, "refunds.json"),
    "promptlayer": json_file(files.PROMPTLAYER),
    "promptfoo": SourceFile("promptfooconfig.yaml", files.PROMPTFOO),
    "humanloop": SourceFile("support/refunds.prompt", files.HUMANLOOP),
    "openai": json_file(files.OPENAI, "request.json"),
    "csv": SourceFile("prompts.csv", files.CSV),
    "markdown": SourceFile("greeting.md", "---\nname: greeting\n---\n\nHi {{name}}\n"),
}


def read(key: str, *sources: SourceFile) -> list[FoundPrompt]:
    return formats.read(sources or (EXAMPLES[key],), key).prompts


def texts_of(prompt: FoundPrompt) -> list[str]:
    return contents.parse(prompt.document).texts


@pytest.mark.parametrize("key", EXAMPLES)
def test_the_format_of_a_file_is_guessed(key):
    assert formats.guess([EXAMPLES[key]]) == key


@pytest.mark.parametrize("key", EXAMPLES)
def test_what_is_found_can_be_saved(key):
    assert [contents.parse(one.document).type for one in read(key)]


def test_every_format_has_an_example():
    assert set(formats.FORMATS) == set(EXAMPLES)


# Langfuse


def test_versions_of_langfuse_come_oldest_first_with_config_note_and_tags():
    found = read("langfuse")

    assert [(one.name, one.note) for one in found] == [
        ("greeting", ""),
        ("support/refund-answer", ""),
        ("support/refund-answer", "Kinder"),
    ]
    assert found[2].tags == ("support",)
    assert found[2].document["settings"] == {
        "model": "gpt-5",
        "temperature": 0.2,
        "custom": {"max_completion_tokens": 5, "owner": "team a"},
    }


def test_braces_of_json_stay_and_placeholders_are_kept():
    content = contents.parse(read("langfuse")[-1].document)

    assert content.texts == ['Answer as {"json": true} to {{customer}}.']
    assert content.placeholders == ["history"]


def test_labels_are_not_set_and_that_is_said():
    assert "It does not go live by itself (production there)." in " ".join(read("langfuse")[-1].remarks)


# LangSmith


def test_a_manifest_of_f_strings_becomes_blanks_with_its_escapes_undone():
    [one] = read("langsmith", json_file({"manifest": files.LANGSMITH_CHAT, "repo_handle": "refunds"}))

    assert one.name == "refunds"
    assert texts_of(one) == ['Reply with {"answer": "{{tone}}"}.', "{{question}}"]
    assert contents.parse(one.document).placeholders == ["history"]


def test_the_model_of_a_chain_becomes_settings_and_its_secret_is_never_taken():
    [one] = read("langsmith")

    assert (one.name, one.document["settings"]) == ("refunds", {"stop": ["END"], "model": "gpt-5", "temperature": 0.1})


def test_mustache_is_read_without_its_logic():
    [one] = read("langsmith", json_file(files.template("{{{a}}} {{#b}}x{{/b}}", "mustache")))

    assert one.document["text"] == "{{a}} {{#b}}x{{/b}}"
    assert "A section, condition or partial stays as text: «{{#b}}»." in one.remarks[0]


def test_partial_values_are_named():
    [one] = read("langsmith", json_file(files.template("{a} {b}", partial_variables={"b": "1"})))

    assert "Values that LangChain fills in itself are not taken: b." in one.remarks[0]


# PromptLayer


def test_promptlayer_snippets_blanks_and_settings():
    [one] = read("promptlayer")

    assert texts_of(one) == [
        "Follow @@@prompt:name=house rules|label=production@@@ for {{shop}}.",
        "{{ question | trim }}",
    ]
    assert (one.name, one.note, one.tags) == ("refunds", "Third", ("a",))
    assert one.document["settings"] == {"model": "gpt-5", "max_tokens": 100}
    assert any("includes the prompt «house rules»" in remark for remark in one.remarks)
    assert any("Template logic stays as text: «{{ question | trim }}»" in remark for remark in one.remarks)


# promptfoo


def test_promptfoo_prompts_that_stand_in_the_file():
    reading = formats.read([EXAMPLES["promptfoo"]], "promptfoo")

    assert [one.name for one in reading.prompts] == ["promptfooconfig-1", "Chat-with-logic"]
    assert texts_of(reading.prompts[0]) == ["Translate {{text}} to {{language}}"]
    assert reading.prompts[1].document["type"] == "chat"
    assert "«file://prompts/other.txt» stands in another file." in reading.remarks[0]
    assert "providers" in reading.remarks[1]


def test_references_in_yaml_are_refused():
    bomb = "a: &a [x, x]\nprompts: [*a, *a]\n"

    with pytest.raises(ImportRefused, match="references"):
        read("promptfoo", SourceFile("promptfoo.yaml", bomb))


# Humanloop


def test_a_humanloop_file_has_messages_in_tags_and_settings_above():
    [one] = read("humanloop")

    assert one.name == "support/refunds"
    assert texts_of(one) == ["You are kind to {{customer}}.\n\nUse <b>tags</b>.", "{{question}}"]
    assert one.document["settings"] == {"model": "gpt-5", "temperature": 0.7, "stop": ["END"]}
    assert "«max_tokens» was left out: Longest answer" in one.remarks[0]


# OpenAI


def test_a_request_becomes_messages_and_settings():
    prompt = read("openai")[0]

    assert prompt.name == "request"
    assert prompt.document["messages"][0] == {"role": "developer", "content": "Be brief. {json} {{name}}"}
    assert prompt.document["settings"] == {
        "model": "gpt-5",
        "temperature": 0.5,
        "response_schema": {"type": "object"},
        "custom": {"frequency_penalty": 0.5},
    }
    assert prompt.remarks[:3] == (
        "Message 2: «image_url» was left out. Prompts here consist of text.",
        "Message 3: «tool_calls» was left out. Examples of calls belong into a dataset.",
        "Message 3 has no text and was left out.",
    )


def test_json_lines_are_one_prompt_each():
    lines = "\n".join(json.dumps({"body": {"messages": [{"role": "user", "content": f"{n}"}]}}) for n in (1, 2))

    assert [one.name for one in read("openai", SourceFile("batch.jsonl", lines))] == ["batch-1", "batch-2"]


def test_a_list_of_messages_is_one_prompt():
    [one] = read("openai", json_file([{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]))

    assert texts_of(one) == ["a", "b"]


def test_instructions_and_input_of_the_responses_api():
    [one] = read("openai", json_file({"model": "m", "instructions": "Be kind", "input": "{{q}}"}))

    assert texts_of(one) == ["Be kind", "{{q}}"]


# Tables


def test_a_table_has_a_prompt_in_each_row():
    first, second = read("csv")

    assert texts_of(first) == ["Be kind, {{name}}", "{{q}}"]
    assert (first.tags, first.document["settings"]) == (("x", "y"), {"temperature": "0.3"})
    assert texts_of(second) == ["Only this"]
    assert formats.read([EXAMPLES["csv"]], "csv").remarks == ["Columns that were not taken: owner."]


def test_a_table_may_have_a_message_in_each_row():
    a, b = read("csv", SourceFile("t.csv", files.CSV_MESSAGES))

    assert (a.name, texts_of(a), b.name) == ("a", ["Be kind", "{{q}}"], "b")
    assert b.document["messages"][0]["role"] == "user"


def test_a_table_without_the_columns_is_refused():
    with pytest.raises(ImportRefused, match="The first row must name the columns"):
        read("csv", SourceFile("t.csv", "a,b\n1,2\n"))


# Markdown


def test_a_file_that_cannot_be_read_leaves_the_others_alone():
    reading = formats.read([SourceFile("a.md", "---\nname: x\n"), SourceFile("b.txt", "Hi")], "markdown")

    assert [one.name for one in reading.prompts] == ["b"]
    assert reading.remarks == ["a.md: Line 1: the head that begins here has no end. Close it with a line «---»."]


# Everything


def test_nothing_readable_is_refused_with_a_sentence():
    with pytest.raises(ImportRefused, match="No prompt was found"):
        formats.read([json_file([])], "langfuse")


def test_too_many_prompts_are_refused():
    many = json_file([{"name": f"p{n}", "prompt": "x"} for n in range(MAX_PROMPTS + 1)])

    with pytest.raises(ImportRefused, match="Import it in parts"):
        formats.read([many], "langfuse")


def test_deep_json_is_refused():
    deep = '{"name": "a", "prompt": "x", "config": ' + '{"a":' * 90 + "1" + "}" * 91

    with pytest.raises(ImportRefused, match="nested too deeply"):
        formats.read([SourceFile("x.json", deep)], "langfuse")
    with pytest.raises(ImportRefused, match="nested too deeply"):
        formats.read([SourceFile("x.json", "[" * 100_000)], "langfuse")


leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6)
words = st.sampled_from(
    "name prompt type config labels tags version manifest kwargs messages template template_format id lc prompt_template role "
    "content model metadata parameters tools input instructions body prompts raw label stop response_format json_schema schema "
    "first last bound variable_name text chat system user placeholder {{x}} {x} @@@a@@@ f-string mustache jinja2 data".split()
)
shapes = st.recursive(
    leaves | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words | st.text(max_size=3), inner, max_size=5),
    max_leaves=25,
)
marks = st.sampled_from(
    [
        "---\n",
        "\n",
        ": ",
        "- ",
        "<system>\n",
        "</system>\n",
        ",",
        '"',
        "{",
        "}",
        "[",
        "|",
        "&a ",
        "!!int ",
        "\t",
        "%",
        "#",
    ]
)
broken = st.sampled_from(["\x00", "\ud800", "1e999", "NaN", "9" * 5000])
scraps = st.lists(words | marks | broken | st.text(max_size=4), max_size=25).map("".join)
texts = scraps | shapes.map(json.dumps) | shapes.map(lambda value: json.dumps([value]))


@settings(deadline=None)
@given(st.sampled_from(sorted(formats.FORMATS)), texts, st.sampled_from(["x.json", "x.yaml", "x.csv", "x.prompt", ""]))
def test_no_file_raises_anything_but_the_refusal(key, text, name):
    sources = [SourceFile(name, text)]
    assert formats.guess(sources) in formats.FORMATS
    try:
        found = formats.read(sources, key).prompts
    except ImportRefused:
        return

    for one in found:
        try:
            content = contents.parse({**one.document})
        except ContentNotUsable:
            continue
        assert content.hash


@settings(deadline=None)
@given(st.text(alphabet="ab{}x: !%#", max_size=30))
def test_a_text_in_our_own_form_comes_out_as_it_went_in(text):
    written = markdown.write({"name": "a", "type": "text", "text": text})

    assert read("markdown", SourceFile("a.md", written))[0].document["text"] == text
