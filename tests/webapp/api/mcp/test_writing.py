"""What a model changes through the tools: in the name of whoever made the key, and never what is live."""

from __future__ import annotations

import pytest

from evals.models import DatasetItem
from projects import members
from projects.models import AuditEvent, Project, User
from projects.roles import Role, Scope
from prompt_registry import change_requests, labels, resolution
from prompt_registry.errors import OwnChange
from prompt_registry.models import ChangeRequest, Label, Prompt, PromptVersion
from tests.evals.factories import make_dataset
from tests.prompt_registry.factories import chat, make_member, make_project, make_prompt, make_version
from tests.webapp.api.mcp.factories import done, key_of, modern, told
from webapp import disk
from webapp.api import rate_limits

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _forget():
    resolution.forget()
    rate_limits.forget()


@pytest.fixture
def project() -> Project:
    return make_project(is_approval_required=True)


@pytest.fixture
def maker(project: Project) -> User:
    return make_member(project, Role.APPROVER, name="Dana", email="dana@example.org")


@pytest.fixture
def key(project: Project, maker: User) -> dict[str, str]:
    return key_of(project, Scope.API_WRITE, by=maker)


@pytest.fixture
def prompt(project: Project) -> Prompt:
    prompt = make_prompt(project, name="support/answer")
    make_version(prompt, chat(("system", "Be kind to {{name}}."), settings={"model": "gpt-5-mini", "temperature": 0.2}))
    return prompt


def moves() -> list[tuple[str, int]]:
    return list(Label.objects.values_list("name", "version__number"))


# Versions


def test_a_version_is_saved_and_not_published(prompt, key, maker):
    words = [{"role": "system", "content": "Be short with {{name}}."}]

    found = done(key, "save_version", prompt="support/answer", messages=words, note="Shorter", base_version=1)

    assert (found["version"], found["is_new"], found["is_published"]) == (2, True, False)
    assert found["url"].endswith(f"/prompts/{prompt.pk}/versions/")
    version = PromptVersion.objects.get(number=2)
    assert (version.author, version.note, version.messages) == (maker, "Shorter", words)
    assert moves() == []


def test_what_is_not_sent_stays_as_it_was(prompt, key):
    done(key, "save_version", prompt="support/answer", settings={"temperature": 0.9})

    version = PromptVersion.objects.get(number=2)
    assert version.messages == [{"role": "system", "content": "Be kind to {{name}}."}]
    assert (version.settings["model"], version.settings["temperature"]) == ("gpt-5-mini", 0.9)


def test_a_name_is_tidied_before_it_is_looked_up(prompt, key):
    done(key, "save_version", prompt=" support/answer ", messages=[{"role": "system", "content": "Hi {{name}}."}])

    assert PromptVersion.objects.get(number=2).settings["model"] == "gpt-5-mini"


def test_the_same_again_is_no_new_version(prompt, key):
    words = [{"role": "system", "content": "Be kind to {{name}}."}]

    found = done(key, "save_version", prompt="support/answer", messages=words)

    assert (found["version"], found["is_new"]) == (1, False)


def test_a_prompt_that_does_not_exist_is_made(project, key):
    found = done(key, "save_version", prompt="support/new", text="Answer {{question}}.")

    assert (found["version"], Prompt.objects.get(name="support/new").type) == (1, "text")
    assert moves() == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"prompt": "support/answer", "text": "A text"}, "stays what it was made as"),
        ({"prompt": "support/answer", "messages": [{"role": "user", "content": "Hi"}], "base_version": 7}, "was saved after"),
        ({"prompt": "support/answer", "messages": [{"role": "boss", "content": "Hi"}]}, "no known role"),
        ({"prompt": "support/answer", "settings": {"temperature": "hot"}}, "cannot be saved"),
        ({"prompt": "a|b", "text": "Hi"}, "cannot contain"),
        ({"prompt": "support/new"}, "empty"),
        ({"prompt": "", "text": "Hi"}, "prompt"),
        ({"prompt": "x", "text": "y" * 300_000}, "cannot be saved"),
        ({"prompt": "support/answer", "text": "x", "labels": ["production"]}, "labels"),
    ],
)  # fmt: skip
def test_what_cannot_be_saved_is_told_and_changes_nothing(prompt, key, arguments, sentence):
    assert sentence in told(key, "save_version", **arguments)
    assert PromptVersion.objects.count() == Prompt.objects.count() == 1
    assert not AuditEvent.objects.filter(action="mcp.tool_used").exists()


# Datasets


