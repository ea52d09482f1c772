"""A prompt from elsewhere becomes a draft: people say what the blanks are, and nothing they wrote is lost."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from projects.models import User
from projects.roles import Role
from prompt_registry import drafts
from prompt_registry.models import Draft, Prompt
from tests.prompt_registry.factories import chat, make_member, make_project, make_prompt, make_version

pytestmark = pytest.mark.django_db


@pytest.fixture
def prompt() -> Prompt:
    return make_prompt(make_project())


@pytest.fixture
def editor(prompt: Prompt) -> User:
    return make_member(prompt.project, Role.EDITOR)


def _paste(user: User, prompt: Prompt, text: str = "Greet {who}.", **more: Any) -> HttpResponse:
    client = Client()
    client.force_login(user)
    return client.post(reverse("prompt-paste", args=[prompt.project.slug, prompt.pk]), {"text": text, **more})


def _messages() -> list[tuple[str, str]]:
    return [(one["role"], one["content"]) for one in Draft.objects.get().content["messages"]]


def test_what_may_be_a_blank_is_asked_first(prompt, editor):
    page = _paste(editor, prompt, 'Answer {who} in <b>bold</b> like {"a": 1}')

    assert page.status_code == 200
    assert page.text.count('name="chosen"') == 2
    assert page.text.count('name="chosen" value="0" checked') == 1
    assert "&lt;b&gt;" in page.text
    assert not Draft.objects.exists()


def test_the_chosen_ones_become_blanks_of_the_draft(prompt, editor):
    answer = _paste(editor, prompt, put="yes", chosen="0", name="customer", where="instead")

    assert answer.status_code == 302
    assert _messages() == [("system", "Greet {{customer}}.")]


def test_what_was_not_chosen_stays_as_it_is(prompt, editor):
    _paste(editor, prompt, put="yes", name="who", where="instead")

    assert _messages() == [("system", "Greet {who}.")]


def test_a_name_that_no_blank_may_have_is_asked_again(prompt, editor):
    answer = _paste(editor, prompt, put="yes", chosen="0", name="the customer", where="instead")

    assert answer.status_code == 422
    assert "A blank&#x27;s name begins with a letter" in answer.text
    assert 'value="the customer"' in answer.text


def test_below_it_the_draft_keeps_what_it_said(prompt, editor):
    make_version(prompt, chat(("system", "Saved")))
    drafts.autosave(
        prompt=prompt,
        content={"messages": [{"role": "system", "content": "Mine"}]},
        base_number=1,
        revision=0,
        by=editor,
    )

    _paste(editor, prompt, put="yes", chosen="0", name="who", where="below")

    assert _messages() == [("system", "Mine"), ("user", "Greet {{who}}.")]


def test_a_text_prompt_takes_the_text_below_its_own(editor, prompt):
    text_prompt = make_prompt(prompt.project, type="text")
    drafts.autosave(prompt=text_prompt, content={"text": "Mine"}, base_number=0, revision=0, by=editor)

    _paste(editor, text_prompt, put="yes", chosen="0", name="who", where="below")

    assert Draft.objects.get(prompt=text_prompt).content["text"] == "Mine\n\nGreet {{who}}."


def test_an_untouched_prompt_gives_way_and_a_written_one_is_kept(prompt, editor):
    first = _paste(editor, prompt)
    make_version(prompt, chat(("system", "Saved")))
    second = _paste(editor, prompt)

    assert 'value="instead" checked' in first.text
    assert 'value="below" checked' in second.text


def test_nothing_pasted_is_said(prompt, editor):
    answer = _paste(editor, prompt, "  ")

    assert answer.status_code == 422
    assert "Paste a text first." in answer.text
