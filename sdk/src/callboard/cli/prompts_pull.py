"""`callboard prompts pull`: prompts as files, to be reviewed and versioned with the code."""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from callboard.cli import prompt_documents, prompt_markdown
from callboard.cli.main import FAILED, OK, WRONG_USE
from callboard.cli.output import say_error
from callboard.cli.prompt_directory import Base, LocalPrompt, PromptDirectory
from callboard.cli.prompts_options import Row, add_to, count, is_wanted, show
from callboard.cli.prompts_server import NEWEST, PromptServer, ServerPrompt

if TYPE_CHECKING:
    from callboard.cli.main import Subparsers

_DESCRIPTION = (
    "Writes one Markdown file for each prompt: settings and blanks in its head, messages under headings. A file that "
    "you changed is not overwritten. The lock file beside them remembers the versions; keep it in Git too."
)
_EPILOG = "Needs a key that may read prompts. Exit status 0: done, 1: somebody changed the same prompt here and there."


def add_parser(subparsers: "Subparsers") -> None:
    """Add the verb."""
    parser = subparsers.add_parser(
        "pull", help="write prompts as files for Git", description=_DESCRIPTION, epilog=_EPILOG
    )
    add_to(parser)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--all", action="store_true", help="the newest version of every prompt (the default)")
    which.add_argument("--label", default=NEWEST, help="only what is live under this label, such as production")
    parser.add_argument("--force", action="store_true", help="overwrite files that were changed here")
    parser.add_argument("--dry-run", action="store_true", help="show what would happen, and write nothing")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the files, and say what became of each prompt."""
    with PromptServer(arguments.url) as server:
        found = {
            name: one for name, one in server.prompts(label=arguments.label).items() if is_wanted(name, arguments.names)
        }
        project = server.project
    if str(arguments.directory) == "-":
        return _to_stdout(found)
    directory = PromptDirectory(Path(arguments.directory))
    directory.check_project(project)
    local = {one.name: one for one in directory.files()}
    paths = {one.path: one.name for one in local.values()}
    rows = []
    for one in found.values():
        rows.append(_pulled(one, local.get(one.name), directory, paths, arguments))
        paths[rows[-1].path] = one.name
    if arguments.label == NEWEST:
        rows += _gone(directory, local, found, arguments)
    if not arguments.dry_run:
        directory.save_lock()
    changed = sum(row.is_change for row in rows)
    would_be = "would be " if arguments.dry_run else ""
    show(rows, arguments, f"{count(changed, 'file')} {would_be}written to {directory.root}, {len(rows)} looked at.")
    return FAILED if any(row.is_failure for row in rows) else OK


def _pulled(
    one: ServerPrompt,
    local: LocalPrompt | None,
    directory: PromptDirectory,
    paths: Mapping[str, str],
    arguments: argparse.Namespace,
) -> Row:
    """Decide about one prompt, and write its file when nothing of value is lost by that."""
    path = local.path if local else directory.path_for(one.name, paths)
    theirs = prompt_documents.fingerprint(one.document)
    base = directory.bases.get(one.name)
    if local is not None and local.fingerprint == theirs:
        directory.note(one.name, Base(one.version, theirs))
        return Row(one.name, path, "same", f"v{one.version}", one.version)
    if local is None and directory.holds_something_else(path) and not arguments.force:
        detail = f"{path} is there and is no prompt file: it does not begin with ---. Move it away, or pull --force"
        return Row(one.name, path, "in the way", detail, one.version, is_failure=True)
    is_untouched = local is None or (base is not None and base.fingerprint == local.fingerprint)
    if not is_untouched and not arguments.force:
        return _kept(one, path, base, theirs, local)
    if not arguments.dry_run:
        directory.write(path, prompt_markdown.write(one.document))
        directory.note(one.name, Base(one.version, theirs))
    state = "new file" if local is None else "updated"
    return Row(one.name, path, state, f"v{one.version} → {path}", one.version, is_change=True)


def _kept(one: ServerPrompt, path: str, base: Base | None, theirs: str, local: LocalPrompt | None) -> Row:
    if local is not None and local.problem:
        return Row(one.name, path, "unreadable", f"{path}: {local.problem}", one.version, is_failure=True)
    if base is not None and base.fingerprint == theirs:
        return Row(one.name, path, "changed here", f"{path}: push it when it is ready", one.version)
    since = f"v{base.version}" if base else "you began"
    detail = (
        f"{path} was changed, and v{one.version} was saved since {since}. Compare with `callboard prompts diff "
        f"{one.name}`; `pull --force` takes the server's, or put both together and pull --force before you write it again"
    )
    return Row(one.name, path, "both changed", detail, one.version, is_failure=True)


def _gone(
    directory: PromptDirectory,
    local: Mapping[str, LocalPrompt],
    found: Mapping[str, ServerPrompt],
    arguments: argparse.Namespace,
) -> list[Row]:
    gone = [name for name in directory.bases if name not in found and is_wanted(name, arguments.names)]
    rows = []
    for name in gone:
        if name in local:
            path = local[name].path
            rows.append(
                Row(name, path, "gone", f"it is archived, deleted or renamed there; delete {path} if you agree")
            )
        else:
            del directory.bases[name]
    return rows


def _to_stdout(found: Mapping[str, ServerPrompt]) -> int:
    if len(found) != 1:
        say_error(f"«--directory -» writes one prompt to stdout, and {len(found)} fit; name exactly one")
        return WRONG_USE
    [one] = found.values()
    sys.stdout.write(prompt_markdown.write(one.document))
    return OK
