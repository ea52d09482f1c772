"""`callboard prompts diff`: what pushing the files would change."""

import argparse
import difflib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from callboard.cli import prompt_documents
from callboard.cli.main import FAILED, OK, CommandError
from callboard.cli.output import say, say_error, say_json
from callboard.cli.prompt_directory import LocalPrompt, PromptDirectory
from callboard.cli.prompts_options import add_to, is_wanted, painted, visible
from callboard.cli.prompts_server import NEWEST, PromptServer, ServerPrompt

if TYPE_CHECKING:
    from callboard.cli.main import Subparsers

_WORD: Final = re.compile(r"\s+|\w+|[^\w\s]")
# Words are compared one by one; beyond this many a changed stretch is shown as removed and added.
_MAX_WORDS: Final = 4_000
_DESCRIPTION = "Compares the files with the server, line by line; «-» is the server's, «+» is the file's."
_EPILOG = "Needs a key that may read prompts. Exit status 0: nothing differs, 1: something does, 2: wrong use."


def add_parser(subparsers: "Subparsers") -> None:
    """Add the verb."""
    parser = subparsers.add_parser(
        "diff", help="compare files with the server", description=_DESCRIPTION, epilog=_EPILOG
    )
    add_to(parser)
    parser.add_argument(
        "--label", default=NEWEST, help="compare with what is live under this label, such as production"
    )
    parser.add_argument("--words", action="store_true", help="mark changed words instead of lines")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Show the differences."""
    if not arguments.directory.is_dir():
        raise CommandError(f"there is no directory {arguments.directory}; `callboard prompts pull` makes it")
    directory = PromptDirectory(Path(arguments.directory))
    with PromptServer(arguments.url) as server:
        there = server.prompts(label=arguments.label)
        directory.check_project(server.project)
    local = [one for one in directory.files() if is_wanted(one.name, arguments.names)]
    found = [(one, there.get(one.name), list(_lines(one, there.get(one.name), arguments))) for one in local]
    gone = [
        name for name in directory.bases if is_wanted(name, arguments.names) and name not in {one.name for one in local}
    ]
    differing = [(one, other, lines) for one, other, lines in found if lines]
    if arguments.json:
        say_json(
            {
                "same": not differing and not gone,
                "prompts": [_facts(one, other, lines) for one, other, lines in found],
                "without_file": gone,
            }
        )
    elif not arguments.quiet:
        for _, _, lines in differing:
            for line in lines:
                say(line)
    for one in local:
        if one.problem:
            say_error(f"{one.path}: {one.problem}")
    for name in gone:
        say_error(f"{visible(name)}: its file is missing; `callboard prompts pull` brings it back")
    return FAILED if differing or gone or any(one.problem for one in local) else OK


def _facts(local: LocalPrompt, there: ServerPrompt | None, lines: Sequence[str]) -> dict[str, object]:
    state = "unreadable" if local.problem else ("new" if there is None else ("changed" if lines else "same"))
    return {
        "name": local.name,
        "path": local.path,
        "state": state,
        "version": there.version if there else None,
        "diff": lines,
    }


def _lines(local: LocalPrompt, there: ServerPrompt | None, arguments: argparse.Namespace) -> Iterator[str]:
    if local.document is None:
        return
    before = prompt_documents.canonical(there.document).split("\n") if there else []
    after = prompt_documents.canonical(local.document).split("\n")
    if before == after:
        return
    where = f"v{there.version}" if there else "nothing"
    yield painted(f"--- {visible(local.name)} (server, {where})", "place", arguments)
    yield painted(f"+++ {visible(local.path)}", "place", arguments)
    yield from _words(before, after, arguments) if arguments.words else _unified(before, after, arguments)


def _unified(before: list[str], after: list[str], arguments: argparse.Namespace) -> Iterator[str]:
    colours = {"-": "removed", "+": "added", "@": "place"}
    for line in list(difflib.unified_diff(before, after, lineterm=""))[2:]:
        yield painted(visible(line), colours.get(line[:1], ""), arguments)


def _words(before: list[str], after: list[str], arguments: argparse.Namespace) -> Iterator[str]:
    """Yield the changed stretches with `[-removed-]` and `{+added+}` words, each under the place where it stands."""
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for group in matcher.get_grouped_opcodes(2):
        yield painted(f"@@ line {group[0][3] + 1} @@", "place", arguments)
        for operation, begin, end, other_begin, other_end in group:
            if operation == "equal":
                yield from (f" {visible(line)}" for line in before[begin:end])
            else:
                marked = _marked("\n".join(before[begin:end]), "\n".join(after[other_begin:other_end]), arguments)
                yield from (f" {line}" for line in marked.split("\n"))


def _marked(old: str, new: str, arguments: argparse.Namespace) -> str:
    a, b = _WORD.findall(old), _WORD.findall(new)
    if len(a) + len(b) > _MAX_WORDS:
        return _removed(old, arguments) + _added(new, arguments)
    pieces = []
    for operation, begin, end, other_begin, other_end in difflib.SequenceMatcher(
        None, a, b, autojunk=False
    ).get_opcodes():
        if operation == "equal":
            pieces.append(_shown("".join(a[begin:end])))
        else:
            pieces.append(
                _removed("".join(a[begin:end]), arguments) + _added("".join(b[other_begin:other_end]), arguments)
            )
    return "".join(pieces)


def _removed(text: str, arguments: argparse.Namespace) -> str:
    return painted(f"[-{_shown(text)}-]", "removed", arguments) if text else ""


def _added(text: str, arguments: argparse.Namespace) -> str:
    return painted(f"{{+{_shown(text)}+}}", "added", arguments) if text else ""


def _shown(text: str) -> str:
    return "\n".join(visible(line) for line in text.split("\n"))
