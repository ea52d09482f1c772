"""Snippets on the pages of a prompt: choosing one, seeing what stands in a prompt, and what changes with it."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from projects.models import Project, User
from projects.roles import Role
from prompt_registry import labels
from prompt_registry.models import Prompt
from tests.prompt_registry.factories import chat, make_member, make_project, make_prompt, make_version, text

pytestmark = pytest.mark.django_db

RULES = "@@@prompt:name=rules|label=production@@@"


@pytest.fixture
def project() -> Project:
    return make_project()


@pytest.fixture
def approver(project: Project) -> User:
    return make_member(project, Role.APPROVER)


@pytest.fixture
def browser(approver: User) -> Client:
    client = Client()
    client.force_login(approver)
    return client


@pytest.fixture
def rules(project: Project, approver: User) -> Prompt:
    prompt = make_prompt(project, name="rules", type="text")
    version = make_version(prompt, text("Ask for {{order_id}}.", variables=[{"name": "order_id", "sample": "A-17"}]))
    labels.publish(prompt=prompt, version=version, label="production", by=approver)
    return prompt


@pytest.fixture
def answer(project: Project) -> Prompt:
    return make_prompt(project, name="answer")


def url(prompt: Prompt, route: str = "prompt", *more: int) -> str:
    return reverse(route, args=[prompt.project.slug, prompt.pk, *more])


def form(*words: str, **more: object) -> dict[str, object]:
    return {"base": 0, "revision": 0, "role": ["system"] * len(words), "content": list(words), **more}


def test_other_text_prompts_are_offered_with_what_is_live(browser, project, rules, answer):
    make_version(make_prompt(project, name="rules for later", type="text"), text("Soon."))
    make_version(make_prompt(project, name="rules as a chat"))

    page = browser.get(url(answer, "prompt-snippets"), {"snippet": "RULES"})

    assert f'data-reference="{RULES}"' in page.text
    assert 'data-reference="@@@prompt:name=rules|version=1@@@"' in page.text
    assert page.text.index("v1 live") < page.text.index("not live yet")
    assert "rules as a chat" not in page.text


def test_a_prompt_is_not_offered_to_itself(browser, rules):
    page = browser.get(url(rules, "prompt-snippets"))

    assert "No snippets yet" in page.text


def test_hostile_names_and_texts_of_snippets_are_escaped(browser, project, answer, approver):
    hostile = make_prompt(project, name='"><script>x</script>', type="text")
    labels.publish(
        prompt=hostile, version=make_version(hostile, text("<img onerror=x>")), label="production", by=approver
    )
    tag = '@@@prompt:name="><script>x</script>|label=production@@@'

    pages = [browser.get(url(answer, "prompt-snippets")), browser.post(url(answer, "prompt-preview"), form(tag))]

    assert all("<script>x" not in page.text and "<img onerror" not in page.text for page in pages)
    assert "&lt;img onerror=x&gt;" in pages[1].text


def test_the_preview_shows_the_text_of_a_snippet_and_its_blanks(browser, rules, answer):
    page = browser.post(url(answer, "prompt-preview"), form(f"Be kind. {RULES}"))

    assert "Ask for" in page.text
    assert "A-17" in page.text
    assert "v1, live in production" in page.text
    assert "Blanks from this snippet" in page.text
    assert 'id="snippets"' in page.text


def test_what_stands_there_already_is_not_drawn_again(browser, rules, answer):
    page = browser.post(url(answer, "prompt-preview"), form(f"Be kind. {RULES}", included=[f"{rules.pk}.1.production"]))

    assert 'id="snippets"' not in page.text


def test_a_missing_snippet_is_told_while_writing(browser, answer):
    page = browser.post(url(answer, "prompt-preview"), form(RULES))

    assert "Snippet «rules» does not exist." in page.text


def test_the_editor_opens_with_the_snippets_of_the_text(browser, rules, answer):
    make_version(answer, chat(("system", f"Be kind. {RULES}")))

    page = browser.get(url(answer))

    assert "v1, live in production" in page.text
    assert f"Be kind. {RULES}</textarea>" in page.text


def test_a_version_is_shown_whole(browser, rules, answer):
    make_version(answer, chat(("system", f"Be kind. {RULES}")))

    page = browser.get(url(answer, "prompt-version", 1))

    assert "Ask for" in page.text
    assert "order_id" in page.text


def test_publishing_says_which_snippet_is_missing(browser, answer):
    make_version(answer, chat(("system", RULES)))

    page = browser.get(url(answer, "prompt-publish"))

    assert "Snippet «rules» does not exist." in page.text
    assert "Stops publishing." in page.text


def test_publishing_a_snippet_lists_the_prompts_that_change_with_it(browser, rules, answer, approver):
    labels.publish(
        prompt=answer, version=make_version(answer, chat(("system", RULES))), label="production", by=approver
    )
    make_version(rules, text("Ask for {{receipt}}."))

    page = browser.get(url(rules, "prompt-publish"))
    elsewhere = browser.get(url(rules, "prompt-publish"), {"to": "staging"})

    assert "Prompts that change too" in page.text
    assert url(answer, "prompt-version", 1) in page.text
    assert "Gets the blank «receipt»: its applications must send it first." in page.text
    assert "Prompts that change too" not in elsewhere.text


def test_those_who_only_read_see_no_chooser(project, rules, answer):
    viewer = Client()
    viewer.force_login(make_member(project, Role.VIEWER))

    assert viewer.get(url(answer, "prompt-snippets")).status_code == 403
