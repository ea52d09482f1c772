"""Keeps what somebody uploaded until they have chosen, and saves what they chose: all of it or nothing, once."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson
from django.db import transaction
from django.utils import timezone

from projects import audit
from projects.models import Project, User
from projects.roles import Action
from prompt_registry import prompts, pushes
from prompt_registry.errors import ImportGone, ImportRefused, PromptRegistryError, TagNotUsable
from prompt_registry.imports import formats, plans
from prompt_registry.imports.plans import Line
from prompt_registry.imports.values import SourceFile
from prompt_registry.models import Prompt, PromptImport
from prompt_registry.permissions import demand

# Nobody else in the project can change anything meanwhile, so an import ends within seconds.
MAX_AT_ONCE = 200
# How long an upload waits for its choice, and its result for a second look.
KEPT_FOR = timedelta(days=1)
RESULT_KEPT_FOR = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Preview:
    """What an upload would become, read in one of the formats."""

    format: str
    lines: list[Line]
    remarks: list[str]


@transaction.atomic
def begin(*, project: Project, files: Sequence[SourceFile], by: User) -> PromptImport:
    """Keep the files until the person has chosen; another upload of theirs takes the place of this one."""
    demand(project=project, action=Action.EDIT_PROMPTS, by=by)
    if not any(file.text.strip() for file in files):
        raise ImportRefused("There is nothing in it. Choose a file, or paste the prompts.")
    _tidy_up(project, by)
    packed = zlib.compress(orjson.dumps([[_storable(file.name), _storable(file.text)] for file in files]), 1)
    title = files[0].name if len(files) == 1 else f"{len(files)} files"
    return PromptImport.objects.create(
        project=project, created_by=by, title=_storable(title)[-200:].replace("\x00", ""), packed=packed
    )


def preview(*, pending: PromptImport, format_key: str = "") -> Preview:
    """Return what would become of each prompt; without a format, the one that the files look like."""
    files = files_of(pending)
    key = format_key if format_key in formats.FORMATS else formats.guess(files)
    reading = formats.read(files, key)
    label = formats.FORMATS[key].label
    lines = plans.plan(
        project=pending.project, found=reading.prompts, fallback_note=f"Imported from {pending.title} ({label})"[:500]
    )
    return Preview(key, lines, reading.remarks)


@transaction.atomic
def carry_out(*, pending: PromptImport, format_key: str, chosen: Collection[str], by: User) -> PromptImport:
    """Save the chosen lines as versions; nothing goes live. A second call changes nothing and returns the same result."""
    demand(project=pending.project, action=Action.EDIT_PROMPTS, by=by)
    locked = (
        PromptImport.objects.select_for_update(of=("self",)).select_related("project").filter(pk=pending.pk).first()
    )
    if locked is None:
        raise ImportGone
    if locked.done_at:
        return locked
    seen = preview(pending=locked, format_key=format_key)
    lines = [line for line in seen.lines if line.key in chosen and line.can_be_taken]
    if len(lines) > MAX_AT_ONCE:
        raise ImportRefused(f"Choose at most {MAX_AT_ONCE} at once. Upload the file again for the others.")
    if not lines:
        raise ImportRefused("No prompt was chosen, or all of them are here already.")
    # In one order, before anything else is locked: nobody who saves one of them meanwhile waits for us while we wait for them.
    known = Prompt.objects.for_project(locked.project).filter(name__in={line.name for line in lines})
    list(known.select_for_update().order_by("pk").values_list("pk"))
    locked.results = [_saved(locked.project, line, by) for line in lines]
    locked.format, locked.done_at, locked.packed = seen.format, timezone.now(), b""
    locked.save(update_fields=["results", "format", "done_at", "packed"])
    audit.record(
        action="prompt.imported", subject=locked.title, by=by, project=locked.project, format=seen.format,
        versions=len(lines), prompts=len({line.name for line in lines}),
    )  # fmt: skip
    return locked


def files_of(pending: PromptImport) -> list[SourceFile]:
    """Return the uploaded files."""
    if not pending.packed:
        raise ImportGone
    return [SourceFile(name, text) for name, text in orjson.loads(zlib.decompress(pending.packed))]


def _saved(project: Project, line: Line, by: User) -> dict[str, Any]:
    assert line.content is not None  # noqa: S101 - a line that can be taken has one
    try:
        version, is_new = pushes.push(project=project, name=line.name, content=line.content, note=line.note, by=by)
    except PromptRegistryError as error:
        raise ImportRefused(f"{line.name}: {error} Nothing was imported.") from error
    if line.tags:
        _tag(line, version.prompt, by)
    return {"name": line.name, "prompt": version.prompt_id, "version": version.number, "is_new": is_new}


def _tag(line: Line, prompt: Any, by: User) -> None:
    fitting = [tag for tag in line.tags if 0 < len(tag.strip()) <= prompts.MAX_TAG_LENGTH][: prompts.MAX_TAGS]
    try:
        prompts.retag(prompt=prompt, tags=fitting, by=by)
    except TagNotUsable:
        return


def _tidy_up(project: Project, by: User) -> None:
    kept = PromptImport.objects.filter(project=project)
    now = timezone.now()
    kept.filter(done_at=None, created_by=by).delete()
    kept.filter(done_at=None, created_at__lt=now - KEPT_FOR).delete()
    kept.filter(done_at__lt=now - RESULT_KEPT_FOR).delete()


def _storable(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
