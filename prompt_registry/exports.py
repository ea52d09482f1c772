"""Prompts as files to take away, one after the other: Markdown in an archive, Langfuse's JSON, or lines of JSON."""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.db import connection

from projects.models import Project
from prompt_registry import contents, versions
from prompt_registry.models import LATEST, Prompt
from prompt_registry.prompt_files import markdown, paths

PAGE_SIZE = 100
_INDENTED = orjson.OPT_INDENT_2


@dataclass(frozen=True, slots=True)
class Exported:
    """One prompt version, in the shape of the API, and what belongs to the prompt as a whole."""

    document: dict[str, Any]
    version: int
    labels: list[str]
    tags: list[str]
    content_hash: str
    created_at: datetime


# The text as it was written: snippets stay tags, so that what comes back is what went out.
_QUERY = """
    SELECT p.name, p.type, p.tags, v.number, v.text, v.messages::text, v.variables::text, v.settings::text, v.note,
           v.content_hash, v.created_at, newest.number,
           (SELECT coalesce(array_agg(other.name ORDER BY other.name), '{}')
              FROM prompt_label other WHERE other.prompt_id = p.id AND other.version_id = v.id)
      FROM prompt p
      JOIN LATERAL (SELECT max(number) AS number FROM prompt_version WHERE prompt_id = p.id) newest ON true
      LEFT JOIN prompt_label l ON l.prompt_id = p.id AND l.name = %(label)s
      JOIN prompt_version v ON v.prompt_id = p.id
           AND CASE WHEN %(label)s = 'latest' THEN v.number = newest.number ELSE v.id = l.version_id END
     WHERE p.project_id = %(project)s AND p.archived_at IS NULL AND p.deleted_at IS NULL AND p.name > %(after)s
       AND (%(name)s = '' OR p.name = %(name)s) AND starts_with(p.name, %(folder)s)
     ORDER BY p.name LIMIT %(limit)s
"""


def prompts_of(
    *, project: Project, label: str = LATEST, folder: str = "", name: str = ""
) -> Iterator[Exported]:  # fmt: skip
    """Yield the version of each prompt that the label points to, by name; a few at a time, so that none waits in memory."""
    values: dict[str, str | int] = {
        "project": project.pk,
        "label": label,
        "folder": folder,
        "name": name,
        "after": "",
        "limit": PAGE_SIZE,
    }
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_QUERY, values)
            rows = cursor.fetchall()
        yield from (_exported(row) for row in rows)
        if len(rows) < PAGE_SIZE:
            return
        values["after"] = rows[-1][0]


def newest_of(*, prompt: Prompt) -> Exported | None:
    """Return the newest version of a prompt, or None when nobody saved one; one in the archive can be taken away too."""
    version = versions.newest_of(prompt)
    if version is None:
        return None
    document = {"name": prompt.name, "note": version.note, **contents.of_version(version).to_json()}
    return Exported(document, version.number, [LATEST], prompt.tags, version.content_hash, version.created_at)


def json_lines(found: Iterable[Exported]) -> Iterator[bytes]:
    """Yield one JSON object a line, and a last line with their number: an answer that was cut off lacks it."""
    count = 0
    for one in found:
        count += 1
        line = one.document | {"version": one.version, "labels": one.labels, "content_hash": one.content_hash}
        yield orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)
    yield orjson.dumps({"count": count}, option=orjson.OPT_APPEND_NEWLINE)


def langfuse_json(found: Iterable[Exported]) -> Iterator[bytes]:
    """Yield the pieces of one JSON list, in the shape that Langfuse and its importers read."""
    yield b"["
    for number, one in enumerate(found):
        yield (b",\n" if number else b"\n") + orjson.dumps(_for_langfuse(one), option=_INDENTED)
    yield b"\n]\n"


def tar_gz(found: Iterable[Exported]) -> Iterator[bytes]:
    """Yield the pieces of an archive with one Markdown file for each prompt."""
    pack = zlib.compressobj(wbits=31)
    taken: set[str] = set()
    for one in found:
        yield pack.compress(_member(_free_path(one.document["name"], taken), one))
    yield pack.compress(b"\x00" * 2 * tarfile.BLOCKSIZE) + pack.flush()


def markdown_of(one: Exported) -> str:
    """Return the Markdown file of one version."""
    return markdown.write(one.document)


def _free_path(name: str, taken: set[str]) -> str:
    path = paths.of_name(name)
    if path.casefold() in taken:
        path = paths.of_name_beside(name)
    taken.add(path.casefold())
    return path


def _member(path: str, one: Exported) -> bytes:
    body = markdown_of(one).encode()
    head = tarfile.TarInfo(path)
    head.size, head.mtime, head.mode = len(body), int(one.created_at.timestamp()), 0o644
    padding = -len(body) % tarfile.BLOCKSIZE
    return head.tobuf(tarfile.PAX_FORMAT) + body + b"\x00" * padding


def _for_langfuse(one: Exported) -> dict[str, Any]:
    document = one.document
    settings = document["settings"]
    config = {**settings.get("custom", {}), **{name: value for name, value in settings.items() if name != "custom"}}
    return {
        "name": document["name"], "version": one.version, "type": document["type"],
        "prompt": document["messages"] if document["type"] == "chat" else document["text"], "config": config,
        "labels": one.labels, "tags": one.tags, "commitMessage": document["note"] or None,
    }  # fmt: skip


def _exported(row: tuple[Any, ...]) -> Exported:
    name, kind, tags, number, text, messages, variables, settings, note, content_hash, created_at, newest, labels = row
    document = {"name": name, "type": kind, "note": note, "settings": orjson.loads(settings)}
    document |= {"messages": orjson.loads(messages)} if kind == "chat" else {"text": text}
    document["variables"] = orjson.loads(variables)
    labels = [*labels, *([LATEST] if number == newest else [])]
    return Exported(document, number, labels, tags, content_hash, created_at)
