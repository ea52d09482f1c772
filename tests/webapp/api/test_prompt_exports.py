"""GET /api/v1/prompts/export: all prompts at once."""

from __future__ import annotations

import gzip
import json

import pytest
from django.test import Client

from projects import keys
from projects.roles import Scope
from prompt_registry import labels
from tests.prompt_registry.factories import make_member, make_project, make_prompt, make_version, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def fetch(project):
    _, plain = keys.create(project=project, name="reader", scopes=[Scope.PROMPTS_READ])

    def fetch(**query: str):
        return Client().get("/api/v1/prompts/export", query, headers={"Authorization": f"Bearer {plain}"})

    return fetch


def lines(answer) -> list[dict]:
    return [json.loads(line) for line in b"".join(answer.streaming_content).splitlines()]


def test_every_prompt_is_a_line_and_the_last_line_counts_them(fetch, project):
    make_version(make_prompt(project, name="a", type="text"), text("Hi {{x}}"), note="Why")
    make_version(make_prompt(make_project(), name="of another project"))

    answer = fetch()

    first, last = lines(answer)
    assert {name: first[name] for name in ("name", "type", "text", "note", "version", "labels")} == {
        "name": "a",
        "type": "text",
        "text": "Hi {{x}}",
        "note": "Why",
        "version": 1,
        "labels": ["latest"],
    }
    assert last == {"count": 1}
    assert answer["X-Callboard-Project"] == project.slug


def test_a_label_and_a_folder_narrow_it_down(fetch, project):
    admin = make_member(project, "admin")
    for name in ("support/a", "b"):
        version = make_version(make_prompt(project, name=name))
        labels.publish(prompt=version.prompt, version=version, label="production", by=admin)
    make_version(make_prompt(project, name="support/unpublished"))

    assert [line.get("name") for line in lines(fetch(label="production", folder="support/"))] == ["support/a", None]


def test_other_formats(fetch, project):
    make_version(make_prompt(project, name="a", type="text"), text("Hi"))

    assert json.loads(b"".join(fetch(format="langfuse").streaming_content))[0]["prompt"] == "Hi"
    assert b"a.md" in gzip.decompress(b"".join(fetch(format="markdown").streaming_content))
    assert fetch(format="exe").status_code == 422


def test_snippets_stay_tags(fetch, project):
    tagged = "Hi @@@prompt:name=rules|label=production@@@"
    make_version(make_prompt(project, name="a", type="text"), text(tagged))

    assert lines(fetch())[0]["text"] == tagged


def test_a_prompt_cannot_be_called_export(project):
    from prompt_registry.errors import NameNotUsable

    with pytest.raises(NameNotUsable):
        make_prompt(project, name="export")
