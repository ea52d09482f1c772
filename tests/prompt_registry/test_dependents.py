"""Which prompts change when a snippet does."""

from __future__ import annotations

import importlib
import json

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection

from prompt_registry import announcements, dependents, labels, resolution
from prompt_registry.models import PromptDependency
from tests.prompt_registry.factories import chat, make_prompt, make_version, text


def tag(name: str, where: str = "label=production") -> str:
    return f"@@@prompt:name={name}|{where}@@@"


@pytest.fixture
def save(project, approver):
    def act(name: str, content, *, label: str = "production"):
        prompt = project.prompts.filter(name=name).first() or make_prompt(project, name=name, type=content.type)
        version = make_version(prompt, content)
        if label:
            labels.publish(prompt=prompt, version=version, label=label, by=approver)
        return prompt

    return act


def of(prompt, *names: str) -> list[tuple[str, int, list[str]]]:
    found = dependents.of(project_id=prompt.project_id, name=prompt.name, labels=names)
    return [(item.name, item.number, item.places) for item in found]


def test_a_saved_version_tells_what_stands_in_it(save):
    save("rules", text("Be kind."))
    save("answer", chat(("system", tag("rules")), ("user", tag("rules", "version=1"))))

    found = PromptDependency.objects.order_by("snippet_version")

    assert [(row.snippet_name, row.snippet_label, row.snippet_version) for row in found] == [
        ("rules", "production", 0), ("rules", "", 1),
    ]  # fmt: skip


def test_prompts_that_follow_the_label_change_and_those_with_a_fixed_version_do_not(save):
    rules = save("rules", text("Be kind."))
    save("follows", text(tag("rules")))
    save("fixed", text(tag("rules", "version=1")))

    assert of(rules, "production") == [("follows", 1, ["production", "latest"])]
    assert of(rules, "staging") == []
    assert [name for name, *_ in of(rules)] == ["fixed", "follows"]


def test_prompts_change_through_other_snippets(save):
    rules = save("rules", text("Be kind."))
    save("manners", text(tag("rules")))
    save("answer", text(tag("manners")))
    save("old", text(tag("manners", "version=1")))

    assert [name for name, *_ in of(rules, "production")] == ["answer", "manners", "old"]


def test_old_versions_are_no_ones_business(save):
    rules = save("rules", text("Be kind."))
    save("answer", text(tag("rules")))
    save("answer", text("Without any."))

    assert of(rules, "production") == []


def test_a_snippet_that_nothing_includes_costs_one_query(save, django_assert_num_queries):
    rules = save("rules", text("Be kind."))

    with django_assert_num_queries(1):
        assert of(rules, "production") == []


@pytest.mark.django_db(transaction=True, available_apps=["projects", "prompt_registry"])
def test_publishing_a_snippet_is_told_to_applications_that_use_a_prompt_around_it(save, approver):
    rules = save("rules", text("Be kind."))
    save("answer", text(tag("rules")))
    second = make_version(rules, text("Be short."))
    connection.ensure_connection()
    driver = connection.connection
    driver.execute(f"LISTEN {announcements.CHANNEL}")

    labels.publish(prompt=rules, version=second, label="production", by=approver)

    told = [json.loads(notice.payload) for notice in driver.notifies(timeout=5, stop_after=2)]
    driver.execute("UNLISTEN *")
    assert [(notice["name"], notice["labels"]) for notice in told] == [("rules", ["production"]), ("answer", [])]
    assert len({notice["change"] for notice in told}) == 1


def test_the_answer_around_a_snippet_is_new_when_the_snippet_is(save, approver, django_capture_on_commit_callbacks):
    rules = save("rules", text("Be kind."))
    answer = save("answer", text(tag("rules")))
    before = resolution.by_label(project_id=answer.project_id, name="answer", label="production")
    second = make_version(rules, text("Be short."))

    with django_capture_on_commit_callbacks(execute=True):
        labels.publish(prompt=rules, version=second, label="production", by=approver)

    after = resolution.by_label(project_id=answer.project_id, name="answer", label="production")
    assert (json.loads(before.body)["text"], json.loads(after.body)["text"]) == ("Be kind.", "Be short.")
    assert before.etag != after.etag


def test_versions_from_before_the_table_are_written_down_by_the_migration(save):
    save("rules", text("Be kind."))
    langfuses = "@@@langfusePrompt:name=rules|label=production@@@ @@@langfusePrompt:name=rules|version=1@@@"
    save("answer", chat(("system", langfuses), ("user", "@@@langfusePrompt:nothing@@@ 100 %")), label="")
    written = set(PromptDependency.objects.values_list("snippet_name", "snippet_label", "snippet_version"))
    PromptDependency.objects.all().delete()

    [file] = (settings.BASE_DIR / "migrations" / "prompt_registry").glob("*_snippets_known.py")
    migration = importlib.import_module(f"migrations.prompt_registry.{file.stem}")
    migration._record_what_is_there(apps, None)

    found = set(PromptDependency.objects.values_list("snippet_name", "snippet_label", "snippet_version"))
    assert found == written == {("rules", "production", 0), ("rules", "", 1)}
