"""`callboard prompts …`: commands for prompts, each in a module of its own."""

from typing import TYPE_CHECKING

from callboard.cli import prompts_bundle

if TYPE_CHECKING:
    from callboard.cli.main import Subparsers


def add_parser(subparsers: "Subparsers") -> None:
    """Add the command with its verbs."""
    parser = subparsers.add_parser("prompts", help="ship the prompts of a project with an application")
    prompts_bundle.add_parser(parser.add_subparsers(title="verbs", metavar="<verb>", required=True))
