"""Importing: what is chosen becomes versions, all of it or nothing, once; nothing goes live."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from projects.models import AuditEvent
from prompt_registry import contents, exports, prompts, versions
from prompt_registry.errors import ImportGone, ImportRefused, NotAllowed
from prompt_registry.imports import archives, runs
from prompt_registry.imports.plans import Becomes
from prompt_registry.imports.values import SourceFile
from prompt_registry.models import Label, Prompt, PromptImport, PromptVersion
from tests.prompt_registry.factories import make_member, make_project, make_prompt, text
from tests.prompt_registry.imports import files
from tests.prompt_registry.imports.files import json_file

pytestmark = pytest.mark.django_db


def begin(project, by, *sources: SourceFile) -> PromptImport:
    return runs.begin(project=project, files=sources or [json_file(files.LANGFUSE)], by=by)


def take_all(pending: PromptImport, by) -> PromptImport:
    chosen = {line.key for line in runs.preview(pending=pending).lines}
    return runs.carry_out(pending=pending, format_key="", chosen=chosen, by=by)


def test_a_preview_says_what_each_entry_becomes(project, editor):
    existing = make_prompt(project, name="greeting", type="text")
    versions.save(prompt=existing, content=text("Hi {{name}}"), by=editor)
    make_prompt(project, name="support/refund-answer", type="text")

    lines = runs.preview(pending=begin(project, editor)).lines

    assert [(line.name, line.becomes, line.reason) for line in lines] == [
        ("greeting", Becomes.SAME, "v1 says the same."),
        (
            "support/refund-answer",
            Becomes.NOTHING,
            "It is a text here and a chat in the file. A prompt stays what it was made as.",
        ),
        (
            "support/refund-answer",
            Becomes.NOTHING,
            "It is a text here and a chat in the file. A prompt stays what it was made as.",
        ),
    ]


def test_looking_saves_nothing(project, editor):
    runs.preview(pending=begin(project, editor))

    assert not Prompt.objects.for_project(project).exists()


def test_everything_is_saved_with_notes_tags_and_an_audit_event_and_nothing_is_live(project, editor):
    done = take_all(begin(project, editor), editor)

    refund = Prompt.objects.get(project=project, name="support/refund-answer")
    assert [version.note for version in refund.versions.order_by("number")] == [
        "Imported from export.json (Langfuse)",
        "Kinder",
    ]
    assert refund.tags == []
    assert not Label.objects.filter(project=project).exists()
    assert [(result["name"], result["version"]) for result in done.results] == [
        ("greeting", 1),
        ("support/refund-answer", 1),
        ("support/refund-answer", 2),
    ]
    event = AuditEvent.objects.get(project=project, action="prompt.imported")
    assert (event.details["format"], event.details["versions"], event.details["prompts"]) == ("langfuse", 3, 2)


def test_a_new_prompt_gets_the_tags_of_its_file(project, editor):
    take_all(begin(project, editor, json_file([files.LANGFUSE[0] | {"tags": ["a", "x" * 200]}])), editor)

    assert Prompt.objects.get(project=project).tags == ["a"]


def test_a_second_call_changes_nothing(project, editor):
    pending = begin(project, editor)
    first = take_all(pending, editor)

    second = runs.carry_out(pending=pending, format_key="", chosen={"anything"}, by=editor)

    assert second.results == first.results
    assert PromptVersion.objects.filter(project=project).count() == 3


def test_importing_the_same_file_again_finds_everything_there(project, editor):
    take_all(begin(project, editor), editor)

    again = runs.preview(pending=begin(project, editor))

    assert {line.becomes for line in again.lines} == {Becomes.SAME}


def test_what_blanks_mean_is_kept_when_the_file_says_nothing_of_it(project, editor):
    prompt = make_prompt(project, name="greeting", type="text")
    described = text("Hi {{name}}", variables=[{"name": "name", "description": "First name", "sample": "Ada"}])
    versions.save(prompt=prompt, content=described, by=editor)
    file = json_file([{"name": "greeting", "prompt": "Hello {{name}}"}])

    take_all(begin(project, editor, file), editor)

    assert contents.of_version(versions.newest_of(prompt)).variables[0].description == "First name"


def test_only_what_was_chosen_is_saved(project, editor):
    pending = begin(project, editor)
    [greeting] = [line for line in runs.preview(pending=pending).lines if line.name == "greeting"]

    runs.carry_out(pending=pending, format_key="langfuse", chosen={greeting.key}, by=editor)

    assert [prompt.name for prompt in Prompt.objects.for_project(project)] == ["greeting"]


def test_nothing_chosen_is_refused(project, editor):
    with pytest.raises(ImportRefused, match="No prompt was chosen"):
        runs.carry_out(pending=begin(project, editor), format_key="", chosen=set(), by=editor)


def test_when_one_cannot_be_saved_none_is(project, editor):
    pending = begin(project, editor)
    chosen = {line.key for line in runs.preview(pending=pending).lines}
    # The database refuses the second version of a prompt, whatever we think of it.
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE prompt_version ADD CONSTRAINT one_only CHECK (number < 2)")

    with pytest.raises(IntegrityError), transaction.atomic():
        runs.carry_out(pending=pending, format_key="", chosen=chosen, by=editor)

    assert not Prompt.objects.for_project(project).exists()
    pending.refresh_from_db()
    assert pending.done_at is None


def test_a_viewer_may_not_import(project, viewer):
    with pytest.raises(NotAllowed):
        begin(project, viewer)


def test_a_prompt_in_the_archive_is_left_alone(project, editor):
    prompt = make_prompt(project, name="greeting", type="text")
    prompts.archive(prompt=prompt, by=editor)

    line = runs.preview(pending=begin(project, editor)).lines[0]

    assert (line.becomes, line.reason[:20]) == (Becomes.NOTHING, "It is in the archive")


@pytest.mark.parametrize("name", ["../../etc/passwd", "a|b", "new", "", "x" * 300, "a\u202eb"])
def test_a_name_that_cannot_be_used_is_named_with_its_reason(project, editor, name):
    pending = begin(project, editor, json_file([{"name": name or " ", "prompt": "x"}, {"name": "ok", "prompt": "y"}]))

    bad, good = runs.preview(pending=pending).lines

    assert (bad.becomes, bool(bad.reason), good.becomes) == (Becomes.NOTHING, True, Becomes.NEW_PROMPT)


def test_another_upload_takes_the_place_of_the_one_before(project, editor):
    first = begin(project, editor)
    begin(project, editor)

    with pytest.raises(ImportGone):
        runs.carry_out(pending=first, format_key="", chosen={"1-"}, by=editor)
    assert PromptImport.objects.count() == 1


def test_what_was_never_chosen_is_thrown_away_after_a_day(project, editor):
    old = begin(project, make_member(project))
    PromptImport.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=2))

    begin(project, editor)

    assert not PromptImport.objects.filter(pk=old.pk).exists()


@pytest.mark.parametrize(("write", "name"), [(exports.tar_gz, "x.tar.gz"), (exports.langfuse_json, "x.json")])
def test_an_export_imported_elsewhere_is_the_same(project, editor, write, name):
    take_all(begin(project, editor), editor)
    other = make_project()
    member = make_member(other)
    packed = b"".join(write(exports.prompts_of(project=project)))

    take_all(begin(other, member, *archives.unpack(name, packed)), member)

    ours, theirs = (
        [(one.document["name"], one.content_hash) for one in exports.prompts_of(project=each)]
        for each in (project, other)
    )
    assert ours == theirs
    assert len(ours) == 2


# Naming the apps lets the clean-up empty the tables that point to them as well.
@pytest.mark.django_db(transaction=True, available_apps=["projects", "prompt_registry"])
def test_a_double_click_saves_once():
    project = make_project()
    editor = make_member(project)
    pending = begin(project, editor)
    chosen = {line.key for line in runs.preview(pending=pending).lines}
    barrier, problems = threading.Barrier(3), []

    def click() -> None:
        try:
            barrier.wait()
            runs.carry_out(pending=pending, format_key="", chosen=chosen, by=editor)
        except Exception as error:
            problems.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=click) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert problems == []
    assert PromptVersion.objects.filter(project=project).count() == 3
    assert AuditEvent.objects.filter(project=project, action="prompt.imported").count() == 1
