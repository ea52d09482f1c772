"""A directory of prompt files, with a lock file that says from which version each of them comes."""

import contextlib
import dataclasses
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from callboard.cli import prompt_documents, prompt_markdown, prompt_paths
from callboard.cli.main import CommandError
from callboard.cli.prompt_file_errors import FileNotReadable

LOCK_FILE: Final = "prompts.lock.json"
_LOCK_FORMAT: Final = 1
_MAX_BYTES: Final = 4 * 1024 * 1024


@dataclasses.dataclass(frozen=True, slots=True)
class LocalPrompt:
    """One file: the prompt in it, or why it is none."""

    path: str
    name: str
    document: Mapping[str, Any] | None = None
    problem: str = ""

    @property
    def fingerprint(self) -> str:
        """A text that only equal prompts share; nothing for a file that is no prompt."""
        return prompt_documents.fingerprint(self.document) if self.document is not None else ""


@dataclasses.dataclass(frozen=True, slots=True)
class Base:
    """The version that a file was made from, and what it said then."""

    version: int
    fingerprint: str


class PromptDirectory:
    """The files, and what was noted about them; nothing is ever read or written outside of the directory."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.project = ""
        self.bases: dict[str, Base] = {}
        self.ignored: list[str] = []
        self._read_lock()

    def files(self) -> list[LocalPrompt]:
        """Return the prompt of every file, by path; Markdown without a head is something else and left alone."""
        found = []
        self.ignored = []
        for path in sorted(self.root.rglob("*.md")):
            relative = path.relative_to(self.root)
            if any(part.startswith(".") for part in relative.parts) or not path.is_file():
                continue
            one = self._file(path, relative.as_posix())
            if one is None:
                self.ignored.append(relative.as_posix())
            else:
                found.append(one)
        return _without_doubles(found)

    def path_for(self, name: str, taken: Mapping[str, str]) -> str:
        """Return where the file of a new prompt goes; `taken` says which name lies at which path."""
        path = prompt_paths.of_name(name)
        owners = {other.casefold(): owner for other, owner in taken.items()}
        return path if owners.get(path.casefold(), name) == name else prompt_paths.of_name_beside(name)

    def write(self, path: str, text: str) -> None:
        """Replace a file in one step."""
        target = self.root / path
        self.root.mkdir(parents=True, exist_ok=True)
        if not target.parent.resolve().is_relative_to(self.root.resolve()):
            raise CommandError(
                f"{path} would lie outside of {self.root}: a folder in it is a link; nothing was written"
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        _replace(target, text)

    def holds_something_else(self, path: str) -> bool:
        """Tell whether a file that is no prompt stands where one would go."""
        return path.casefold() in {ignored.casefold() for ignored in self.ignored}

    def note(self, name: str, base: Base) -> None:
        """Remember from which version the file of a prompt comes."""
        self.bases[name] = base

    def save_lock(self) -> None:
        """Write the lock file; every prompt has lines of its own, so that branches merge."""
        content = {
            "format": _LOCK_FORMAT,
            "project": self.project,
            "prompts": {name: dataclasses.asdict(base) for name, base in sorted(self.bases.items())},
        }
        self.root.mkdir(parents=True, exist_ok=True)
        _replace(self.root / LOCK_FILE, json.dumps(content, indent=2, ensure_ascii=False) + "\n")

    def check_project(self, project: str) -> None:
        """Refuse a directory that was pulled from another project."""
        if self.project and project and self.project != project:
            raise CommandError(
                f"{self.root} was pulled from the project «{self.project}», and this API key belongs to «{project}»; "
                f"use another --directory, or delete {self.root / LOCK_FILE} to begin anew"
            )
        self.project = project or self.project

    def _file(self, path: Path, relative: str) -> LocalPrompt | None:
        if not path.resolve().is_relative_to(self.root.resolve()):
            return LocalPrompt(relative, relative, problem="it is a link that leads out of the directory")
        try:
            if path.stat().st_size > _MAX_BYTES:
                return LocalPrompt(relative, relative, problem="it is larger than 4 MiB")
            text = path.read_bytes().decode("utf-8-sig")
        except OSError as error:
            return LocalPrompt(relative, relative, problem=f"it cannot be read: {error.strerror or error}")
        except UnicodeDecodeError:
            return LocalPrompt(relative, relative, problem="it is not text in UTF-8")
        if not text.startswith(prompt_markdown.FENCE):
            return None
        return read(text, relative)

    def _read_lock(self) -> None:
        path = self.root / LOCK_FILE
        try:
            content = json.loads(path.read_bytes())
            if content["format"] != _LOCK_FORMAT:
                raise CommandError(f"{path} was written by a newer version of callboard; install that one")
            self.project = str(content["project"])
            self.bases = {
                str(name): Base(int(base["version"]), str(base["fingerprint"]))
                for name, base in content["prompts"].items()
            }
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise CommandError(
                f"{path} cannot be read ({type(error).__name__}); restore it from Git, or delete it and pull again"
            ) from error


def read(text: str, path: str) -> LocalPrompt:
    """Return the prompt in the text of a file."""
    fallback = path.removesuffix(prompt_paths.SUFFIX)
    try:
        document = prompt_markdown.read(text, name=fallback)
    except FileNotReadable as error:
        return LocalPrompt(path, fallback, problem=str(error))
    return LocalPrompt(path, str(document["name"]), document)


def _without_doubles(found: list[LocalPrompt]) -> list[LocalPrompt]:
    first: dict[str, str] = {}
    checked = []
    for one in found:
        other = first.setdefault(one.name, one.path)
        if other != one.path and not one.problem:
            problem = f"{other} has the same name «{one.name}»; give one of them another name in its head"
            one = LocalPrompt(one.path, one.name, problem=problem)
        checked.append(one)
    return checked


def _replace(path: Path, text: str) -> None:
    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        temporary.write_bytes(text.encode("utf-8", "replace"))
        os.replace(temporary, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise CommandError(f"{path} cannot be written: {error.strerror or error}") from error
