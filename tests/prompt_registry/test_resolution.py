"""What applications get when they ask for a prompt."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import orjson
import pytest
from django.db import OperationalError

from prompt_registry import labels, prompts, resolution
from prompt_registry.answer_cache import AnswerCache
from prompt_registry.resolution import Answer, Refusal
from tests.prompt_registry.factories import chat, make_project, make_prompt, make_version, text


def _value(outcome):
    assert isinstance(outcome, Answer)
    return orjson.loads(outcome.body)


def _by_label(prompt, label="production"):
    return resolution.by_label(project_id=prompt.project_id, name=prompt.name, label=label)


def test_a_label_answers_with_everything_an_application_needs(prompt, approver):
    content = chat(
        ("system", "Be kind to {{name}}."), settings={"model": "m"}, variables=[{"name": "name", "sample": "Ana"}]
    )
    version = make_version(prompt, content, note="First")
    labels.publish(prompt=prompt, version=version, label="production", by=approver)

    value = _value(_by_label(prompt))

    moment = value.pop("updated_at")
    assert moment.endswith("Z")
    assert value == {
        "name": prompt.name, "type": "chat", "version": 1, "labels": ["production", "latest"], "text": None,
        "messages": [{"role": "system", "content": "Be kind to {{name}}."}],
        "variables": [{"name": "name", "description": "", "sample": "Ana", "required": True}],
        "settings": {"model": "m"}, "content_hash": content.hash, "note": "First", "rollout": None, "snippets": [],
    }  # fmt: skip


def test_a_text_prompt_has_text_and_no_messages(project):
    prompt = make_prompt(project, type="text")
    make_version(prompt, text("Hi"))

    value = _value(_by_label(prompt, "latest"))

    assert (value["type"], value["text"], value["messages"]) == ("text", "Hi", [])


def test_latest_is_the_highest_number_by_itself(prompt):
    make_version(prompt)
    make_version(prompt)

    assert _value(_by_label(prompt, "latest"))["version"] == 2


def test_a_version_is_answered_by_number(prompt):
    make_version(prompt)
    make_version(prompt)

    value = _value(resolution.by_version(project_id=prompt.project_id, name=prompt.name, number=1))

    assert (value["version"], value["labels"]) == (1, [])


def test_what_is_unknown_says_why(prompt):
    unknown = resolution.by_label(project_id=prompt.project_id, name="nothing", label="production")
    empty = _by_label(prompt)
    make_version(prompt)
    resolution.forget()
    unpublished = _by_label(prompt)
    too_high = resolution.by_version(project_id=prompt.project_id, name=prompt.name, number=9)

    assert [getattr(outcome, "is_deleted", None) for outcome in (unknown, empty, unpublished, too_high)] == [False] * 4
    assert "no version yet" in empty.sentence
    assert "«production»" in unpublished.sentence
    assert "newest is 1" in too_high.sentence


def test_a_deleted_prompt_is_gone_and_an_archived_one_is_served(prompt, approver):
    labels.publish(prompt=prompt, version=make_version(prompt), label="production", by=approver)
    prompts.archive(prompt=prompt, by=approver)
    resolution.forget()
    archived = _by_label(prompt)
    prompts.delete(prompt=prompt, by=approver)
    resolution.forget()

    deleted = _by_label(prompt)

    assert isinstance(archived, Answer)
    assert isinstance(deleted, Refusal)
    assert deleted.is_deleted


def test_another_project_sees_nothing(prompt):
    make_version(prompt)

    outcome = resolution.by_label(project_id=make_project().pk, name=prompt.name, label="latest")

    assert isinstance(outcome, Refusal)


def test_the_etag_changes_with_the_labels_and_with_the_content(prompt, editor):
    first = make_version(prompt)
    tags = [_by_label(prompt, "latest").etag]
    labels.publish(prompt=prompt, version=first, label="staging", by=editor)
    resolution.forget()
    tags.append(_by_label(prompt, "latest").etag)
    make_version(prompt)
    resolution.forget()
    tags.append(_by_label(prompt, "latest").etag)
    resolution.forget()

    assert len(set(tags)) == 3
    assert _by_label(prompt, "latest").etag == tags[-1]
    assert first.content_hash in tags[0]


def test_one_query_answers_and_two_seconds_ask_no_more(prompt, django_assert_num_queries):
    make_version(prompt)

    with django_assert_num_queries(1):
        for _ in range(3):
            _by_label(prompt, "latest")


def test_a_publish_is_seen_at_once_in_this_process(prompt, approver, django_capture_on_commit_callbacks):
    first, second = make_version(prompt), make_version(prompt)
    with django_capture_on_commit_callbacks(execute=True):
        labels.publish(prompt=prompt, version=first, label="production", by=approver)
    assert _value(_by_label(prompt))["version"] == 1

    with django_capture_on_commit_callbacks(execute=True):
        labels.publish(prompt=prompt, version=second, label="production", by=approver)

    assert _value(_by_label(prompt))["version"] == 2


def test_the_bulk_answer_has_every_published_prompt_by_name(project, approver):
    for name in ("b", "a", "unpublished", "deleted"):
        prompt = make_prompt(project, name=name)
        version = make_version(prompt)
        if name != "unpublished":
            labels.publish(prompt=prompt, version=version, label="production", by=approver)
        if name == "deleted":
            prompts.delete(prompt=prompt, by=approver)
    make_version(make_prompt(make_project(), name="c"))

    value = _value(resolution.page(project_id=project.pk, label="production"))

    assert [item["name"] for item in value["items"]] == ["a", "b"]
    assert value["next"] is None


def test_a_long_bulk_answer_goes_on_where_it_stopped(project, approver, monkeypatch):
    monkeypatch.setattr(resolution, "PAGE_SIZE", 2)
    monkeypatch.setattr(resolution, "_MANY", resolution._MANY.replace("LIMIT 501", "LIMIT 3"))
    for name in ("a", "b", "c"):
        make_version(make_prompt(project, name=name))

    first = _value(resolution.page(project_id=project.pk, label="latest"))
    second = _value(resolution.page(project_id=project.pk, label="latest", after=first["next"]))

    assert [item["name"] for item in first["items"]] == ["a", "b"]
    assert ([item["name"] for item in second["items"]], second["next"]) == (["c"], None)


def test_a_page_of_long_prompts_is_shorter(project, monkeypatch):
    monkeypatch.setattr(resolution, "PAGE_BYTES", 1_000)
    for name in ("a", "b", "c"):
        make_version(make_prompt(project, name=name, type="text"), text(f"{name} {'x' * 600}"))

    pages, after = [], ""
    while after is not None:
        value = _value(resolution.page(project_id=project.pk, label="latest", after=after))
        pages.append([item["name"] for item in value["items"]])
        after = value["next"]

    assert pages == [["a"], ["b"], ["c"]]


def _cache(**values) -> AnswerCache[str]:
    return AnswerCache(**{"seconds": 60.0, "max_cost": 100, "cost_of": len} | values)


def test_of_many_threads_one_asks():
    cache, asked = _cache(), []

    def load() -> str:
        asked.append(1)
        time.sleep(0.05)
        return "answer"

    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(cache.get(1, "key", load))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == ["answer"] * 8
    assert len(asked) == 1


def test_an_answer_that_is_two_seconds_old_is_given_once_more_while_it_is_renewed_beside_the_request():
    waiting: list[Callable[[], None]] = []
    cache = _cache(seconds=0.0, grace=60.0, beside=waiting.append)
    cache.get(1, "key", lambda: "old")

    meanwhile = [cache.get(1, "key", lambda: "new") for _ in range(3)]
    for work in waiting:
        work()

    assert (meanwhile, len(waiting)) == (["old"] * 3, 1)
    assert cache.get(1, "key", lambda: "newer") == "new"


def test_a_renewal_that_fails_is_tried_again():
    waiting: list[Callable[[], None]] = []
    cache = _cache(seconds=0.0, grace=60.0, beside=waiting.append)
    cache.get(1, "key", lambda: "old")

    def fail() -> str:
        raise ValueError

    cache.get(1, "key", fail)
    with pytest.raises(ValueError):  # noqa: PT011 - any
        waiting.pop()()
    cache.get(1, "key", lambda: "new")

    assert len(waiting) == 1


def test_who_knows_of_a_change_waits_for_the_new_answer():
    cache = _cache(seconds=0.0, grace=60.0)
    cache.get(1, "key", lambda: "old")

    assert cache.get(1, "key", lambda: "new", knows=lambda value: value != "old") == "new"


def test_an_answer_serves_on_while_the_database_is_away():
    cache = _cache(seconds=0.0, survives=(OperationalError,))

    def fail() -> str:
        raise OperationalError

    with pytest.raises(OperationalError):
        cache.get(1, "key", fail)
    assert cache.get(1, "key", lambda: "old") == "old"
    assert cache.get(1, "key", fail) == "old"


def test_the_least_used_answers_leave_when_there_are_too_many():
    cache = _cache(max_cost=10)
    for key in ("a", "b"):
        cache.get(1, key, lambda: "12345")
    cache.get(1, "a", lambda: "not asked")

    cache.get(1, "c", lambda: "12345")

    assert cache.get(1, "a", lambda: "asked again") == "12345"
    assert cache.get(1, "b", lambda: "asked again") == "asked again"


def test_forgetting_a_project_spares_the_others():
    cache = _cache()
    for project in (1, 2):
        cache.get(project, "key", lambda: "old")

    cache.forget(1)

    assert cache.get(1, "key", lambda: "new") == "new"
    assert cache.get(2, "key", lambda: "new") == "old"


# Snippets


def _publish_text(project, name, template, approver):
    prompt = project.prompts.filter(name=name).first() or make_prompt(project, name=name, type="text")
    labels.publish(prompt=prompt, version=make_version(prompt, text(template)), label="production", by=approver)
    resolution.forget()
    return prompt


RULES = "@@@prompt:name=rules|label=production@@@"


def test_an_application_gets_the_texts_of_snippets_and_their_blanks(project, approver):
    _publish_text(project, "rules", "Ask for {{order_id}}.", approver)
    answer = _publish_text(project, "answer", f"Hi {{{{name}}}}. {RULES}", approver)

    value = _value(_by_label(answer))

    assert value["text"] == "Hi {{name}}. Ask for {{order_id}}."
    assert [(variable["name"], variable.get("source")) for variable in value["variables"]] == [
        ("name", None), ("order_id", "rules"),
    ]  # fmt: skip
    assert value["snippets"] == [
        {"name": "rules", "version": 1, "label": "production", "parent": {"name": "answer", "version": 1}}
    ]


def test_a_raw_answer_has_the_tags(project, approver):
    _publish_text(project, "rules", "Be kind.", approver)
    answer = _publish_text(project, "answer", RULES, approver)

    raw = resolution.by_label(project_id=project.pk, name="answer", label="production", is_raw=True)

    assert (_value(raw)["text"], _value(_by_label(answer))["text"]) == (RULES, "Be kind.")


def test_all_prompts_of_a_page_are_filled_in_with_one_query_for_each_level(
    project, approver, django_assert_num_queries
):  # fmt: skip
    _publish_text(project, "rules", "Be kind.", approver)
    for name in ("a", "b", "c"):
        _publish_text(project, name, f"{name} {RULES}", approver)

    with django_assert_num_queries(2):
        value = _value(resolution.page(project_id=project.pk, label="production"))

    assert [item["text"] for item in value["items"]] == [
        "a Be kind.", "b Be kind.", "c Be kind.", "Be kind.",
    ]  # fmt: skip


def test_a_prompt_without_snippets_costs_one_query(prompt, django_assert_num_queries):
    make_version(prompt, chat(("system", "Mail me@@@shop")))

    with django_assert_num_queries(1):
        _by_label(prompt, "latest")


def test_a_deleted_snippet_takes_no_text_from_applications(project, approver):
    rules = _publish_text(project, "rules", "Be kind.", approver)
    answer = _publish_text(project, "answer", RULES, approver)
    # Nobody can do this through Callboard; a restored backup or a hand in the database can.
    project.prompts.filter(pk=rules.pk).update(deleted_at=rules.created_at)
    resolution.forget()

    assert _value(_by_label(answer))["text"] == "Be kind."


def test_when_a_snippet_goes_missing_the_last_whole_text_is_served(project, approver):
    rules = _publish_text(project, "rules", "Be kind.", approver)
    answer = _publish_text(project, "answer", RULES, approver)
    assert _value(_by_label(answer))["text"] == "Be kind."
    rules.labels.all().delete()
    resolution.forget()

    assert _value(_by_label(answer))["text"] == "Be kind."


def test_a_snippet_that_never_was_leaves_a_mark_instead_of_an_error(project):
    prompt = make_prompt(project, type="text")
    make_version(prompt, text(f"Hi {RULES}"))

    assert _value(_by_label(prompt, "latest"))["text"] == "Hi [The snippet «rules» is missing here.]"


def test_a_page_that_grows_with_its_snippets_is_cut(project, approver):
    _publish_text(project, "rules", "x" * 250_000, approver)
    for name in "abcd":
        _publish_text(project, name, RULES, approver)

    first = _value(resolution.page(project_id=project.pk, label="production"))
    second = _value(resolution.page(project_id=project.pk, label="production", after=first["next"]))

    assert [item["name"] for item in first["items"]] == ["a", "b", "c", "d"]
    assert [item["name"] for item in second["items"]] == ["rules"]
