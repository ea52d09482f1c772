"""`callboard key create`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from webapp.cli import projects as project_verbs
from webapp.cli.instance import connect
from webapp.cli.options import add_common
from webapp.cli.terminal import answer, plainly
from webapp.supervisor.errors import StartError

if TYPE_CHECKING:
    from projects.models import Project, User

DEFAULT_SCOPES = "ingest,prompts:read,feedback:write"


class NoSuchMember(StartError):
    """Nobody in the project has this address."""


def add_parser(subparsers: Any) -> None:
    """Add the verb to the command line."""
    verbs = subparsers.add_parser("key", help="make API keys").add_subparsers(required=True, metavar="VERB")
    create = verbs.add_parser("create", help="make an API key and print it, once")
    create.add_argument("--project", metavar="SLUG", required=True, help="the project the key belongs to")
    create.add_argument(
        "--scopes",
        default=DEFAULT_SCOPES,
        help="what the key may do: ingest, prompts:read, feedback:write, api:read, api:write (default: %(default)s)",
    )
    create.add_argument("--environment", default="", help="bind the key to one environment, for example production")
    create.add_argument("--name", default="Made at the command line", help="what people see in the list of keys")
    create.add_argument(
        "--for", dest="person", metavar="EMAIL", default="",
        help="the member in whose name the application acts; experiments are started and stopped only with one",
    )  # fmt: skip
    add_common(create)
    create.set_defaults(run=run_create)


@plainly
def run_create(args: argparse.Namespace) -> int:
    """Make an API key."""
    connect(args.data_dir)
    from projects import keys

    project = project_verbs.find(args.project)
    scopes = [scope.strip() for scope in args.scopes.split(",") if scope.strip()]
    person = _member(project, args.person) if args.person else None
    key, plain = keys.create(
        project=project, name=args.name, scopes=scopes, environment=args.environment, by=person
    )  # fmt: skip
    facts = {
        "key": plain,
        "key_id": key.key_id,
        "project": project.slug,
        "scopes": key.scopes,
        "environment": key.environment,
    }
    return answer(args, facts, text=f"The key of «{project.name}», shown only this once:\n{plain}")


def _member(project: Project, email: str) -> User:
    membership = project.memberships.select_related("user").filter(user__email__iexact=email).first()
    if membership is None:
        raise NoSuchMember(f"Nobody in «{project.name}» has the address {email}. Invite them first, under Settings.")
    return membership.user
