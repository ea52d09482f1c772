"""`callboard prompts push`: saves changed files as versions; publishing stays with people."""

import argparse
import dataclasses
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from callboard.cli import prompt_directory, prompt_documents
from callboard.cli.main import FAILED, OK, WRONG_USE, CommandError
from callboard.cli.output import say_error
from callboard.cli.prompt_directory import Base, LocalPrompt, PromptDirectory
from callboard.cli.prompts_options import Row, add_to, count, is_wanted, show
from callboard.cli.prompts_server import NotSaved, PromptServer, ServerPrompt

if TYPE_CHECKING:
    from callboard.cli.main import Subparsers

_DESCRIPTION = (
    "Saves every changed file as a new version of its prompt. Nothing goes live by that: somebody publishes it in the "
    "browser. When somebody saved another version in the meantime, nothing is sent and you are told what to do."
)
_EPILOG = "Needs a key with the scopes prompts:read and api:write. Exit status 0: all saved, 1: something was not."


@dataclasses.dataclass(frozen=True, slots=True)
class Step:
    """What is to be done with one file."""

    row: Row
    local: LocalPrompt
    base_version: int | None = None
    note: str = ""

    @property
    def is_to_send(self) -> bool:
        """Whether the server gets it."""
        return self.row.is_change


def add_parser(subparsers: "Subparsers") -> None:
    """Add the verb."""
    parser = subparsers.add_parser(
        "push", help="save changed files as versions", description=_DESCRIPTION, epilog=_EPILOG
    )
    add_to(parser)
    parser.add_argument(
        "--note", default="", help="what changed and why (default: the note in the file, when it is new)"
    )
    parser.add_argument("--dry-run", action="store_true", help="show what would be saved, and send nothing")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Save what changed, and say what became of each file."""
    if "-" in arguments.names:
        return _from_stdin(arguments)
    if not arguments.directory.is_dir():
        raise CommandError(f"there is no directory {arguments.directory}; `callboard prompts pull` makes it")
    directory = PromptDirectory(Path(arguments.directory))
    with PromptServer(arguments.url) as server:
        there = server.prompts()
        directory.check_project(server.project)
        local = [one for one in directory.files() if is_wanted(one.name, arguments.names)]
        steps = [_step(one, there.get(one.name), directory.bases.get(one.name), arguments) for one in local]
        rows = [step.row for step in steps]
        if any(row.is_failure for row in rows) or arguments.dry_run:
            return _told(rows, arguments, "would be saved" if arguments.dry_run else "saved, because of the complaints")
        rows = [_sent(step, server) if step.is_to_send else step.row for step in steps]
    _note_saved(steps, rows, directory)
    _note_the_same(steps, there, directory)
    directory.save_lock()
    return _told(rows, arguments, "saved; publish them in the browser when they are ready")


def _step(local: LocalPrompt, there: ServerPrompt | None, base: Base | None, arguments: argparse.Namespace) -> Step:
    """Decide about one file."""

    def row(state: str, detail: str = "", **facts: bool) -> Row:
        return Row(local.name, local.path, state, detail, there.version if there else None, **facts)

    if local.document is None:
        return Step(row("unreadable", f"{local.path}: {local.problem}", is_failure=True), local)
    if there is None:
        if base is not None:
            detail = f"v{base.version} was pulled, but it is archived, deleted or renamed there; bring it back, or delete {local.path}"
            return Step(row("gone", detail, is_failure=True), local)
        note = arguments.note or str(local.document.get("note") or "")
        return Step(row("new prompt", local.path, is_change=True), local, 0, note)
    if local.fingerprint == prompt_documents.fingerprint(there.document):
        return Step(row("same", f"v{there.version}"), local)
    if base is not None and base.fingerprint == local.fingerprint:
        return Step(row("behind", f"v{there.version} is newer than v{base.version} here; pull it"), local)
    if why := _conflict(local, there, base):
        return Step(row("conflict", why, is_failure=True), local)
    return Step(
        row("new version", f"after v{there.version}", is_change=True),
        local,
        there.version,
        _note(local, there, arguments),
    )


def _conflict(local: LocalPrompt, there: ServerPrompt, base: Base | None) -> str:
    document = local.document or {}
    if document.get("type") != there.document.get("type"):
        return f"{local.path} is a {document.get('type')} and the prompt a {there.document.get('type')}; a prompt stays what it is"
    if base is not None and base.version == there.version:
        return ""
    since = f"since v{base.version}, from which {local.path} was made" if base else "before, and was never pulled here"
    return (
        f"v{there.version} was saved {since}. Look at it with `callboard prompts diff {local.name}`, keep your text aside, "
        f"`callboard prompts pull --force {local.name}`, put both together and push again"
    )


def _note(local: LocalPrompt, there: ServerPrompt, arguments: argparse.Namespace) -> str:
    written = str((local.document or {}).get("note") or "")
    # The note that was pulled speaks of the version before.
    return arguments.note or (written if written != there.document.get("note") else "")


def _sent(step: Step, server: PromptServer) -> Row:
    row = step.row
    answer = server.save(step.local.document or {}, note=step.note, base_version=step.base_version)
    if isinstance(answer, NotSaved):
        return dataclasses.replace(row, state="not saved", detail=answer.reason, is_failure=True, is_change=False)
    return dataclasses.replace(
        row, state=row.state if answer.is_new else "same", detail=f"v{answer.version}", version=answer.version
    )


def _note_saved(steps: list[Step], rows: list[Row], directory: PromptDirectory) -> None:
    for step, row in zip(steps, rows, strict=True):
        if step.is_to_send and not row.is_failure and row.version is not None:
            directory.note(row.name, Base(row.version, step.local.fingerprint))


def _note_the_same(steps: list[Step], there: Mapping[str, ServerPrompt], directory: PromptDirectory) -> None:
    """Remember the version of files that say what the server says, however that came about."""
    for step in steps:
        if step.row.state == "same" and step.local.name in there:
            directory.note(step.local.name, Base(there[step.local.name].version, step.local.fingerprint))


def _told(rows: list[Row], arguments: argparse.Namespace, what: str) -> int:
    saved = sum(row.is_change for row in rows)
    has_failed = any(row.is_failure for row in rows)
    if has_failed and what.startswith("saved, because"):
        saved = 0
    show(rows, arguments, f"{count(saved, 'version')} {what}.")
    return FAILED if has_failed else OK


def _from_stdin(arguments: argparse.Namespace) -> int:
    if len(arguments.names) != 1:
        say_error("«-» reads one prompt from stdin and stands alone")
        return WRONG_USE
    local = prompt_directory.read(sys.stdin.read(), "stdin")
    if local.document is None or local.name == "stdin":
        raise CommandError(f"stdin: {local.problem or 'the head names no prompt; write «name: …» into it'}")
    with PromptServer(arguments.url) as server:
        there = server.prompts().get(local.name)
        # What was read last is what the text is taken to be made from.
        base = Base(there.version, "") if there else None
        step = _step(local, there, base, arguments)
        if not step.is_to_send or arguments.dry_run:
            return _told([step.row], arguments, "would be saved" if arguments.dry_run else "saved")
        row = _sent(step, server)
    return _told([row], arguments, "saved; publish it in the browser when it is ready")
