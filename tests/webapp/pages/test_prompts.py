"""The list, the history, comparing, publishing and undoing, archive and names."""

from __future__ import annotations

import ast
from urllib.parse import quote

import pytest
from django.test import Client
from django.urls import reverse

from projects.models import Project, User
from projects.roles import Role
from prompt_registry import contents, drafts, labels
from prompt_registry.models import Label, Prompt
from tests.prompt_registry.factories import chat, make_member, make_project, make_prompt, make_version, text
from webapp.pages.prompts_snippets import snippets

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return make_project()


@pytest.fixture
def prompt(project: Project) -> Prompt:
    return make_prompt(project, name="support/refund")


@pytest.fixture
def approver(project: Project) -> User:
    return make_member(project, Role.APPROVER, name="Dana Approver")


@pytest.fixture
def editor(project: Project) -> User:
    return make_member(project, Role.EDITOR, name="Ana Editor")


def _browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def _url(prompt: Prompt, route: str, *more: int) -> str:
    return reverse(route, args=[prompt.project.slug, prompt.pk, *more])


def _list(project: Project) -> str:
    return reverse("prompts", args=[project.slug])


def _two_live(prompt: Prompt, approver: User) -> None:
    for words in ("Be kind.", "Be kind and short."):
        version = make_version(prompt, chat(("system", words)), note=f"Note on {words}", by=approver)
        labels.publish(prompt=prompt, version=version, label="production", by=approver, reason=f"Because {words}")


# The list


def test_an_empty_project_shows_the_next_step(project, editor):
    page = _browser(editor).get(_list(project)).text

    assert "Write the first prompt" in page
    assert reverse("prompt-new", args=[project.slug]) in page


def test_the_list_shows_folders_what_is_live_and_the_last_change(project, prompt, approver, editor):
    _two_live(prompt, approver)
    make_prompt(project, name="greeting")

    page = _browser(editor).get(_list(project)).text

    for words in (
        "greeting",
        "?folder=support/",
        "v2",
        "Note on Be kind and short.",
        "Dana Approver",
        _url(prompt, "prompt"),
    ):
        assert words in page


def test_many_prompts_wait_in_their_folders(project, prompt, editor, monkeypatch):
    monkeypatch.setattr("webapp.pages.prompts_list.PAGE_SIZE", 2)
    make_version(prompt, note="Inside")
    for name in ("support/other", "greeting"):
        make_prompt(project, name=name)
    client = _browser(editor)

    top = client.get(_list(project)).text
    inside = client.get(_list(project), {"folder": "support/"}).text

    assert "?folder=support/" in top
    assert "Inside" not in top
    assert "Inside" in inside
    assert "greeting" not in inside


def test_search_marks_the_words_and_escapes_the_rest(project, prompt, editor):
    make_version(prompt, chat(("system", "<b>Offer</b> a full REFUND today.")))
    make_prompt(project, name="unrelated")

    page = _browser(editor).get(_list(project), {"q": "full refund"}, headers={"HX-Request": "true"}).text

    assert "<mark>full</mark> a" not in page
    assert "<mark>full</mark> <mark>REFUND</mark>" in page
    assert "&lt;b&gt;Offer" in page
    assert "unrelated" not in page
    assert "<html" not in page


@pytest.mark.parametrize("words", ["%", "_", "\x00", "'; DROP TABLE prompt; --", "x" * 500, "\u202e"])
def test_odd_searches_find_nothing_and_break_nothing(project, prompt, editor, words):
    make_version(prompt)

    page = _browser(editor).get(_list(project), {"q": words})

    assert page.status_code == 200


def test_a_viewer_is_told_whom_to_ask_instead_of_a_dead_button(project, prompt, editor):
    viewer, admin = make_member(project, Role.VIEWER), make_member(project, Role.ADMIN)

    page = _browser(viewer).get(_list(project)).text

    assert "New prompt" not in page
    assert f"mailto:{admin.email}" in page


def test_others_who_are_writing_are_shown(project, prompt, editor):
    other = make_member(project, name="Sam Writer")
    drafts.autosave(prompt=prompt, content={}, base_number=0, revision=0, by=other)

    assert "Sam Writer" in _browser(editor).get(_list(project), {"folder": "support/"}).text


