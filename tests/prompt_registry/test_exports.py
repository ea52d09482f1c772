"""Exports: all prompts of a project as files, read a few at a time."""

from __future__ import annotations

import io
import json
import tarfile

import pytest

from prompt_registry import exports, labels, prompts
from prompt_registry.prompt_files import markdown
from tests.prompt_registry.factories import chat, make_project, make_prompt, make_version, text

pytestmark = pytest.mark.django_db


def names(found) -> list[str]:
    return [one.document["name"] for one in found]


def unpacked(data: bytes) -> dict[str, str]:
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
        return {member.name: archive.extractfile(member).read().decode() for member in archive}


def test_the_newest_version_of_each_prompt_by_name(project, editor):
    prompt = make_prompt(project, name="b", type="text")
    make_version(prompt, text("one"), note="First")
    make_version(prompt, text("two"), note="Second")
    make_version(make_prompt(project, name="a"))
    make_prompt(project, name="without a version")
    make_version(make_prompt(make_project(), name="of another project"))

    a, b = exports.prompts_of(project=project)

    assert (a.document["name"], b.document["text"], b.document["note"], b.version) == ("a", "two", "Second", 2)


def test_a_label_a_folder_and_a_name_narrow_it_down(project, approver):
    for name in ("support/a", "support/b", "other"):
        version = make_version(make_prompt(project, name=name))
        if name != "support/b":
            labels.publish(prompt=version.prompt, version=version, label="production", by=approver)

    assert names(exports.prompts_of(project=project, label="production")) == ["other", "support/a"]
    assert names(exports.prompts_of(project=project, folder="support/")) == ["support/a", "support/b"]
    assert names(exports.prompts_of(project=project, name="other")) == ["other"]


def test_what_is_in_the_archive_stays_out(project, editor):
    version = make_version(make_prompt(project, name="a"))
    prompts.archive(prompt=version.prompt, by=editor)

    assert names(exports.prompts_of(project=project)) == []


def test_more_than_a_page_comes_whole(project, monkeypatch):
    monkeypatch.setattr(exports, "PAGE_SIZE", 2)
    for number in range(5):
        make_version(make_prompt(project, name=f"p{number}"))

    assert names(exports.prompts_of(project=project)) == ["p0", "p1", "p2", "p3", "p4"]


def test_an_archive_holds_one_file_for_each_prompt(project):
    content = chat(("system", "Hi {{x}}\n# system"), settings={"temperature": 0.5})
    make_version(make_prompt(project, name="support/a: b"), content, note="Why")
    make_version(make_prompt(project, name="Answer", type="text"), text("1"))
    make_version(make_prompt(project, name="answer", type="text"), text("2"))

    found = unpacked(b"".join(exports.tar_gz(exports.prompts_of(project=project))))

    assert sorted(path.split("~")[0] for path in found) == ["Answer.md", "answer", "support/a%3A b.md"]
    document = markdown.read(found["support/a%3A b.md"])
    assert document["messages"] == [message.to_json() for message in content.messages]
    assert (document["name"], document["note"], document["settings"]) == ("support/a: b", "Why", {"temperature": 0.5})


def test_langfuse_gets_its_own_shape(project, approver):
    version = make_version(
        make_prompt(project, name="a", type="text"),
        text("Hi", settings={"model": "m", "custom": {"owner": "me"}}),
        note="Why",
    )
    labels.publish(prompt=version.prompt, version=version, label="production", by=approver)
    prompts.retag(prompt=version.prompt, tags=["t"], by=approver)

    found = json.loads(b"".join(exports.langfuse_json(exports.prompts_of(project=project))))

    assert found == [
        {
            "name": "a",
            "version": 1,
            "type": "text",
            "prompt": "Hi",
            "config": {"owner": "me", "model": "m"},
            "labels": ["production", "latest"],
            "tags": ["t"],
            "commitMessage": "Why",
        }
    ]


def test_an_empty_project_gives_empty_files(project):
    assert json.loads(b"".join(exports.langfuse_json(exports.prompts_of(project=project)))) == []
    assert unpacked(b"".join(exports.tar_gz(exports.prompts_of(project=project)))) == {}
    assert b"".join(exports.json_lines(exports.prompts_of(project=project))) == b'{"count":0}\n'
