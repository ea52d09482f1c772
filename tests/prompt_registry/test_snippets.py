"""Prompts inside prompts, as everybody reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_registry import labels, prompts, snippets, versions
from prompt_registry.contents import TEXT, PromptContent, Variable
from prompt_registry.errors import ContentNotUsable, SnippetInUse, StoppedByChecks
from prompt_registry.references import Reference, found_in
from prompt_registry.snippets import Snippet
from tests.prompt_registry.factories import chat, make_prompt, make_version, text

GAP = "[The snippet «rules» is missing here.]"


def tag(name: str, where: str = "label=production") -> str:
    return f"@@@prompt:name={name}|{where}@@@"


def fill(template: str, **texts: str) -> snippets.Composed:
    """Compose a text with snippets that are known by their names."""
    content = PromptContent(type=TEXT, text=template)
    shelf = {
        reference: Snippet(1, 1, texts[reference.name]) if reference.name in texts else snippets._missing(reference)
        for reference in found_in([template, *texts.values()])
    }
    return snippets.compose(content, shelf=shelf, name="outer")


@pytest.fixture
def publish(project, approver):
    """Make a text prompt whose text is live in production."""

    def act(name: str, template: str, **values):
        prompt = project.prompts.filter(name=name).first() or make_prompt(project, name=name, type="text")
        version = make_version(prompt, text(template, **values))
        labels.publish(prompt=prompt, version=version, label="production", by=approver)
        return prompt

    return act


# Filling in, without a database


def test_a_tag_is_replaced_by_the_text_it_names():
    composed = fill(f"Rules: {tag('rules')} Go.", rules="Be kind.")

    assert composed.content.text == "Rules: Be kind. Go."
    assert [(use.reference.name, use.parent) for use in composed.uses] == [("rules", ("outer", 0))]


def test_snippets_stand_in_snippets():
    composed = fill(tag("a"), a=f"a {tag('b')}", b="b")

    assert composed.content.text == "a b"
    assert [use.parent for use in composed.uses] == [("outer", 0), ("a", 1)]


def test_the_text_of_a_snippet_is_no_pattern_for_the_replacement():
    assert fill(tag("rules"), rules=r"\1 \g<0> {{name}}").content.text == r"\1 \g<0> {{name}}"


def test_pieces_of_a_tag_never_join_into_one():
    composed = fill(f"@@@prompt:name=secret|label={tag('end')}", end="production@@@", secret="hidden")

    assert "hidden" not in composed.content.text


@pytest.mark.parametrize("texts", [{"outer": "x"}, {"a": tag("b"), "b": tag("a")}, {"a": tag("outer"), "outer": "x"}])
def test_a_snippet_inside_itself_leaves_a_mark_and_says_so(texts):
    composed = fill(tag(next(iter(texts))), **texts)

    assert composed.has_gaps
    assert "stands inside itself" in composed.problems[0]
    assert "is missing here" in composed.content.text


def test_five_levels_are_enough_and_six_too_many():
    def chain(depth: int) -> dict[str, str]:
        return {**{f"p{n}": tag(f"p{n + 1}") for n in range(1, depth)}, f"p{depth}": "end"}

    assert fill(tag("p1"), **chain(5)).content.text == "end"
    assert "5 levels" in fill(tag("p1"), **chain(6)).problems[0]


def test_a_missing_snippet_leaves_a_mark_that_people_see():
    composed = fill(f"{tag('rules')} Go.")

    assert composed.content.text == f"{GAP} Go."
    assert "does not exist" in composed.problems[0]


def test_many_small_tags_do_not_keep_the_server_busy():
    levels = {f"p{n}": tag(f"p{n + 1}") * 50 for n in range(1, 5)}

    composed = fill(tag("p1") * 50, **levels, p5="x")

    assert "4 MiB" in composed.problems[0]


@given(st.text("@|=n1 ", max_size=40).map(lambda inner: f"@@@prompt:{inner}@@@"))
def test_tags_that_mean_nothing_stay_as_they_are(template):
    assert fill(template).content.text == template


def test_blanks_of_a_snippet_are_blanks_of_the_prompt_with_their_source():
    content = PromptContent(type=TEXT, text=f"{{{{name}}}} {tag('rules')}", variables=(Variable("name", sample="Ana"),))
    lent = (Variable("name", sample="Bo"), Variable("order_id", sample="17"))
    shelf = {Reference("rules"): Snippet(1, 1, "{{name}}, {{order_id}}", lent)}

    composed = snippets.compose(content, shelf=shelf)

    assert [(variable.name, variable.sample) for variable in composed.content.variables] == [
        ("name", "Ana"), ("order_id", "17"),
    ]  # fmt: skip
    assert composed.sources == {"order_id": "rules"}


# With the database


def test_a_label_a_version_and_latest_are_found(project, publish):
    prompt = publish("rules", "one")
    make_version(prompt, text("two"))
    content = text(" ".join(tag("rules", where) for where in ("label=production", "version=2", "label=latest")))

    assert snippets.composed(content, project_id=project.pk).content.text == "one two two"


def test_the_messages_of_a_chat_are_filled_in(project, publish):
    publish("rules", "Be kind.")
    content = chat(("system", f"{tag('rules')} Always."), ("user", "{{question}}"))

    composed = snippets.composed(content, project_id=project.pk).content

    assert composed.texts == ["Be kind. Always.", "{{question}}"]


def test_every_level_costs_one_query_and_no_snippet_none(project, publish, django_assert_num_queries):
    publish("c", "c")
    publish("b", tag("c"))
    publish("b2", tag("c"))

    with django_assert_num_queries(0):
        snippets.composed(text("no snippet here"), project_id=project.pk)
    with django_assert_num_queries(2):
        composed = snippets.composed(text(f"{tag('b')}{tag('b2')}"), project_id=project.pk)

    assert composed.content.text == "cc"


def test_snippets_of_another_project_do_not_exist(publish):
    publish("rules", "secret of this project")
    other = make_prompt()

    composed = snippets.composed(text(tag("rules")), project_id=other.project_id)

    assert composed.content.text == GAP


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("label=production", "not published in production"),
        ("version=9", "no version 9"),
        ("label=latest", "no version yet"),
    ],
)
def test_what_keeps_a_snippet_out_is_said_in_a_sentence(project, where, words):
    make_prompt(project, name="rules", type="text")

    [sentence] = snippets.findings(text(tag("rules", where)), project)

    assert sentence.startswith("Snippet «rules»")
    assert words in sentence


def test_a_chat_is_no_snippet(project):
    make_version(make_prompt(project, name="talk"))

    assert "is a chat" in snippets.findings(text(tag("talk", "label=latest")), project)[0]


def test_a_tag_that_names_nothing_is_found(project):
    assert "names no snippet" in snippets.findings(text("@@@prompt:rules@@@"), project)[0]


def test_a_prompt_that_grows_too_large_is_found(project, publish):
    publish("rules", "x" * 100_000)

    assert "256 KiB" in snippets.findings(text(tag("rules") * 3), project)[0]


def test_a_prompt_with_a_missing_snippet_is_saved_but_does_not_go_live(project, approver):
    prompt = make_prompt(project, type="text")
    version = make_version(prompt, text(f"Hi {tag('rules')}"))

    with pytest.raises(StoppedByChecks, match="Snippet «rules» does not exist"):
        labels.publish(prompt=prompt, version=version, label="production", by=approver)


def test_a_prompt_inside_itself_is_not_saved(project, publish):
    publish("b", "b")
    prompt = publish("a", f"a {tag('b')}")

    with pytest.raises(ContentNotUsable, match="inside itself: «b» → «a» → «b»"):
        versions.save(prompt=project.prompts.get(name="b"), content=text(tag("a")), by=None)
    with pytest.raises(ContentNotUsable, match="inside itself"):
        versions.save(prompt=prompt, content=text(tag("a")), by=None)


def test_a_circle_that_was_saved_in_pieces_does_not_go_live(project, publish, approver):
    publish("a", "a")
    b = publish("b", "b")
    a = project.prompts.get(name="a")
    older = make_version(b, text(tag("a")))
    newer = make_version(a, text(tag("b")))
    labels.publish(prompt=b, version=older, label="production", by=approver)

    with pytest.raises(StoppedByChecks, match="inside itself"):
        labels.publish(prompt=a, version=newer, label="production", by=approver)


def test_a_snippet_of_a_live_prompt_is_not_deleted(publish, approver):
    rules = publish("rules", "Be kind.")
    publish("answer", tag("rules"))

    with pytest.raises(SnippetInUse, match="«answer»"):
        prompts.delete(prompt=rules, by=approver)


def test_a_snippet_that_nothing_live_includes_is_deleted(project, publish, approver):
    rules = publish("rules", "Be kind.")
    make_version(make_prompt(project, name="idea", type="text"), text(tag("rules")))

    assert prompts.delete(prompt=rules, by=approver).deleted_at
    assert "was deleted" in snippets.findings(text(tag("rules")), project)[0]


@pytest.mark.parametrize("where", ["label=latest", "label=staging"])
def test_a_snippet_that_anybody_can_change_does_not_go_live_in_production(project, publish, approver, editor, where):
    rules = publish("rules", "Be kind.")
    labels.publish(prompt=rules, version=rules.versions.get(number=1), label="staging", by=editor)
    prompt = make_prompt(project, name="answer", type="text")
    version = make_version(prompt, text(tag("rules", where)))

    labels.publish(prompt=prompt, version=version, label="staging", by=editor)
    with pytest.raises(StoppedByChecks, match="changes without approval"):
        labels.publish(prompt=prompt, version=version, label="production", by=approver)


def test_a_fixed_version_of_a_snippet_goes_live(project, publish, approver):
    publish("rules", "Be kind.")
    prompt = make_prompt(project, name="answer", type="text")
    version = make_version(prompt, text(tag("rules", "version=1")))

    assert labels.publish(prompt=prompt, version=version, label="production", by=approver)


def test_a_snippet_that_any_version_names_keeps_its_name(project, editor):
    rules = make_prompt(project, name="rules", type="text")
    make_version(rules, text("Be kind."))
    make_version(make_prompt(project, name="answer", type="text"), text(tag("rules", "version=1")))

    with pytest.raises(SnippetInUse, match="«answer»"):
        prompts.rename(prompt=rules, name="other", by=editor)
