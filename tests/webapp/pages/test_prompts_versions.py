"""The history with its numbers, the lines of a version, and the ways to look at a comparison."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from projects.models import User
from projects.roles import Role
from prompt_registry import contents
from prompt_registry.models import Prompt
from tests.monitoring.factories import make_trace, rate
from tests.prompt_registry.factories import chat, make_member, make_prompt, make_version, text
from webapp.pages import prompts_lines

pytestmark = pytest.mark.django_db


@pytest.fixture
def prompt() -> Prompt:
    return make_prompt(name="support/refund")


@pytest.fixture
def editor(prompt: Prompt) -> User:
    return make_member(prompt.project, Role.EDITOR)


@pytest.fixture
def client(editor: User) -> Client:
    client = Client()
    client.force_login(editor)
    return client


def _url(prompt: Prompt, route: str, *more: int) -> str:
    return reverse(route, args=[prompt.project.slug, prompt.pk, *more])


def _numbers(page: str) -> list[int]:
    return [int(number) for number in re.findall(r'<a class="row-link"[^>]*>v(\d+)</a>', page)]


def _lines(content) -> list[list[str]]:
    return [
        ["".join(piece.text for piece, _ in line.pieces) for line in message.lines]
        for message in prompts_lines.messages_of(content)
    ]


# The history


def test_each_version_shows_its_calls_thumbs_speed_and_price(client, prompt):
    make_version(prompt)
    make_version(prompt)
    for number in range(20):
        trace_id = make_trace(prompt.project, prompt=prompt.name, version=1, took_ms=3000, cost_usd=0.002)
        rate(prompt.project, trace_id, up=number >= 5)

    page = client.get(_url(prompt, "prompt-versions")).text

    for words in (">20<", "25%", "of 20 rated", "3.0 s", "$2.00", ">none<"):
        assert words in page


def test_a_long_history_is_walked_in_both_directions(client, prompt, monkeypatch):
    monkeypatch.setattr("webapp.pages.prompts_versions.PAGE_SIZE", 2)
    for _ in range(5):
        make_version(prompt)
    pages, address = [], ""

    for _ in range(3):
        page = client.get(_url(prompt, "prompt-versions") + address).text
        pages.append(_numbers(page))
        older = re.search(r'href="(\?[^"]*)" rel="next"', page)
        address = older[1] if older else ""
    newer = re.search(r'href="(\?[^"]*)" rel="prev"', page)[1]

    assert pages == [[5, 4], [3, 2], [1]]
    assert _numbers(client.get(_url(prompt, "prompt-versions") + newer).text) == [3, 2]


# Lines


def test_every_line_of_a_version_has_an_address(client, prompt):
    make_version(prompt, chat(("system", "One\n\nThree {{name}} <b>"), ("user", "Four")))

    page = client.get(_url(prompt, "prompt-version", 1)).text

    for anchor in ("m1-l1", "m1-l2", "m1-l3", "m2-l1"):
        assert f'id="{anchor}"' in page
        assert f'href="#{anchor}"' in page
    assert 'class="blank blank-1">{{name}}</span> &lt;b&gt;' in page


def test_lines_say_exactly_what_was_written():
    said = "\n  {{ a }} and {{b}}\n{{\nc\n}}{\n\n}\u2028x"

    assert _lines(text(said)) == [said.split("\n")]
    assert _lines(chat(("system", "{{a}}"), ("user", "x"))) == [["{{a}}"], ["x"]]


def test_an_inserted_conversation_is_named_and_has_no_lines():
    content = contents.parse(
        {"type": "chat", "messages": [{"role": "system", "content": "x"}, {"type": "placeholder", "name": "history"}]}
    )

    _, inserted = prompts_lines.messages_of(content)

    assert (inserted.label, inserted.name, inserted.lines) == ("Inserted conversation", "history", [])


def test_a_text_of_very_many_lines_is_cut(monkeypatch):
    monkeypatch.setattr(prompts_lines, "MOST_LINES", 2)

    (message,) = prompts_lines.messages_of(text("a\nb\nc\nd"))

    assert (len(message.lines), message.unshown) == (2, 2)


# Comparing


def _compare(client, prompt, **query):
    return client.get(_url(prompt, "prompt-compare"), {"from": "1", "to": "2", **query}).text


def test_only_changes_leaves_out_every_equal_line(client, prompt):
    lines = [f"Line {number}" for number in range(6)]
    make_version(prompt, chat(("system", "\n".join(lines))))
    make_version(prompt, chat(("system", "\n".join([*lines[:3], "New words", *lines[3:]]))))

    page = _compare(client, prompt, view="changes")

    assert "New words" in page
    assert "Line 2<" not in page
    assert "3 lines not shown" in page
    assert "Show every line" not in page


def test_the_key_for_views_goes_round(client, prompt):
    make_version(prompt)
    make_version(prompt)
    following = []

    for view in ("inline", "side", "changes"):
        page = _compare(client, prompt, view=view)
        following += re.findall(r'href="[^"]*view=(\w+)[^"]*" data-shortcut="view-mode"', page)

    assert following == ["side", "changes", "inline"]


@pytest.mark.parametrize("view", ["inline", "side", "changes"])
def test_every_run_of_changed_lines_is_one_stop(client, prompt, view):
    make_version(prompt, chat(("system", "a\nb\nc\nd\ne\nf")))
    make_version(prompt, chat(("system", "a\nX1\nY1\nc\nd\nf\nlast")))

    page = _compare(client, prompt, view=view)

    assert page.count("data-change") == 3


def test_settings_are_compared_by_name_and_line_by_line(client, prompt):
    tools = [{"type": "function", "function": {"name": "find_order"}}]
    make_version(prompt, chat(("system", "x"), settings={"tools": tools}))
    tools.append({"type": "function", "function": {"name": "cancel", "description": "<b>"}})
    make_version(prompt, chat(("system", "x"), settings={"tools": tools, "temperature": 0.4}))

    page = _compare(client, prompt)

    assert "Adds the tool «cancel»." in page
    assert "Creativity: not set → 0.4." in page
    assert "For engineers: these settings line by line" in page
