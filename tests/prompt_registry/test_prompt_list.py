"""What belongs on the list of prompts, in which order, and what its rows tell."""

from __future__ import annotations

from prompt_registry import drafts, labels, prompt_list, prompts
from prompt_registry.prompt_list import Named, Wanted
from tests.prompt_registry.factories import make_member, make_project, make_prompt, make_version

NAMES = [Named(number, name) for number, name in enumerate(["a", "b", "c", "d"], start=1)]


def _find(project, **wanted):
    return [prompt.name for prompt in prompt_list.find(project=project, wanted=Wanted(**wanted))]


def _row(project, reader):
    (row,) = prompt_list.rows(prompt_list.find(project=project, wanted=Wanted()), project=project, reader=reader)
    return row


def _page(after="", values=None, limit=2):
    found = prompt_list.page(NAMES, values=values or {}, after=after, limit=limit)
    return [prompt.name for prompt in found.prompts], found.next_after


def test_slashes_make_folders():
    names = ["100%/x", "greeting", "support/mail/late", "support/refund", "support_old/x"]
    found = [Named(number, name) for number, name in enumerate(names)]

    top, directly = prompt_list.inside(found, "")
    inside, refund = prompt_list.inside([name for name in found if name.name.startswith("support/")], "support/")

    assert [(folder.name, folder.prompt_count) for folder in top] == [("100%", 1), ("support", 2), ("support_old", 1)]
    assert [(folder.name, folder.path) for folder in inside] == [("mail", "support/mail/")]
    assert ([prompt.name for prompt in directly], [prompt.name for prompt in refund]) == (
        ["greeting"],
        ["support/refund"],
    )


def test_a_folder_holds_everything_below_it_and_nothing_of_other_projects(project):
    for name in ("support/refund", "support/mail/late", "support_old/x"):
        make_prompt(project, name=name)
    make_prompt(make_project(), name="support/foreign")

    assert _find(project, folder="support/") == ["support/mail/late", "support/refund"]


def test_pages_go_on_after_the_last_prompt():
    first, after = _page()
    second, end = _page(after)

    assert (first, second, end) == (["a", "b"], ["c", "d"], "")


def test_the_highest_value_comes_first_and_prompts_without_one_last():
    values = {"b": 1.5, "d": 7.0}

    first, after = _page(values=values)
    second, _ = _page(after, values=values)

    assert (first, second) == (["d", "b"], ["a", "c"])


def test_odd_places_begin_at_the_start_or_end_the_list():
    assert _page("nonsense")[0] == ["a", "b"]
    assert _page("x|b")[0] == ["a", "b"]
    assert _page("nan|b")[0] == []


def test_mine_is_what_i_made_saved_or_am_writing_on(project, editor):
    make_prompt(project, name="made", by=editor)
    make_version(make_prompt(project, name="saved"), by=editor)
    drafts.autosave(prompt=make_prompt(project, name="begun"), content={}, base_number=0, revision=0, by=editor)
    make_version(make_prompt(project, name="foreign"), by=make_member(project))

    assert _find(project, of=editor) == ["begun", "made", "saved"]


def test_tags_and_names_narrow_the_list(project, editor):
    for name, tags in (("a", ["mail", "old"]), ("b", ["mail"]), ("c", [])):
        prompts.retag(prompt=make_prompt(project, name=name), tags=tags, by=editor)

    assert _find(project, tag="mail") == ["a", "b"]
    assert _find(project, named={"b", "c"}) == ["b", "c"]
    assert _find(project, named=set()) == []
    assert _find(project, unnamed={"b"}) == ["a", "c"]
    assert prompt_list.tags(project=project) == ["mail", "old"]


def test_archived_and_deleted_prompts_are_only_in_the_archive(project, editor, approver):
    prompts.archive(prompt=make_prompt(project, name="a"), by=editor)
    prompts.delete(prompt=make_prompt(project, name="b"), by=approver)

    assert _find(project) == []
    assert _find(project, is_put_away=True) == ["a", "b"]


def test_a_row_tells_what_is_live_and_who_is_writing(project, editor, approver):
    prompt = make_prompt(project)
    first = make_version(prompt, by=editor, note="First")
    for label in ("production", "beta"):
        labels.publish(prompt=prompt, version=first, label=label, by=approver)
    make_version(prompt, by=approver, note="Kinder")
    other = make_member(project)
    for person in (editor, other):
        drafts.autosave(prompt=prompt, content={}, base_number=2, revision=0, by=person)

    row = _row(project, editor)

    assert (row.production.version.number, row.staging, row.newest.number, row.newest.note) == (1, None, 2, "Kinder")
    assert [label.name for label in row.other_labels] == ["beta"]
    assert row.writers == [other]


def test_a_name_that_only_looks_latin_is_told(project, editor):
    make_prompt(project, name="supp\u043ert")

    assert "cyrillic" in _row(project, editor).look_alike


def test_what_changed_last_is_the_newest_version_or_the_making(project):
    saved, empty = make_prompt(project, name="saved"), make_prompt(project, name="empty")
    version = make_version(saved)

    changed = prompt_list.changed_at(project=project, wanted=Wanted())

    assert changed == {"saved": version.created_at, "empty": empty.created_at}


def test_a_page_of_rows_asks_a_fixed_number_of_times(project, editor, django_assert_num_queries):
    for _ in range(5):
        make_version(make_prompt(project))
    found = prompt_list.find(project=project, wanted=Wanted())

    with django_assert_num_queries(5):
        prompt_list.rows(found, project=project, reader=editor)
