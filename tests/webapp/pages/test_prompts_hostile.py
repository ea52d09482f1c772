"""Whatever somebody writes into a name, a note, a tag or a text: the pages show exactly that, escaped, or it is refused."""

from __future__ import annotations

from contextlib import suppress

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from projects.models import Project, User
from projects.roles import Role
from prompt_registry import prompts
from prompt_registry.errors import NameNotUsable
from prompt_registry.models import Prompt
from prompt_registry.oddities import reveal
from tests.prompt_registry.factories import chat, make_member, make_project, make_prompt, make_version
from tests.webapp.hostile_texts import EVERY

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return make_project()


@pytest.fixture
def admin(project: Project) -> User:
    return make_member(project, Role.ADMIN)


@pytest.fixture
def client(admin: User) -> Client:
    client = Client()
    client.force_login(admin)
    return client


def _page(client: Client, project: Project, *path: object, **query: str) -> str:
    place = "/".join(str(part) for part in path)
    answer = client.get(reverse("prompts", args=[project.slug]) + (f"{place}/" if place else ""), query)
    assert answer.status_code == 200
    return answer.text


def _missing(page: str, texts: tuple[str, ...]) -> list[str]:
    return [text for text in texts if escape(text) not in page]


def _named(project: Project) -> list[Prompt]:
    """Return a prompt for every text that may be a name; the others are refused with a reason."""
    made = []
    for text in EVERY:
        with suppress(NameNotUsable):
            made.append(make_prompt(project, name=text))
    return made


def test_names_are_shown_as_they_are_or_refused(client, project, monkeypatch):
    monkeypatch.setattr("webapp.pages.prompts_list.PAGE_SIZE", 200)
    made = _named(project)

    page = _page(client, project)
    flat = _page(client, project, sort="calls")

    names = tuple(prompt.name for prompt in made)
    assert len(names) > len(EVERY) / 3
    assert _missing(flat, names) == []
    assert _missing(page, tuple(name.rsplit("/", 1)[-1] for name in names)) == []


def test_every_page_of_a_prompt_shows_its_name_as_it_is(client, project):
    for prompt in _named(project)[::5]:
        make_version(prompt)

        for place in ("", "versions/", "duplicate/", "move/", "users/", "tags/", "publish/"):
            page = (
                _page(client, project, prompt.pk, *place.strip("/").split())
                if place
                else _page(client, project, prompt.pk)
            )
            assert _missing(page, (prompt.name,)) == []


def test_notes_and_texts_are_shown_as_they_are(client, project, admin):
    prompt = make_prompt(project)
    make_version(prompt, chat(("system", "before")))
    whole = "\n".join(EVERY)
    for text in EVERY:
        version = make_version(prompt, chat(("system", f"{text}\n{whole}")), note=text, by=admin)
    kept = tuple(text.strip() for text in EVERY)
    lines = tuple(part for text in EVERY if "{{" not in text for part in text.split("\n"))

    history = "".join(_page(client, project, prompt.pk, "versions", before=str(before)) for before in (40, 90, 140))
    shown = _page(client, project, prompt.pk, "versions", version.number)
    compared = _page(client, project, prompt.pk, "compare", **{"from": "1", "to": str(version.number)})

    assert _missing(history, kept) == []
    assert _missing(shown, lines) == []
    assert _missing(compared, tuple(reveal(line) for line in lines)) == []


def test_tags_are_shown_as_they_are(client, project, admin):
    for start in range(0, len(EVERY), 20):
        some = [text.strip() for text in EVERY[start : start + 20]]
        prompts.retag(prompt=make_prompt(project), tags=some, by=admin)

    page = _page(client, project)

    assert _missing(page, tuple(text.strip() for text in EVERY)) == []


def test_what_is_searched_for_is_found_as_it_is_written(client, project):
    make_version(make_prompt(project, name="found"), chat(("system", "\n".join(EVERY))))

    for text in EVERY:
        page = _page(client, project, q=text)

        assert f'value="{escape(text.strip())}"' in page
        assert "<mark>" in page, text
