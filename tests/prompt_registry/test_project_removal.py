"""Removing the demo project."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from projects import keys
from projects.models import ApiKey, AuditEvent, Membership, Project, User
from projects.roles import Role
from prompt_registry import change_requests, labels, project_removal, schedules
from prompt_registry.models import LabelMove, Prompt, PromptVersion
from prompt_registry.project_removal import NotTheDemo
from tests.prompt_registry.factories import make_member, make_project, make_prompt, make_user, make_version

pytestmark = pytest.mark.django_db


def make_demo(**values) -> Project:
    return make_project(is_demo=True, **values)


def add_traffic(project: Project) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO environment (project_id, name) VALUES (%s, 'production')", [project.pk])
        cursor.execute("INSERT INTO quarantined_span (project_id, reason, content) VALUES (%s, 'r', 'c')", [project.pk])


def publish_with_approval(prompt: Prompt, by: User) -> None:
    """Leave a used approval, a waiting request and a plan behind."""
    first, second = make_version(prompt), make_version(prompt)
    request = change_requests.ask(prompt=prompt, version=first, label="production", by=None)
    change_requests.approve(request=request, content_hash=first.content_hash, by=by)
    labels.publish(prompt=prompt, version=first, label="production", by=by)
    change_requests.ask(prompt=prompt, version=second, label="production", by=None)
    moment = timezone.now() + timedelta(days=1)
    schedules.plan(
        prompt=prompt, version=second, label="production", publish_at=moment, by=by, expected_version=first.number
    )


def rows_left(project_id: int) -> int:
    """Return how many rows of any table still name the project, the audit log apart."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.columns WHERE column_name = 'project_id' AND table_schema = 'public'"
        )
        tables = {name for (name,) in cursor.fetchall()} - {"audit_event"}
        counts = []
        for table in tables:
            cursor.execute(f'SELECT count(*) FROM "{table}" WHERE project_id = %s', [project_id])
            counts.append(cursor.fetchone()[0])
    return sum(counts)


def test_the_demo_goes_with_everything_in_it(django_capture_on_commit_callbacks):
    by = make_user()
    demo = make_demo(by=by)
    number = demo.pk
    prompt = make_prompt(demo)
    labels.publish(prompt=prompt, version=make_version(prompt), label="production", by=by)
    publish_with_approval(prompt, by)
    _, plain = keys.create(project=demo, name="demo", scopes=["ingest"])
    make_member(demo, Role.VIEWER)
    add_traffic(demo)
    assert rows_left(number) > 5

    with django_capture_on_commit_callbacks(execute=True):
        project_removal.remove_demo(project=demo, by=by)

    assert rows_left(number) == 0
    assert not Project.objects.filter(pk=number).exists()
    assert keys.check(plain) is None
    for model in (Prompt, PromptVersion, LabelMove, ApiKey, Membership):
        assert not model.objects.exists()


def test_the_removal_is_told_outside_the_project_that_is_gone():
    by = make_user()
    demo = make_demo(by=by)
    number = demo.pk

    project_removal.remove_demo(project=demo, by=by)

    event = AuditEvent.objects.get(action="project.removed")
    assert (event.project_id, event.subject, event.user_id) == (None, demo.slug, by.pk)
    assert AuditEvent.objects.filter(project_id=number).exists()


def test_other_projects_stay():
    by = make_user()
    other = make_project(by=by)
    make_prompt(other)
    add_traffic(other)
    before = rows_left(other.pk)

    project_removal.remove_demo(project=make_demo(by=by), by=by)

    assert rows_left(other.pk) == before


def test_a_real_project_is_never_removed_like_this():
    by = make_user()
    project = make_project(by=by)

    with pytest.raises(NotTheDemo):
        project_removal.remove_demo(project=project, by=by)

    assert Project.objects.filter(pk=project.pk).exists()
