"""Comments beside the text that is being written, and writing one there."""

from __future__ import annotations

import json
import re

import pytest
from django.test import Client
from django.urls import reverse

from projects.models import Project, User
from projects.roles import Role
from prompt_registry import comments
from prompt_registry.comments import Anchor
from prompt_registry.models import Comment, PromptVersion
from tests.projects.factories import signed_in
from tests.prompt_registry.factories import chat, make_member, make_project, make_prompt, make_version, text
from webapp.pages.prompts_margin import margin_of, marks_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return make_project()


@pytest.fixture
def editor(project: Project) -> User:
    return make_member(project, Role.EDITOR, name="Ana Editor", email="ana@example.org")


@pytest.fixture
def version(project: Project) -> PromptVersion:
    return make_version(
        make_prompt(project), chat(("system", "Be kind.\nBe short.\nBe true."), ("user", "{{question}}"))
    )


@pytest.fixture
def browser(editor: User) -> Client:
    return signed_in(editor)


def url(version: PromptVersion, route: str = "prompt", *more: int) -> str:
    return reverse(route, args=[version.prompt.project.slug, version.prompt_id, *more])


def say(version: PromptVersion, by: User, *, message: int = 0, line: int = 2, words: str = "Why short?") -> Comment:
    return comments.add(prompt=version.prompt, version=version, text=words, anchor=Anchor(message, line), by=by)


def placed(version: PromptVersion, *texts: str) -> dict[int, list[int]]:
    found = margin_of(version, texts).by_message
    return {place: [note.line for note in notes] for place, notes in found.items()}


def test_a_comment_stands_beside_its_line(version, editor):
    say(version, editor)

    assert placed(version, "Be kind.\nBe short.\nBe true.", "{{question}}") == {0: [2]}


def test_it_follows_its_line_when_others_come_before_it(version, editor):
    say(version, editor)

    assert placed(version, "Hello.\nBe kind.\nMore.\nBe short.\nBe true.", "{{question}}") == {0: [4]}


def test_it_follows_its_message_when_that_is_moved(version, editor):
    say(version, editor)

    assert placed(version, "{{question}}", "Be kind.\nBe short.\nBe true.") == {1: [2]}


def test_a_line_that_was_rewritten_says_so(version, editor):
    say(version, editor)

    (note,) = margin_of(version, ["Be kind.\nBe brief.\nBe true.", "{{question}}"]).by_message[0]

    assert (note.line, note.has_changed) == (0, True)


def test_a_comment_on_a_message_that_is_gone_is_not_lost(version, editor):
    say(version, editor, message=1, line=1)

    margin = margin_of(version, ["Be kind.\nBe short.\nBe true."])

    assert margin.by_message == {}
    assert [note.has_changed for note in margin.on_whole] == [True]


def test_settled_threads_are_left_out(version, editor):
    comments.resolve(comment=say(version, editor), by=editor)

    assert placed(version, "Be kind.\nBe short.\nBe true.", "{{question}}") == {}


def test_marks_count_as_browsers_do(project, editor):
    version = make_version(make_prompt(project, type="text"), text("\U0001f600 Smile.\nBe short."))
    say(version, editor)

    margin = margin_of(version, ["\U0001f600 Smile.\nBe short."])
    (mark,) = marks_of(margin, ["\U0001f600 Smile.\nBe short."])

    assert (mark.message, mark.start, mark.end) == (0, 10, 19)
    assert mark.sentence == "Ana Editor: Why short?"


def test_the_editor_shows_them_with_the_way_to_answer(browser, version, editor):
    comment = say(version, editor)
    comments.add(prompt=version.prompt, version=version, text="Looks fine as a whole", by=editor)

    page = browser.get(url(version)).text

    card = re.search(
        r'<li class="editor-card" data-card data-origin="0" id="message-1">.*?<li class="editor-card"', page, re.S
    )[0]
    assert "Why short?" in card
    assert "· line 2 ·" in card
    assert f'href="{url(version, "prompt-version", 1)}#comment-{comment.pk}"' in card
    assert "Looks fine as a whole" in page
    assert "Looks fine as a whole" not in card


def test_the_text_is_marked_where_a_comment_is(browser, version, editor):
    say(version, editor)

    page = browser.get(url(version)).text
    marks = json.loads(re.search(r'<script id="text-marks" type="application/json">(.*?)</script>', page)[1])

    assert [(mark["start"], mark["end"]) for mark in marks if "Why short?" in mark["sentence"]] == [(9, 18)]


def test_while_typing_the_marks_move_along(browser, version, editor):
    say(version, editor)
    form = {"role": ["system", "user"], "content": ["Hi.\nBe kind.\nBe short.\nBe true.", "{{question}}"], "base": 1}

    answer = browser.post(url(version, "prompt-preview"), form).text
    marks = json.loads(re.search(r'<script id="text-marks" type="application/json">(.*?)</script>', answer)[1])

    assert [(mark["start"], mark["end"]) for mark in marks if "Why short?" in mark["sentence"]] == [(13, 22)]


def test_a_comment_written_there_is_about_the_line_with_that_text_and_leads_back(browser, version):
    form = {"message": "0", "line": "7", "line_text": "Be true.", "text": "Always?", "next": url(version)}

    answer = browser.post(url(version, "comment-add", 1), form)

    comment = Comment.objects.get()
    assert (comment.message, comment.line) == (0, 3)
    assert answer.headers["Location"] == f"{url(version)}#comment-{comment.pk}"


def test_of_equal_lines_the_nearest_is_meant(project, browser):
    version = make_version(make_prompt(project), chat(("system", "Same.\nOther.\nSame.\nOther.\nSame.")))

    browser.post(url(version, "comment-add", 1), {"message": "0", "line": "4", "line_text": "Other.", "text": "?"})

    assert Comment.objects.get().line == 4


def test_a_line_that_is_not_saved_yet_takes_no_comment_and_the_text_is_kept(browser, version):
    form = {"message": "0", "line": "1", "line_text": "Brand new.", "text": "My long thought"}

    answer = browser.post(url(version, "comment-add", 1), form)

    assert answer.status_code == 422
    assert "This line is not in v1 yet" in answer.text
    assert "My long thought" in answer.text
    assert not Comment.objects.exists()


def test_a_hostile_comment_is_only_text(browser, version, editor):
    say(version, editor, words="<script>alert(1)</script>{{question}}")

    page = browser.get(url(version)).text

    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;{{question}}" in page


def test_a_prompt_without_a_version_has_nothing_to_comment_on(browser, project):
    prompt = make_prompt(project)

    page = browser.get(reverse("prompt", args=[project.slug, prompt.pk])).text

    assert "comment-dialog" not in page
