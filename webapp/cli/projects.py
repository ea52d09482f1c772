"""`callboard project create`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from webapp.cli.instance import connect
from webapp.cli.options import add_common
from webapp.cli.terminal import answer, plainly
from webapp.supervisor.errors import StartError

if TYPE_CHECKING:
    from projects.models import Project


class NoSuchProject(StartError):
    """There is no such project."""


def add_parser(subparsers: Any) -> None:
    """Add the verb to the command line."""
    verbs = subparsers.add_parser("project", help="make projects").add_subparsers(required=True, metavar="VERB")
    create = verbs.add_parser("create", help="make a project")
    create.add_argument("name", help="the name people see")
    create.add_argument("--slug", help="the short name in addresses (default: made from the name)")
    add_common(create)
    create.set_defaults(run=run_create)


@plainly
def run_create(args: argparse.Namespace) -> int:
    """Make a project."""
    connect(args.data_dir)
    from django.conf import settings

    from projects import projects

    project = projects.create(name=args.name, slug=args.slug)
    url = f"{settings.PUBLIC_URL}/p/{project.slug}/"
    facts = {"id": project.pk, "name": project.name, "slug": project.slug, "url": url}
    return answer(args, facts, text=f"Project «{project.name}» is made: {url}")


def find(slug: str) -> Project:
    """Return the project with this short name, or say which ones there are."""
    from projects.models import Project

    project = Project.objects.of_people().filter(slug=slug).first()
    if project is None:
        known = (
            ", ".join(Project.objects.of_people().order_by("slug").values_list("slug", flat=True)[:20]) or "none yet"
        )
        raise NoSuchProject(f"There is no project «{slug}». Projects: {known}.")
    return project
