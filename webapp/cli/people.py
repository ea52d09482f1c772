"""`callboard user create` and `callboard sign-in-link`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from webapp.cli import projects as project_verbs
from webapp.cli.instance import connect
from webapp.cli.options import add_common
from webapp.cli.terminal import answer, plainly
from webapp.supervisor.errors import StartError

if TYPE_CHECKING:
    from projects.models import User

ROLES = ("viewer", "editor", "approver", "admin")


class NoSuchUser(StartError):
    """Nobody with this e-mail address has an account. Make one with `callboard user create EMAIL`."""


class AddressNotValid(StartError):
    """This is not an e-mail address."""


def add_parser(subparsers: Any) -> None:
    """Add both verbs to the command line."""
    verbs = subparsers.add_parser("user", help="make accounts").add_subparsers(required=True, metavar="VERB")
    create = verbs.add_parser("create", help="make an account and print a link that signs the person in once")
    create.add_argument("email", help="e-mail address; no mail is sent to it")
    create.add_argument("--name", default="", help="the name other people see")
    create.add_argument("--owner", action="store_true", help="may make projects and accounts and sees every project")
    create.add_argument("--project", metavar="SLUG", help="make the person a member of this project")
    create.add_argument("--role", choices=ROLES, default="viewer", help="what the member may do (default: %(default)s)")
    add_common(create)
    create.set_defaults(run=run_create)

    link = subparsers.add_parser("sign-in-link", help="print a link that signs a person in once")
    link.add_argument("email", help="e-mail address of the account")
    add_common(link)
    link.set_defaults(run=run_link)


@plainly
def run_create(args: argparse.Namespace) -> int:
    """Make an account, a member of a project when one is named."""
    connect(args.data_dir)
    from django.db import transaction

    from projects import members, people

    email = _checked(args.email)
    with transaction.atomic():
        project = project_verbs.find(args.project) if args.project else None
        user = people.create_user(email=email, name=args.name, is_owner=args.owner)
        if project is not None:
            members.add(project=project, user=user, role=args.role)
        link = _link(user)
    facts = {
        "id": user.pk,
        "email": user.email,
        "is_owner": user.is_owner,
        "project": args.project,
        "sign_in_link": link,
    }
    return answer(
        args, facts, text=f"{user.email} has an account. Sign in with this link, once, within 24 hours:\n{link}"
    )


@plainly
def run_link(args: argparse.Namespace) -> int:
    """Print a link that signs somebody in once."""
    connect(args.data_dir)
    from projects.models import User

    user = User.objects.filter(email=args.email.strip().lower(), is_active=True).first()
    if user is None:
        raise NoSuchUser
    link = _link(user)
    return answer(
        args,
        {"email": user.email, "sign_in_link": link},
        text=f"Sign in with this link, once, within 24 hours:\n{link}",
    )


def _link(user: User) -> str:
    from django.conf import settings

    from projects import people

    return f"{settings.PUBLIC_URL}/sign-in/{people.sign_in_link(user=user)}/"


def _checked(email: str) -> str:
    from django.core.exceptions import ValidationError
    from django.core.validators import validate_email

    try:
        validate_email(email.strip())
    except ValidationError as error:
        raise AddressNotValid(f"«{email}» is not an e-mail address. Write it like name@example.com.") from error
    return email.strip()
