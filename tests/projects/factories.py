"""People, projects and members for tests; each call makes new ones."""

from __future__ import annotations

import time
from itertools import count

from django.test import Client

from projects import members, people, projects
from projects.models import Project, User
from projects.roles import Role

PASSWORD = "a long and quiet evening"
_numbers = count(1)


def make_user(
    *, email: str = "", name: str = "", password: str | None = None, is_active: bool = True, is_owner: bool = False
) -> User:
    user = people.create_user(
        email=email or f"person{next(_numbers)}@example.com", name=name, password=password, is_owner=is_owner
    )
    if not is_active:
        User.objects.filter(pk=user.pk).update(is_active=False)
        user.is_active = False
    return user


def make_project(
    *, name: str = "", is_demo: bool = False, by: User | None = None, is_approval_required: bool = False
) -> Project:
    # Most tests publish alone; those about approval ask for it.
    return projects.create(
        name=name or f"Shop {next(_numbers)}", is_demo=is_demo, by=by, is_approval_required=is_approval_required
    )


def make_member(*, project: Project, role: str = Role.VIEWER, email: str = "", name: str = "") -> User:
    user = make_user(email=email, name=name)
    members.add(project=project, user=user, role=role)
    return user


def signed_in(user: User, *, fresh: bool = True) -> Client:
    """Return a browser of somebody who signed in just now, or more than half an hour ago."""
    client = Client()
    client.force_login(user)
    session = client.session
    session["proved_at"] = int(time.time()) - (0 if fresh else 31 * 60)
    session.save()
    return client
