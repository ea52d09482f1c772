"""`callboard prompts …`: commands for prompts, each in a module of its own."""

from typing import TYPE_CHECKING

from callboard.cli import prompts_bundle, prompts_diff, prompts_pull, prompts_push

if TYPE_CHECKING:
    from callboard.cli.main import Subparsers


def add_parser(subparsers: "Subparsers") -> None:
    """Add the command with its verbs."""
    parser = subparsers.add_parser("prompts", help="keep prompts as files in Git, or ship them with an application")
    verbs = parser.add_subparsers(title="verbs", metavar="<verb>", required=True)
    for module in (prompts_pull, prompts_push, prompts_diff, prompts_bundle):
        module.add_parser(verbs)
