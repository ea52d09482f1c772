"""Saving versions."""

from __future__ import annotations

import threading

import pytest
from django.db import connection

from projects.models import AuditEvent
from prompt_registry import contents, versions
from prompt_registry.contents import PromptContent
from prompt_registry.errors import ChangedMeanwhile, ContentNotUsable, NoChanges, NotAllowed, NoteTooLong, TypeFixed
from prompt_registry.models import PromptVersion
from tests.prompt_registry.factories import chat, make_project, make_prompt, make_version, text


def test_the_first_version_has_number_one_and_everything_that_was_written(prompt, editor):
    content = chat(
        ("system", "Help {{customer}} of {{shop}}."), ("user", "{{question}}"),
        variables=[{"name": "shop", "description": "The shop", "sample": "Nordwind"}], settings={"model": "m", "temperature": 0.2},
    )  # fmt: skip

    version = versions.save(prompt=prompt, content=content, note=" First try ", base_number=0, by=editor)

    stored = PromptVersion.objects.get(pk=version.pk)
    assert (stored.number, stored.note, stored.author) == (1, "First try", editor)
    assert stored.messages[1] == {"role": "user", "content": "{{question}}"}
    assert [variable["name"] for variable in stored.variables] == ["customer", "shop", "question"]
    assert stored.variables[1]["sample"] == "Nordwind"
    assert stored.settings == {"model": "m", "temperature": 0.2}
    assert contents.of_version(stored).hash == stored.content_hash == content.hash


def test_saving_is_recorded_with_the_hashes_before_and_after(prompt, editor):
    first = make_version(prompt)
    second = make_version(prompt, by=editor)

    event = AuditEvent.objects.filter(action="prompt.version_saved").latest("pk")
    assert event.details == {"version": 2, "before_hash": first.content_hash, "after_hash": second.content_hash}
    assert event.user_id == editor.pk


def test_identical_content_is_not_saved_twice(prompt, editor):
    version = versions.save(prompt=prompt, content=chat(), by=editor)

    with pytest.raises(NoChanges) as refusal:
        versions.save(prompt=prompt, content=chat(), base_number=1, by=editor)

    assert refusal.value.version == version
    assert prompt.versions.count() == 1


def test_the_words_of_an_older_version_can_be_saved_again(prompt, editor):
    versions.save(prompt=prompt, content=chat(("system", "one")), by=editor)
    versions.save(prompt=prompt, content=chat(("system", "two")), by=editor)

    assert versions.save(prompt=prompt, content=chat(("system", "one")), by=editor).number == 3


def test_a_save_on_top_of_an_old_version_carries_the_newer_one(prompt, editor):
    make_version(prompt)
    newer = make_version(prompt)

    with pytest.raises(ChangedMeanwhile) as refusal:
        versions.save(prompt=prompt, content=chat(("system", "mine")), base_number=1, by=editor)

    assert refusal.value.newer == newer
    assert prompt.versions.count() == 2


def test_without_a_base_the_content_becomes_the_newest_version(prompt, editor):
    make_version(prompt)
    make_version(prompt)

    assert versions.save(prompt=prompt, content=chat(), by=editor).number == 3


def test_a_viewer_cannot_save(prompt, viewer):
    with pytest.raises(NotAllowed):
        versions.save(prompt=prompt, content=chat(), by=viewer)


def test_a_chat_prompt_stays_a_chat_prompt(prompt, editor):
    with pytest.raises(TypeFixed):
        versions.save(prompt=prompt, content=text(), by=editor)


def test_content_built_in_code_is_checked_as_well(prompt, editor):
    with pytest.raises(ContentNotUsable):
        versions.save(prompt=prompt, content=PromptContent(type="chat"), by=editor)


def test_a_note_that_is_too_long_is_refused_and_not_cut(prompt, editor):
    with pytest.raises(NoteTooLong):
        versions.save(prompt=prompt, content=chat(), note="x" * 501, by=editor)


def test_by_number_stays_within_the_prompt(project):
    version = make_version(make_prompt(project))
    other = make_prompt(project)

    with pytest.raises(versions.VersionUnknown):
        versions.by_number(other, version.number)


# Naming the apps lets the clean-up empty the tables that point to them as well.
@pytest.mark.django_db(transaction=True, available_apps=["projects", "prompt_registry"])
def test_two_people_who_save_at_once_never_get_the_same_number_and_one_is_told():
    prompt = make_prompt(make_project())
    make_version(prompt)
    outcomes: list[object] = []
    start = threading.Barrier(2)

    def save(words: str) -> None:
        start.wait()
        try:
            outcomes.append(versions.save(prompt=prompt, content=chat(("system", words)), base_number=1, by=None))
        except ChangedMeanwhile as refusal:
            outcomes.append(refusal)
        finally:
            connection.close()

    threads = [threading.Thread(target=save, args=(words,)) for words in ("mine", "yours")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    saved = next(outcome for outcome in outcomes if isinstance(outcome, PromptVersion))
    refused = next(outcome for outcome in outcomes if isinstance(outcome, ChangedMeanwhile))
    assert saved.number == 2
    assert refused.newer == saved
