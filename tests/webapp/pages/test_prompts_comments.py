"""Comments on the page of a version: marks beside the lines, threads, forms that keep what was typed."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from projects.models import Project, User
from projects.roles import Role
from prompt_registry import comments, contents
from prompt_registry.comments import Anchor
from prompt_registry.models import Comment, PromptVersion
from tests.projects.factories import signed_in
from tests.prompt_registry.factories import chat, make_member, make_project, make_prompt, make_version
from webapp.pages.prompts_talk import MOST_LINES, lined

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return make_project()


@pytest.fixture
def editor(project: Project) -> User:
    return make_member(project, Role.EDITOR, name="Ana Editor", email="ana@example.org")


@pytest.fixture
def version(project: Project) -> PromptVersion:
    return make_version(make_prompt(project), chat(("system", "Be kind.\nBe short."), ("user", "{{question}}")))


@pytest.fixture
def browser(editor: User) -> Client:
    return signed_in(editor)


def page_of(version: PromptVersion) -> str:
    return reverse("prompt-version", args=[version.prompt.project.slug, version.prompt_id, version.number])


def url(name: str, comment: Comment) -> str:
    return reverse(name, args=[comment.prompt.project.slug, comment.prompt_id, comment.pk])


def say(version: PromptVersion, by: User, words: str = "Is this kind?", anchor: Anchor | None = None) -> Comment:
    return comments.add(prompt=version.prompt, version=version, text=words, anchor=anchor, by=by)


def test_a_comment_on_a_line_is_sent_by_a_plain_form_and_marks_the_line(browser, version):
    answer = browser.post(f"{page_of(version)}comments/", {"message": "0", "line": "2", "text": "Why short?"})

    comment = Comment.objects.get()
    assert answer.headers["Location"] == f"{page_of(version)}#comment-{comment.pk}"
    page = browser.get(page_of(version)).text
    assert f'href="#comment-{comment.pk}" aria-label="Line 2: 1 comment"' in page
    assert "Line 2 of Instructions" in page
    assert "Why short?" in page


def test_the_number_of_a_line_leads_to_a_form_about_it(browser, version):
    page = browser.get(f"{page_of(version)}?on=1.1").text

    assert '<option value="1" selected>User says (message 2)</option>' in page
    assert re.search(r'name="line"[^>]*value="1"', page)


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"text": "  "}, "the comment is empty"),
        ({"text": "x" * 5001}, "up to 5,000 characters"),
        ({"text": "Kept words", "message": "0"}, "Say which line"),
        ({"text": "Kept words", "message": "0", "line": "99"}, "no such line"),
        ({"text": "Kept words", "message": "9" * 30, "line": "1"}, "no such line"),
    ],
)
def test_a_refused_comment_says_why_and_keeps_the_words(browser, version, form, words):
    answer = browser.post(f"{page_of(version)}comments/", form)

    assert answer.status_code == 422
    assert words in answer.text
    assert form["text"] in answer.text
    assert not Comment.objects.exists()


@pytest.mark.parametrize("form", ["answer", "edit"])
def test_a_refused_answer_or_change_keeps_its_form_open_with_the_words(browser, version, editor, form):
    comment = say(version, editor)

    answer = browser.post(url(f"comment-{form}", comment), {"text": "y" * 5001})

    assert answer.status_code == 422
    assert "y" * 5001 in answer.text
    assert '<details class="comment-more" open>' in answer.text


def test_a_comment_is_answered_changed_settled_opened_and_deleted(browser, version, editor):
    comment = say(version, editor)

    browser.post(url("comment-answer", comment), {"text": "An answer"})
    browser.post(url("comment-edit", comment), {"text": "Other words"})
    browser.post(url("comment-resolve", comment))
    settled = browser.get(page_of(version)).text
    browser.post(url("comment-reopen", comment))
    browser.post(url("comment-delete", comment))
    page = browser.get(page_of(version)).text

    assert "1 settled" in settled
    assert "Other words" in settled
    assert "settled" not in page.replace("Settle<", "")
    assert "Other words" not in page
    assert "deleted this comment" in page
    assert "An answer" in page


def test_somebody_elses_comment_is_left_alone_with_the_reason(browser, version, project):
    comment = say(version, make_member(project, Role.EDITOR))

    page = browser.post(url("comment-delete", comment), follow=True).text
    refused = browser.post(url("comment-edit", comment), {"text": "Mine"})

    assert "Only the person who wrote a comment" in page
    assert refused.status_code == 422
    assert Comment.objects.get().text == "Is this kind?"


def test_viewers_read_comments_and_get_no_forms(version, editor, project):
    say(version, editor)

    page = signed_in(make_member(project, Role.VIEWER)).get(page_of(version)).text

    assert "Is this kind?" in page
    assert "comment-form" not in page
    assert "Settle" not in page
    assert "line-add" not in page


def test_hostile_words_are_shown_as_words_and_links_are_not_live(browser, version, editor, project):
    evil = make_member(project, name='<img src=x onerror="alert(1)">')
    words = f"@{evil.name} <script>alert(1)</script> javascript:alert(1) https://evil.example {{{{ 7|add:7 }}}} \u202e"
    say(version, editor, words)

    page = browser.get(page_of(version)).text

    assert "<script>alert(1)" not in page
    assert "<img src=x" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "https://evil.example" in page
    assert 'href="https://evil.example' not in page
    assert "{{ 7|add:7 }}" in page


def test_a_name_is_marked_where_it_stands(browser, version, editor):
    say(version, editor, "Hi @Ana Editor!")

    assert 'Hi <span class="mention">@Ana Editor</span>!' in browser.get(page_of(version)).text


@pytest.mark.parametrize(
    ("words", "found"), [("an", ["Ana Editor"]), ("edi", ["Ana Editor"]), ("ana@", ["Ana Editor"]), ("zz", [])]
)
def test_people_are_offered_by_the_beginning_of_a_name_or_an_address(browser, project, words, found):
    answer = browser.get(reverse("comment-people", args=[project.slug]), {"q": words})

    assert [person["name"] for person in answer.json()["people"]] == found


def test_of_two_people_with_one_name_the_address_is_offered(browser, project, editor):
    make_member(project, name="Ana Editor", email="other@example.org")

    people = browser.get(reverse("comment-people", args=[project.slug]), {"q": "ana"}).json()["people"]

    assert [person["handle"] for person in people] == ["ana@example.org", "other@example.org"]


def test_a_form_leads_back_to_the_page_it_was_on_but_never_to_another_site(browser, version, editor):
    comment = say(version, editor)

    here = browser.post(url("comment-resolve", comment), {"next": "/p/x/changes/7/"})
    away = browser.post(url("comment-resolve", comment), {"next": "https://evil.example/"})

    assert here.headers["Location"] == f"/p/x/changes/7/#comment-{comment.pk}"
    assert away.headers["Location"] == f"{page_of(version)}#comment-{comment.pk}"


def test_a_very_long_prompt_is_shown_without_marks(editor):
    content = contents.parse({"type": "text", "text": "line\n" * MOST_LINES})

    assert lined(content, []) == []


def test_every_line_of_a_message_is_there_and_nothing_else():
    content = contents.parse({"type": "text", "text": "One {{a}}\n\nThree\n"})

    (message,) = lined(content, [])

    assert ["".join(piece.text for piece, _ in line.pieces) for line in message.lines] == ["One {{a}}", "", "Three", ""]
    assert [line.key for line in message.lines] == ["0.1", "0.2", "0.3", "0.4"]