def test_items_are_added_as_one_revision(project, key, maker):
    dataset = make_dataset(project, name="refunds")
    items = [{"input": {"question": "Where?"}, "expected_output": "Here", "tags": ["parcel"]}, {"input": "When?"}]

    found = done(key, "add_dataset_items", dataset="refunds", items=items)
    again = done(key, "add_dataset_items", dataset="refunds", items=items[:1])

    assert (found["added"], found["revision"], again["added"], again["duplicate_count"]) == (2, 1, 0, 1)
    assert DatasetItem.objects.filter(dataset=dataset).count() == 2
    assert AuditEvent.objects.filter(action="mcp.tool_used", user=maker).count() == 2


@pytest.mark.parametrize(
    ("items", "sentence"),
    [([], "items"), ([{"input": "x"}] * 101, "items"), ([{"expected_output": "x"}], "input"), ([{"input": "x", "id": 3}], "id"),
     ([{"input": "x"}, {"input": "y", "tags": ["t" * 99]}], "Item 2"), ("x", "items")],
)  # fmt: skip
def test_items_that_cannot_be_stored_are_named_and_none_is(project, key, items, sentence):
    make_dataset(project, name="refunds")

    assert sentence in told(key, "add_dataset_items", dataset="refunds", items=items)
    assert not DatasetItem.objects.exists()


def test_datasets_of_others_do_not_exist(key):
    make_dataset(name="theirs")

    assert "no dataset" in told(key, "add_dataset_items", dataset="theirs", items=[{"input": "x"}])


# Approval


def test_approval_is_asked_for_and_the_maker_of_the_key_cannot_give_it(prompt, key, maker):
    found = done(key, "request_change", prompt="support/answer", version=1, note="Tested")

    asked = ChangeRequest.objects.get(pk=found["change_request"])
    assert (asked.requested_by, asked.state, asked.label, asked.note) == (maker, "open", "production", "Tested")
    assert found["is_published"] is False
    assert moves() == []
    with pytest.raises(OwnChange):
        change_requests.approve(request=asked, content_hash=asked.content_hash, by=maker)
    with pytest.raises(Exception, match="approval"):
        labels.publish(prompt=prompt, version=asked.version, label="production", by=maker)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"version": 9}, "no version 9"),
        ({"prompt": "nothing"}, "no prompt"),
        ({"label": "staging"}, "Nobody has to approve"),
        ({"label": "latest"}, "latest"),
        ({"version": 0}, "version"),
    ],
)
def test_what_cannot_be_asked_for_is_told(prompt, key, arguments, sentence):
    assert sentence in told(key, "request_change", **{"prompt": "support/answer", "version": 1} | arguments)
    assert not ChangeRequest.objects.exists()


def test_prompts_of_others_do_not_exist(key):
    theirs = make_prompt(make_project(), name="theirs")
    make_version(theirs)

    assert "no prompt" in told(key, "request_change", prompt="theirs", version=1)


# In whose name


def test_every_change_is_recorded_with_its_person_and_its_key(prompt, key, maker):
    done(key, "save_version", prompt="support/answer", settings={"temperature": 0.9})

    event = AuditEvent.objects.get(action="mcp.tool_used")
    assert (event.user, event.subject, event.details["tool"]) == (maker, "support/answer", "save_version")
    assert event.details["key"] == key["Authorization"].removeprefix("Bearer ")[3:15]


@pytest.mark.parametrize("what", ["viewer", "removed", "inactive", "nobody"])
def test_a_key_may_no_more_than_the_person_who_made_it(project, prompt, what):
    maker = make_member(project, Role.EDITOR)
    key = key_of(project, Scope.API_WRITE, by=None if what == "nobody" else maker)
    admin = make_member(project, Role.ADMIN)
    membership = project.memberships.get(user=maker)
    if what == "viewer":
        members.change_role(membership=membership, role=Role.VIEWER, by=admin)
    elif what == "removed":
        members.remove(membership=membership, by=admin)
    elif what == "inactive":
        User.objects.filter(pk=maker.pk).update(is_active=False)
    make_dataset(project, name="refunds")

    sentences = [
        told(key, "save_version", prompt="support/answer", settings={"temperature": 0.9}),
        told(key, "add_dataset_items", dataset="refunds", items=[{"input": "x"}]),
        told(key, "request_change", prompt="support/answer", version=1),
    ]

    assert all(sentences)
    assert PromptVersion.objects.count() == 1
    assert not ChangeRequest.objects.exists()
    assert not DatasetItem.objects.exists()


def test_nothing_is_written_while_the_disk_is_full_but_everything_is_read(prompt, key, monkeypatch):
    monkeypatch.setattr(type(disk.guard), "tier", disk.Tier.READ_ONLY)

    assert "disk" in told(key, "save_version", prompt="support/answer", settings={"temperature": 0.9})
    assert modern(key, "tools/list").status_code == 200
