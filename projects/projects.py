"""Makes projects."""

from __future__ import annotations

import secrets
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from projects import audit
from projects.errors import NameMissing, SlugTaken
from projects.models import SYSTEM_SLUG, Membership, Project, User
from projects.roles import Role


@transaction.atomic
def create(
    *, name: str, slug: str | None = None, by: User | None = None, is_demo: bool = False,
    is_approval_required: bool | None = None,
) -> Project:  # fmt: skip
    """Return a new project; whoever makes it becomes its admin.

    Publishing needs the approval of a second person, except in the demo and where there is no second person yet.
    """
    name = name.strip()[:120]
    if not name:
        raise NameMissing
    wanted = (slugify(slug or name) or "project")[:50]
    if is_approval_required is None:
        is_approval_required = not is_demo and User.objects.filter(is_active=True).count() > 1
    fields = {"name": name, "is_demo": is_demo, "is_approval_required": is_approval_required}
    project = _insert(fields, slug=wanted, is_exact=slug is not None)
    if by is not None:
        Membership.objects.create(project=project, user=by, role=Role.ADMIN)
    audit.record(
        action="project.created", subject=project.slug, by=by, project=project, name=name,
        approval="on" if is_approval_required else "off",
    )  # fmt: skip
    return project


@transaction.atomic
def create_for_the_system() -> Project:
    """Return the hidden project that Callboard checks itself with; nobody belongs to it."""
    project = Project.objects.create(name="Callboard checks itself", slug=SYSTEM_SLUG)
    audit.record(action="project.created", subject=project.slug, by=None, project=project, name=project.name)
    return project


@transaction.atomic
def rename(*, project: Project, name: str, by: User) -> Project:
    """Give the project another name; its address stays."""
    name = name.strip()[:120]
    if not name:
        raise NameMissing
    audit.record(
        action="project.renamed", subject=project.slug, by=by, project=project, before=project.name, after=name
    )
    Project.objects.filter(pk=project.pk).update(name=name)
    project.name = name
    return project


def _insert(fields: dict[str, Any], *, slug: str, is_exact: bool) -> Project:
    # Where many projects have one name, a number says nothing any more.
    numbered = [f"{slug}-{number}" for number in range(2, 50)]
    candidates = [slug] if is_exact else [slug, *numbered, f"{slug[:40]}-{secrets.token_hex(4)}"]
    for candidate in candidates:
        try:
            with transaction.atomic():
                return Project.objects.create(slug=candidate, **fields)
        except IntegrityError:
            continue
    raise SlugTaken
