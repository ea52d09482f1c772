"""Beside the text: real calls, who fills the blanks, warnings, the estimate, and who else is writing."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from projects.models import Project, User
from projects.roles import Role
from prompt_registry import drafts
from prompt_registry.models import Draft, Prompt
from tests.monitoring.factories import make_trace, rate
from tests.prompt_registry.factories import chat, make_member, make_project, make_prompt, make_version

pytestmark = pytest.mark.django_db

HOSTILE = "</script><img src=x onerror=alert(1)> {{constructor}} \u202e"


@pytest.fixture
def project() -> Project:
    return make_project()


@pytest.fixture
def prompt(project: Project) -> Prompt:
    made = make_prompt(project, name="answer")
    make_version(made, chat(("system", "Be kind to {{name}}."), ("user", "{{question}}")))
    return made


@pytest.fixture
def editor(project: Project) -> User:
    return make_member(project, Role.EDITOR, name="Ana Editor")


@pytest.fixture
def client(editor: User) -> Client:
    browser = Client()
    browser.force_login(editor)
    return browser


def _url(prompt: Prompt, route: str = "prompt") -> str:
    return reverse(route, args=[prompt.project.slug, prompt.pk])


def _preview(client: Client, prompt: Prompt, *messages: tuple[str, str], **more: Any) -> str:
    messages = messages or (("system", "Be kind to {{name}}."), ("user", "{{question}}"))
    fields = {"role": [role for role, _ in messages], "content": [words for _, words in messages]}
    return client.post(_url(prompt, "prompt-preview"), {**fields, **more}).text


def _shown(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page))


def _call(prompt: Prompt, **more: Any) -> str:
    return make_trace(prompt.project, prompt=prompt.name, version=1, **more)


def _filled(**values: str) -> dict[str, str]:
    return {f"gen_ai.prompt.variable.{name}": value for name, value in values.items()}


def _example(page: str) -> str:
    return re.search(r'name="example" value="(\w+)"', page)[1]


def test_without_traffic_the_samples_fill_the_text(client, prompt):
    page = _preview(client, prompt, **{"blank-name": ["name"], "blank-sample": ["Ada"]})

    assert "Filled with the samples" in page
    assert "Be kind to Ada." in _shown(page)


def test_a_real_call_fills_the_draft_and_shows_the_answer_it_got(client, prompt):
    _call(prompt, attributes=_filled(name="Grace", question="Where is it?"), answered="It is on its way.")

    page = _shown(
        _preview(client, prompt, ("system", "Be very kind to {{name}} in {{language}}."), ("user", "{{question}}"))
    )

    assert "Real example" in page
    assert "1 of 1" in page
    assert "Be very kind to Grace in" in page
    assert "Where is it?" in page
    assert "It is on its way." in page
    assert "This call sent nothing for language." in page


def test_disliked_calls_come_first_and_the_buttons_walk_through_all(client, prompt):
    newest = _call(prompt, at=timezone.now() - timedelta(minutes=1))
    disliked = _call(prompt, at=timezone.now() - timedelta(minutes=9))
    rate(prompt.project, disliked)

    first = _preview(client, prompt)
    second = _preview(client, prompt, example=_example(first), **{"example-step": "next"})
    third = _preview(client, prompt, example=_example(second), **{"example-step": "next"})
    back = _preview(client, prompt, example=_example(third), **{"example-step": "previous"})

    assert [_example(page) for page in (first, second, third, back)] == [disliked, newest, disliked, newest]
    assert "· disliked" in _shown(first)
    assert "2 of 2" in _shown(second)


def test_only_disliked_calls_are_shown_when_asked_for(client, prompt):
    _call(prompt)

    nothing = _preview(client, prompt, **{"example-disliked": "on"})
    disliked = _call(prompt, at=timezone.now() - timedelta(minutes=9))
    rate(prompt.project, disliked)
    page = _preview(client, prompt, **{"example-disliked": "on"})

    assert "Nobody has disliked an answer of this prompt." in nothing
    assert (_example(page), "1 of 1" in _shown(page)) == (disliked, True)


@pytest.mark.parametrize("example", ["", "x", "0" * 32, HOSTILE])
def test_an_example_that_is_gone_gives_way_to_the_first_one(client, prompt, example):
    trace_id = _call(prompt)

    assert _example(_preview(client, prompt, example=example)) == trace_id


def test_calls_of_another_project_are_not_shown(client, prompt):
    _call(make_prompt(make_project(), name="answer"))

    assert "Real example" not in _preview(client, prompt)


def test_hostile_values_and_answers_stay_text(client, prompt):
    _call(prompt, attributes=_filled(name=HOSTILE, question=HOSTILE), answered=HOSTILE, model=HOSTILE)

    page = _preview(client, prompt, ("system", f"{HOSTILE} {{{{name}}}}"), ("user", HOSTILE))

    assert "<img" not in page
    assert page.count("&lt;/script&gt;&lt;img") >= 4


def test_an_endless_answer_is_cut_on_the_page(client, prompt):
    _call(prompt, answered="long " * 20_000)

    assert len(_preview(client, prompt)) < 60_000


def test_the_panel_says_who_sends_a_blank_and_which_one_nobody_sends(client, prompt):
    _call(prompt, attributes=_filled(name="Grace"))

    page = client.get(_url(prompt)).text

    assert page.count("sent by support-api") == 1
    assert page.count("no application sends it yet") == 1


def test_marks_come_with_their_places_in_a_form_the_browser_reads(client, prompt):
    page = _preview(client, prompt, ("system", f"😀 {{{{order}}}} {HOSTILE}"))

    marks = json.loads(re.search(r'<script id="text-marks" type="application/json">(.*?)</script>', page)[1])
    assert (marks[0]["message"], marks[0]["start"], marks[0]["end"]) == (0, 3, 12)
    assert "The blank «order» is new" in marks[0]["sentence"]


def test_blanks_that_left_the_text_are_named(client, prompt):
    page = _preview(client, prompt, ("system", "Be kind."), **{"blank-name": ["name"], "blank-sample": ["Ada"]})

    assert "No longer in the text, so what is sent for it is ignored: «name»." in page


def test_the_estimate_takes_answers_as_long_as_they_were(client, prompt):
    _call(prompt, tokens=(100, 40), model="gpt-5-mini")

    page = _preview(client, prompt)

    assert re.search(r"about \d+ tokens · about \$[\d.]+ per 1,000 answers", _shown(page))
    assert "Answers take about 40 tokens" in page


def test_without_traffic_the_longest_answer_is_the_estimate(client, prompt):
    page = _preview(client, prompt, **{"setting-model": "gpt-5-mini", "setting-max_tokens": "500"})

    assert re.search(r"about \$[\d.]+ per 1,000 answers", _shown(page))
    assert "as long as «Longest answer» allows" in page


def test_a_price_that_nobody_knows_is_not_guessed(client, prompt):
    assert "price unknown: no model chosen" in _shown(_preview(client, prompt))
    assert re.search(
        r"price unknown\s*$", _shown(_preview(client, prompt, **{"setting-model": "mystery-1"})).split("Blanks")[0]
    )


def test_kinds_and_choices_of_blanks_are_kept_and_come_back(client, prompt):
    fields = {
        "role": ["system"], "content": ["In {{language}}"], "base": 1, "revision": 0, "blank-name": ["language"],
        "blank-kind": ["choice"], "blank-choices": ["German\r\nDanish"], "blank-sample": ["Danish"], "blank-description": ["x"],
    }  # fmt: skip

    client.post(_url(prompt), fields)

    newest = prompt.versions.latest("number")
    assert newest.variables[0]["choices"] == ["German", "Danish"]
    page = client.get(_url(prompt)).text
    assert '<option value="choice" selected>' in page
    assert "German\nDanish</textarea>" in page


def test_a_wrong_schema_is_refused_with_the_line(client, prompt):
    schema = '{\n "type": "object",\n "properties": {"a": {"type": "text"}}\n}'

    answer = client.post(
        _url(prompt),
        {"role": ["system"], "content": ["Hi"], "base": 1, "revision": 0, "setting-response_schema": schema},
    )

    assert answer.status_code == 422
    assert "Answer form: at properties → a → type, «text» is no type" in answer.text
    assert "(line 3)." in answer.text


def _written(prompt: Prompt, seconds_ago: int, name: str) -> User:
    user = make_member(prompt.project, name=name)
    drafts.autosave(prompt=prompt, content={}, base_number=1, revision=0, by=user)
    Draft.objects.filter(user=user).update(updated_at=timezone.now() - timedelta(seconds=seconds_ago))
    return user


def test_faces_tell_who_is_writing_now_and_who_has_a_draft(client, prompt):
    _written(prompt, 300, "Sam Other")
    _written(prompt, 5, "Mira Now")

    page = _shown(client.get(_url(prompt, "prompt-writers")).text)

    assert "Mira Now is writing now, Sam Other has a draft" in page


def test_the_same_faces_are_not_sent_again(client, prompt):
    user = _written(prompt, 5, "Mira Now")
    seen = f"{user.pk}+"

    assert client.get(_url(prompt, "prompt-writers"), {"seen": seen}).status_code == 204
    Draft.objects.update(updated_at=timezone.now() - timedelta(seconds=40))
    assert client.get(_url(prompt, "prompt-writers"), {"seen": seen}).status_code == 200


def test_the_simple_editor_brings_no_codemirror_along(client, prompt):
    assert "data-codemirror" in client.get(_url(prompt)).text
    client.cookies["cb_editor"] = "simple"
    assert "data-codemirror" not in client.get(_url(prompt)).text
