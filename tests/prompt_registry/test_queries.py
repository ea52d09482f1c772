"""What the pages show: folders, search, histories."""

from __future__ import annotations

from prompt_registry import drafts, labels, prompts, queries
from tests.prompt_registry.factories import chat, make_member, make_project, make_prompt, make_version, text


def _names(rows):
    return [row.prompt.name for row in rows]


def _listed(project, reader, path="", after="", limit=50):
    return queries.listed(project=project, path=path, after=after, limit=limit, reader=reader)


def test_slashes_make_folders(project, editor):
    for name in ("greeting", "support/refund", "support/mail/late", "support_old/x", "100%/x"):
        make_prompt(project, name=name)
    make_prompt(make_project(), name="support/foreign")

    top, inside = (queries.folders(project=project, path=path) for path in ("", "support/"))

    assert [(folder.name, folder.prompt_count) for folder in top] == [("100%", 1), ("support", 2), ("support_old", 1)]
    assert [(folder.name, folder.path) for folder in inside] == [("mail", "support/mail/")]
    assert _names(_listed(project, editor)[0]) == ["greeting"]
    assert _names(_listed(project, editor, "support/")[0]) == ["support/refund"]


def test_few_prompts_are_listed_with_everything_below(project, editor):
    for name in ("b", "support/refund", "support/mail/late"):
        make_prompt(project, name=name)

    whole = queries.expanded(project=project, path="", limit=3, reader=editor)
    inside = queries.expanded(project=project, path="support/", limit=3, reader=editor)

    assert _names(whole) == ["b", "support/mail/late", "support/refund"]
    assert _names(inside) == ["support/mail/late", "support/refund"]
    assert queries.expanded(project=project, path="", limit=2, reader=editor) is None


def test_the_list_tells_what_is_live_and_who_is_writing(project, editor, approver):
    prompt = make_prompt(project)
    first = make_version(prompt, by=editor, note="First")
    labels.publish(prompt=prompt, version=first, label="production", by=approver)
    make_version(prompt, by=approver, note="Kinder")
    other = make_member(project)
    for person in (editor, other):
        drafts.autosave(prompt=prompt, content={}, base_number=2, revision=0, by=person)

    (row,) = _listed(project, editor, "support/")[0]

    assert (row.production.version.number, row.staging, row.newest.number, row.newest.note) == (1, None, 2, "Kinder")
    assert row.writers == [other]


def test_a_long_list_goes_on_after_the_last_name(project, editor):
    for name in ("a", "b", "c"):
        make_prompt(project, name=name)

    first, has_more = _listed(project, editor, limit=2)
    second, has_still_more = _listed(project, editor, after="b", limit=2)

    assert (_names(first), has_more, _names(second), has_still_more) == (["a", "b"], True, ["c"], False)


def test_a_page_of_the_list_asks_a_fixed_number_of_times(project, editor, django_assert_num_queries):
    for _ in range(5):
        make_version(make_prompt(project))

    with django_assert_num_queries(4):
        _listed(project, editor, path="support/")


def test_search_finds_names_and_the_newest_text_with_an_excerpt(project, editor):
    by_name = make_prompt(project, name="refund")
    in_text = make_prompt(project, name="other")
    make_version(in_text, chat(("system", "Old words")))
    make_version(in_text, chat(("system", 'Say "sorry" first.\nThen offer a REFUND of the money.'), ("user", "x")))
    make_version(make_prompt(project, type="text"), text("nothing here"))

    rows = queries.search(project=project, words="refund", limit=50, reader=editor)

    assert _names(rows) == ["refund", "other"]
    assert rows[0].excerpt is None
    assert rows[1].excerpt == queries.Excerpt('Say "sorry" first.\nThen offer a ', "REFUND", " of the money.\nx")
    assert queries.search(project=project, words="Old words", limit=50, reader=editor) == []
    assert by_name.pk == rows[0].prompt.pk


def test_search_takes_every_character_literally(project, editor):
    make_version(make_prompt(project), chat(("system", "100% of _all_ \\ {{name}}")))

    for words in ("100%", "_all_", "\\", "{{name}}"):
        assert len(queries.search(project=project, words=words, limit=50, reader=editor)) == 1
    assert queries.search(project=project, words="%", limit=50, reader=editor)
    assert queries.search(project=project, words="100_", limit=50, reader=editor) == []


def test_archived_and_deleted_prompts_are_only_in_the_archive(project, editor, approver):
    archived, deleted = make_prompt(project, name="a"), make_prompt(project, name="b")
    prompts.archive(prompt=archived, by=editor)
    prompts.delete(prompt=deleted, by=approver)

    put_away, _ = queries.put_away(project=project, after="", limit=50, reader=editor)

    assert _names(put_away) == ["a", "b"]
    assert _listed(project, editor)[0] == []
    assert queries.search(project=project, words="a", limit=50, reader=editor) == []


def test_the_history_is_newest_first_with_labels_and_the_version_before(prompt, approver):
    first = make_version(prompt)
    make_version(prompt)
    make_version(prompt)
    labels.publish(prompt=prompt, version=first, label="production", by=approver)

    rows, has_older = queries.history(prompt=prompt, before=None, limit=2)
    older, _ = queries.history(prompt=prompt, before=2, limit=2)

    assert ([row.version.number for row in rows], [row.before for row in rows], has_older) == ([3, 2], [2, 1], True)
    assert [(row.version.number, row.labels, row.before) for row in older] == [(1, ["production"], None)]


def test_moves_are_newest_first(prompt, approver):
    for version in (make_version(prompt), make_version(prompt)):
        labels.publish(prompt=prompt, version=version, label="production", by=approver)
    labels.undo(prompt=prompt, label="production", by=approver)

    moves = queries.moves(prompt=prompt, limit=10)

    assert [(move.is_undo, move.to_version.number) for move in moves] == [(True, 1), (False, 2), (False, 1)]


def test_what_is_live_names_production_first(prompt, approver):
    version = make_version(prompt)
    for label in ("beta", "staging", "production"):
        labels.publish(prompt=prompt, version=version, label=label, by=approver)

    assert [label.name for label in queries.live(prompt=prompt)] == ["production", "staging", "beta"]


def test_a_search_finds_a_name_whose_text_has_no_such_word(project, editor):
    make_version(make_prompt(project, name="support/refund"), chat(("system", "Be kind.")))

    (row,) = queries.search(project=project, words="refund", limit=10, reader=editor)

    assert (row.prompt.name, row.excerpt) == ("support/refund", None)