# Making, renaming, archiving


def test_a_new_prompt_opens_in_the_editor(project, editor):
    client = _browser(editor)

    answer = client.post(reverse("prompt-new", args=[project.slug]), {"name": "billing/late", "type": "text"})

    made = Prompt.objects.get(name="billing/late")
    assert (made.type, made.created_by) == ("text", editor)
    assert answer.url == _url(made, "prompt")


@pytest.mark.parametrize("name", ["", "a|b", "new", "support/refund", "a//b"])
def test_a_name_that_cannot_be_used_keeps_the_form(project, prompt, editor, name):
    answer = _browser(editor).post(reverse("prompt-new", args=[project.slug]), {"name": name, "type": "chat"})

    assert answer.status_code == 422
    assert Prompt.objects.count() == 1


def test_renaming_works_until_something_was_published(project, prompt, approver):
    client = _browser(approver)
    client.post(_url(prompt, "prompt-rename"), {"name": "billing/refund"})
    prompt.refresh_from_db()
    _two_live(prompt, approver)

    page = client.get(_url(prompt, "prompt-rename")).text
    refused = client.post(_url(prompt, "prompt-rename"), {"name": "x"})

    assert prompt.name == "billing/refund"
    assert "The name stays" in page
    assert refused.status_code == 422


def test_the_archive_keeps_prompts_until_they_come_back(project, prompt, approver):
    client = _browser(approver)
    client.post(_url(prompt, "prompt-archive"))
    hidden = client.get(_list(project), {"folder": "support/"}).text
    archive = client.get(_list(project) + "?archive").text
    client.post(_url(prompt, "prompt-delete"))
    deleted = client.get(_list(project) + "?archive").text

    client.post(_url(prompt, "prompt-restore"))

    assert "This folder is empty" in hidden
    assert "archived" in archive
    assert "deleted" in deleted
    assert _url(prompt, "prompt") in client.get(_list(project), {"folder": "support/"}).text


def test_an_editor_cannot_delete(prompt, editor):
    assert _browser(editor).post(_url(prompt, "prompt-delete")).status_code == 403


@pytest.mark.parametrize(
    "route", ["prompt-archive", "prompt-delete", "prompt-restore", "prompt-undo", "prompt-discard"]
)
def test_looking_never_changes_anything(prompt, approver, route):
    assert _browser(approver).get(_url(prompt, route)).status_code == 405


def test_a_recorded_call_leads_to_its_prompt_and_version(project, prompt, approver):
    _two_live(prompt, approver)
    client = _browser(approver)
    address = reverse("prompt-by-name", args=[project.slug])

    assert client.get(address, {"name": prompt.name, "version": "1"}).url == _url(prompt, "prompt-version", 1)
    assert client.get(address, {"name": prompt.name, "version": "77"}).url == _url(prompt, "prompt")
    assert client.get(address, {"name": "nothing"}).status_code == 404


# Versions and comparing


def test_the_history_tells_who_published_what_when_and_why(prompt, approver):
    _two_live(prompt, approver)
    labels.undo(prompt=prompt, label="production", by=approver)

    page = _browser(approver).get(_url(prompt, "prompt-versions")).text

    for words in (
        "Note on Be kind.",
        "Because Be kind and short.",
        "undid:",
        "came back to production in place of v2",
        "Dana Approver",
    ):
        assert words in page


def test_a_version_has_a_page_of_its_own_with_lines_to_paste(prompt, approver):
    make_version(prompt, chat(("system", "Hi {{name}}"), variables=[{"name": "name", "sample": "Ana"}]))

    page = _browser(approver).get(_url(prompt, "prompt-version", 1)).text

    assert "callboard.prompts.get(&#x27;support/refund&#x27;, label=&#x27;production&#x27;)" in page
    assert "version=1" in page
    assert ">{{name}}</span>" in page
    assert "Sample: Ana" in page
    assert _browser(approver).get(_url(prompt, "prompt-version", 9)).status_code == 404


