"""What happens to a prompt is told to webhooks, and to the people who work on it, with the change itself."""

from __future__ import annotations

import pytest

from projects import webhooks
from projects.models import Notification, WebhookDelivery, WebhookEvent
from projects.roles import Role
from prompt_registry import labels, pushes
from prompt_registry.errors import NoChanges
from tests.prompt_registry.factories import chat, make_member, make_project, make_prompt, make_version

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(approver_of_all):
    return approver_of_all[0]


@pytest.fixture
def approver_of_all(db):
    project = make_project()
    admin = make_member(project, Role.ADMIN)
    webhooks.create(
        project=project, name="bot", url="https://8.8.8.8/", events=WebhookEvent.values, by=admin
    )  # fmt: skip
    return project, admin


@pytest.fixture
def admin(approver_of_all):
    return approver_of_all[1]


def events() -> list[tuple[str, dict[str, object]]]:
    return [(one.event, one.payload["data"]) for one in WebhookDelivery.objects.order_by("pk")]


def test_making_saving_publishing_and_undoing_are_told_in_this_order(project, admin):
    prompt = make_prompt(project, by=admin)
    first, second = make_version(prompt, by=admin, note="why"), make_version(prompt)
    labels.publish(prompt=prompt, version=first, label="staging", by=admin)
    labels.publish(prompt=prompt, version=second, label="staging", by=admin, reason="better")
    labels.undo(prompt=prompt, label="staging", by=admin)

    told = events()

    assert [event for event, _ in told] == [
        "prompt:created", "prompt:committed", "prompt:committed", "prompt:published", "prompt:published", "prompt:undone",
    ]  # fmt: skip
    created, committed, by_application, _, published, undone = (data for _, data in told)
    assert created["prompt"] == prompt.name
    assert (committed["version"], committed["note"], committed["by"]) == (1, "why", admin.display_name)
    assert committed["content_hash"] == first.content_hash
    assert str(committed["url"]).endswith(f"/prompts/{prompt.pk}/versions/1/")
    assert by_application["by"] is None
    assert (published["label"], published["version"], published["previous_version"]) == ("staging", 2, 1)
    assert published["reason"] == "better"
    assert (undone["version"], undone["previous_version"]) == (1, 2)


def test_the_text_of_a_prompt_is_not_sent_along(project, admin):
    prompt = make_prompt(project, by=admin)
    make_version(prompt, chat(("system", "A secret recipe")), by=admin)

    assert "secret recipe" not in str(events())


def test_what_is_refused_is_not_told(project, admin):
    prompt = make_prompt(project, by=admin)
    make_version(prompt, chat(("system", "Same")))
    before = len(events())

    with pytest.raises(NoChanges):
        make_version(prompt, chat(("system", "Same")))

    assert len(events()) == before


def test_a_push_by_an_application_is_told_like_any_other_change(project):
    pushes.push(project=project, name="a/b", content=chat(), labels=["staging"], by=None)

    assert [event for event, _ in events()] == ["prompt:created", "prompt:committed", "prompt:published"]


def test_those_who_work_on_a_prompt_hear_of_its_publishing_but_not_the_publisher(project, admin):
    writer, bystander = make_member(project, Role.EDITOR), make_member(project, Role.EDITOR)
    prompt = make_prompt(project, by=admin)
    version = make_version(prompt, by=writer)
    make_version(prompt, by=admin)
    labels.publish(prompt=prompt, version=version, label="staging", by=admin)
    assert not Notification.objects.exists()

    labels.publish(prompt=prompt, version=version, label="production", by=admin)

    told = Notification.objects.get()
    assert told.user == writer != bystander
    assert told.sentence == f"{admin.display_name} published v1 of {prompt.name} in production"
