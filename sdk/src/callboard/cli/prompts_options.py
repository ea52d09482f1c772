"""Options that pulling, pushing and comparing prompts share, and how they show what they did."""

import argparse
import dataclasses
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from callboard.cli.output import say, say_error, say_json

DEFAULT_DIRECTORY: Final = Path("prompts")
_COLOURS: Final = {"good": "32", "changed": "33", "bad": "31", "removed": "31", "added": "32", "place": "36"}


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """What became of one prompt."""

    name: str
    path: str
    state: str
    detail: str = ""
    version: int | None = None
    is_failure: bool = False
    is_change: bool = False


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the shared options."""
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these prompts, or those in this folder")
    parser.add_argument(
        "--directory",
        type=Path,
        default=DEFAULT_DIRECTORY,
        metavar="DIR",
        help="where the files are (default: prompts)",
    )
    parser.add_argument("--url", help="address of Callboard (default: CALLBOARD_URL, else http://127.0.0.1:8400)")
    parser.add_argument("--json", action="store_true", help="write what happened as JSON")
    parser.add_argument("--quiet", action="store_true", help="write only complaints")
    parser.add_argument("--no-color", action="store_true", help="no colours; NO_COLOR=1 does the same")


def is_wanted(name: str, wanted: Sequence[str]) -> bool:
    """Tell whether a prompt is one of those that were named, or in a folder that was."""
    return not wanted or any(name == one or name.startswith(one.rstrip("/") + "/") for one in wanted)


def show(rows: Sequence[Row], arguments: argparse.Namespace, summary: str) -> None:
    """Write a table of what happened; failures are complaints, so that they are seen in any case."""
    if arguments.json:
        say_json(
            {
                "ok": not any(row.is_failure for row in rows),
                "prompts": [
                    {key: value for key, value in dataclasses.asdict(row).items() if key != "is_change"} for row in rows
                ],
            }
        )
        return
    width = max((len(row.state) for row in rows), default=0)
    for row in rows:
        line = f"{row.state:<{width}}  {visible(row.name)}" + (f"  {visible(row.detail)}" if row.detail else "")
        if row.is_failure:
            say_error(line)
        elif not arguments.quiet:
            say(f"  {painted(line, 'changed' if row.is_change else '', arguments)}")
    if not arguments.quiet:
        say(summary)


def painted(text: str, colour: str, arguments: argparse.Namespace) -> str:
    """Return the text in a colour, when somebody looks at a terminal that shows colours."""
    if not colour or arguments.no_color or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m" if sys.stdout.isatty() else text


def visible(text: str) -> str:
    """Return text in which nothing can move the cursor, change colours or turn the reading direction."""
    return "".join(
        character if character.isprintable() or character == "\t" else character.encode("unicode_escape").decode()
        for character in text
    )


def count(number: int, word: str) -> str:
    """Return the number with its word, such as «2 files»."""
    return f"{number} {word}{'' if number == 1 else 's'}"


def as_dict(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the rows for another program."""
    return [dataclasses.asdict(row) for row in rows]