def test_the_lines_to_paste_are_python_whatever_the_blanks_are_called():
    content = contents.parse({
        "type": "chat",
        "messages": [{"role": "user", "content": "{{a-b}} {{class}} {{plain}} {{x.y}}"}, {"type": "placeholder", "name": "history"}],
        "variables": [{"name": "plain", "sample": "it's \"quoted\"\n{{x}}" + "y" * 99}],
    })  # fmt: skip

    found = snippets(
        prompt=Prompt(name='it\'s/a "name"'), content=content, number=3, labels=["staging"], url="http://x/"
    )

    for snippet in found[:2]:
        ast.parse(snippet.code)
    assert "label='staging'" in found[0].code
    assert quote('it\'s/a "name"', safe="") in found[2].code


def test_two_versions_are_compared_in_sentences_and_words(prompt, approver):
    _two_live(prompt, approver)
    client = _browser(approver)

    inline = client.get(_url(prompt, "prompt-compare"), {"from": "1", "to": "2"}).text
    side = client.get(_url(prompt, "prompt-compare"), {"from": "1", "to": "2", "view": "side"}).text

    assert "Changes message 1 (Instructions): adds 2 words." in inline
    assert "<ins> and short</ins>" in inline
    assert 'class="sides"' in side
    assert f"/dashboards/versions/?prompt={prompt.name}&amp;first=1&amp;second=2" in inline
    assert client.get(_url(prompt, "prompt-compare"), {"from": "9", "to": "2"}).status_code == 404


def test_long_equal_stretches_are_folded_until_wanted(prompt, approver):
    lines = [f"Line {number}" for number in range(40)]
    make_version(prompt, chat(("system", "\n".join([*lines, "one"]))))
    make_version(prompt, chat(("system", "\n".join([*lines, "two"]))))
    client = _browser(approver)

    folded = client.get(_url(prompt, "prompt-compare")).text
    whole = client.get(_url(prompt, "prompt-compare") + "?whole=1").text

    assert "37 lines not shown" in folded
    assert "Line 5<" not in folded
    assert "Line 5<" in whole


def test_the_text_of_an_old_version_comes_back_as_a_draft(prompt, editor):
    make_version(prompt, chat(("system", "Old words")))
    make_version(prompt, chat(("system", "New words")))
    client = _browser(editor)

    client.post(_url(prompt, "prompt-use-again", 1))
    client.post(_url(prompt, "prompt-use-again", 2))

    draft = drafts.of(prompt=prompt, user=editor)
    assert (draft.base_number, draft.content["messages"][0]["content"]) == (2, "Old words")


# Publishing


def test_the_publish_page_says_what_will_change_and_what_it_replaces(prompt, approver):
    _two_live(prompt, approver)
    make_version(prompt, chat(("system", "Be kind and short, {{name}}."), settings={"model": "big"}))

    page = _browser(approver).get(_url(prompt, "prompt-publish"), {"version": "3"}).text

    for words in ("Publish v3 to production", "replaces v2", "published by Dana Approver", "Adds the blank «name».",
                  "Model: not set → big.", "The blank «name» is new", "Undo is one click: v2 comes back"):  # fmt: skip
        assert words in page


def test_publishing_needs_every_tick(prompt, approver):
    _two_live(prompt, approver)
    make_version(prompt, chat(("system", "Be kind, {{name}}."), settings={"model": "big"}))
    client = _browser(approver)
    address = _url(prompt, "prompt-publish") + "?version=3"

    refused = client.post(address, {"expected": "2", "accepted": ["1"], "reason": "My reason"})
    accepted = client.post(address, {"expected": "2", "accepted": ["1", "2"], "reason": "My reason"})

    assert refused.status_code == 422
    assert 'value="My reason"' in refused.text
    assert accepted.status_code == 302
    move = prompt.label_moves.latest("pk")
    assert (move.to_version.number, move.reason, move.moved_by) == (3, "My reason", approver)


def test_an_editor_publishes_to_staging_and_is_told_whom_to_ask_for_production(prompt, editor, approver):
    make_version(prompt, chat(("system", "Be kind.")))
    client = _browser(editor)

    production = client.get(_url(prompt, "prompt-publish"), {"version": "1"}).text
    refused = client.post(_url(prompt, "prompt-publish") + "?version=1", {"expected": "0"})
    staged = client.post(_url(prompt, "prompt-publish") + "?version=1&to=staging", {"expected": "0"})

    assert "Somebody else must publish this." in production
    assert "Dana Approver" in production
    assert (refused.status_code, staged.status_code) == (403, 302)
    assert [label.name for label in prompt.labels.all()] == ["staging"]


