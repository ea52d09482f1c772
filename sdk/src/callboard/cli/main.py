"""Reads the command line and runs one verb."""

import argparse
import importlib
import importlib.util
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from callboard.cli.output import say_error
from callboard.version import __version__

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

CLIENT_VERBS: Final = ("doctor", "experiment", "prompts", "replay", "rollout")
ENTRY_POINTS: Final = "callboard.commands"
OK, FAILED, WRONG_USE = 0, 1, 2


class CommandError(Exception):
    """The command could not be carried out."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command, and return 0 for success, 1 for failure, 2 for wrong use; a verb may return more."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    parser = _parser(given)
    try:
        parsed = parser.parse_args(given)
    except SystemExit as stop:
        return WRONG_USE if stop.code else OK
    if not hasattr(parsed, "run"):
        parser.print_help()
        return WRONG_USE
    return _run(parsed)


def _run(parsed: argparse.Namespace) -> int:
    run: Callable[[argparse.Namespace], int | None] = parsed.run
    try:
        return run(parsed) or OK
    except KeyboardInterrupt:
        say_error("stopped")
        return FAILED
    except BrokenPipeError:
        # The reader of a pipe has seen enough; without this Python would complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except Exception as error:
        if os.environ.get("CALLBOARD_DEBUG") not in (None, "", "0"):
            traceback.print_exc()
        say_error(_one_line(error))
        return FAILED


def _parser(given: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="callboard",
        description="Prompts, traces and feedback of LLM applications.",
        epilog="`callboard <command> --help` explains a command. Settings come from CALLBOARD_URL and CALLBOARD_API_KEY.",
    )
    parser.add_argument("--version", action="version", version=f"callboard {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="<command>")
    verb = next((word for word in given if not word.startswith("-")), None)
    if verb in CLIENT_VERBS:
        # The server's commands take a while to import, and are not needed.
        _add_client_verb(verb, commands)
        return parser
    for name in CLIENT_VERBS:
        _add_client_verb(name, commands)
    if "--version" not in given:
        _add_entry_points(commands)
    return parser


def _add_client_verb(name: str, commands: "Subparsers") -> None:
    module = f"callboard.cli.{name}"
    if importlib.util.find_spec(module) is not None:
        importlib.import_module(module).add_parser(commands)


def _add_entry_points(commands: "Subparsers") -> None:
    from importlib.metadata import entry_points  # slow to import, and client verbs do without

    for entry_point in entry_points(group=ENTRY_POINTS):
        try:
            add_commands: Callable[[Any], None] = entry_point.load()
            add_commands(commands)
        except Exception as error:
            say_error(f"the commands of {entry_point.value} are not available: {_one_line(error)}")


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return text or f"{type(error).__name__} (set CALLBOARD_DEBUG=1 to see where)"