def test_a_publish_by_somebody_else_in_between_is_noticed(prompt, approver):
    _two_live(prompt, approver)
    make_version(prompt, chat(("system", "Third.")))
    labels.undo(prompt=prompt, label="production", by=approver)

    answer = _browser(approver).post(_url(prompt, "prompt-publish") + "?version=3", {"expected": "2"})

    assert answer.status_code == 409
    assert "replaces v1" in answer.text
    assert Label.objects.get(prompt=prompt).version.number == 1


def test_misleading_characters_stop_a_publish_with_a_way_out(prompt, approver):
    make_version(prompt, chat(("system", "Send money to p\u0430ypal.")))
    client = _browser(approver)

    page = client.get(_url(prompt, "prompt-publish"), {"version": "1"}).text
    answer = client.post(_url(prompt, "prompt-publish") + "?version=1", {"expected": "0"})

    assert "Stops publishing." in page
    assert "cyrillic small letter a" in page
    assert answer.status_code == 422
    assert not prompt.labels.exists()


@pytest.mark.parametrize(
    "query", ["?version=1&to=latest", "?version=1&to=Bad Name", "?version=9", "?version=99999999999"]
)
def test_what_cannot_be_published_is_not_found(prompt, approver, query):
    make_version(prompt)

    assert _browser(approver).get(_url(prompt, "prompt-publish") + query).status_code == 404


def test_undo_brings_the_version_before_back(prompt, editor, approver):
    _two_live(prompt, approver)
    client = _browser(editor)

    client.post(_url(prompt, "prompt-undo"), {"place": "production", "expected": "2"})

    page = client.get(_url(prompt, "prompt-versions")).text
    assert Label.objects.get(prompt=prompt).version.number == 1
    assert "v1 is back in production. v2 stays in the history." in page


def test_an_undo_that_cannot_be_done_says_why(prompt, approver):
    _two_live(prompt, approver)
    client = _browser(approver)

    client.post(_url(prompt, "prompt-undo"), {"place": "production", "expected": "1"})

    assert Label.objects.get(prompt=prompt).version.number == 2
    assert "Look at the page again" in client.get(_url(prompt, "prompt-versions")).text


def test_a_viewer_cannot_undo(prompt, approver):
    _two_live(prompt, approver)
    client = _browser(make_member(prompt.project, Role.VIEWER))

    assert client.post(_url(prompt, "prompt-undo"), {"place": "production", "expected": "2"}).status_code == 403


def test_unsaved_changes_are_named_on_the_publish_page(prompt, approver):
    make_version(prompt, chat(("system", "Be kind.")))
    drafts.autosave(prompt=prompt, content={"type": "chat"}, base_number=1, revision=0, by=approver)

    page = _browser(approver).get(_url(prompt, "prompt-publish"), {"version": "1"}).text

    assert "You have unsaved changes. They are not part of this version." in page


def test_no_code_word_stands_on_the_way_of_a_product_manager(prompt, approver, project):
    _two_live(prompt, approver)
    make_version(text_prompt := make_prompt(project, name="letter", type="text"), text("Dear {{name}}"))
    client = _browser(approver)
    pages = [client.get(_list(project)), client.get(_url(text_prompt, "prompt-publish")),
             *(client.get(_url(prompt, route)) for route in ("prompt", "prompt-versions", "prompt-compare", "prompt-publish"))]  # fmt: skip

    for page in pages:
        words = _visible(page.text)
        for word in (
            " commit",
            "deploy",
            "rollback",
            "json",
            " label",
            "temperature",
            "max_tokens",
            "template variable",
        ):
            assert word not in words.replace("as a json list", "").replace("the json schema", "")


def _visible(html: str) -> str:
    import re

    main = html[html.index("<main") : html.index("</main>")]
    return re.sub(r"<[^>]*>", " ", main).lower()
