"""What pages and the API show of prompts, one by one."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Q

from projects.models import Project, User
from prompt_registry.models import PRODUCTION, STAGING, Draft, Label, LabelMove, Prompt, PromptVersion

_HERE = timedelta(seconds=30)
_HEAVY = ("text", "messages", "variables", "settings")


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One version of a history, the labels that point to it, and whether there is one to compare it with."""

    version: PromptVersion
    labels: list[str]
    before: int | None


@dataclass(frozen=True, slots=True)
class Writer:
    """Somebody with a draft, and whether they wrote in it within the last half minute."""

    user: User
    is_here: bool


@dataclass(frozen=True, slots=True)
class SnippetRow:
    """A text prompt that can stand in others: what is live in production, the newest version, how it begins."""

    name: str
    live: int
    newest: int
    excerpt: str


def history(*, prompt: Prompt, before: int | None, limit: int) -> tuple[list[VersionRow], bool]:
    """Return the versions, newest first, and whether there are older ones."""
    versions = prompt.versions.select_related("author").defer(*_HEAVY).order_by("-number")
    if before is not None:
        versions = versions.filter(number__lt=before)
    found = list(versions[: limit + 1])
    labels: dict[int, list[str]] = defaultdict(list)
    for version_id, name in prompt.labels.order_by("name").values_list("version_id", "name"):
        labels[version_id].append(name)
    rows = [
        VersionRow(version, labels[version.pk], older.number if older else None)
        for version, older in zip(found, [*found[1:], None], strict=True)
    ]
    return rows[:limit], len(found) > limit


def moves(*, prompt: Prompt, limit: int) -> list[LabelMove]:
    """Return who pointed which label where, when and why, newest first."""
    return moves_before(prompt=prompt, label="", before=None, limit=limit)[0]


def moves_before(*, prompt: Prompt, label: str, before: int | None, limit: int) -> tuple[list[LabelMove], bool]:
    """Return a page of the moves of one label, or of all without a name, and whether there are older ones."""
    related = ("from_version", "to_version", "moved_by", "change_request__reviewed_by", "change_request__requested_by")
    found = prompt.label_moves.select_related(*related).order_by("-pk")
    if label:
        found = found.filter(label=label)
    if before is not None:
        found = found.filter(pk__lt=before)
    light = found.defer(*(f"{side}__{name}" for side in ("from_version", "to_version") for name in _HEAVY))
    rows = list(light[: limit + 1])
    return rows[:limit], len(rows) > limit


def live(*, prompt: Prompt) -> list[Label]:
    """Return where versions of the prompt are live, production first."""
    found = prompt.labels.select_related("version", "updated_by").order_by("name")
    return sorted(found, key=lambda label: (label.name != PRODUCTION, label.name != STAGING, label.name))


def writers(*, prompt: Prompt, reader: User, now: datetime) -> list[Writer]:
    """Return the others who have a draft of the prompt, those who are writing first."""
    drafts = Draft.objects.filter(prompt=prompt).exclude(user=reader).select_related("user").defer("content")
    return [Writer(draft.user, now - draft.updated_at <= _HERE) for draft in drafts.order_by("-updated_at")[:10]]


_SNIPPETS = """
    SELECT p.name, coalesce(live.number, 0), coalesce(newest.number, 0), left(coalesce(live.text, newest.text, ''), 160)
      FROM prompt p
      LEFT JOIN prompt_label l ON l.prompt_id = p.id AND l.name = 'production'
      LEFT JOIN prompt_version live ON live.id = l.version_id
      LEFT JOIN LATERAL (
           SELECT v.number, v.text FROM prompt_version v WHERE v.prompt_id = p.id ORDER BY v.number DESC LIMIT 1) newest ON true
     WHERE p.project_id = %(project)s AND p.id <> %(besides)s AND p.type = 'text'
       AND p.archived_at IS NULL AND p.deleted_at IS NULL AND strpos(lower(p.name), lower(%(words)s)) > 0
     ORDER BY live.number IS NULL, p.name LIMIT %(limit)s
"""


def snippets(*, project: Project, words: str, besides: Prompt, limit: int) -> list[SnippetRow]:
    """Return the text prompts that can be inserted into a prompt, those that are live first."""
    with connection.cursor() as cursor:
        cursor.execute(_SNIPPETS, {"project": project.pk, "words": words, "besides": besides.pk, "limit": limit})
        return [SnippetRow(*row) for row in cursor.fetchall()]


def names_put_away(*, project: Project, after: str, limit: int) -> tuple[list[Prompt], bool]:
    """Return the prompts that were archived or deleted, without what their list shows, and whether there are more."""
    found = list(
        Prompt.objects.for_project(project)
        .filter(Q(archived_at__isnull=False) | Q(deleted_at__isnull=False))
        .filter(name__gt=after)
        .order_by("name")[: limit + 1]
    )
    return found[:limit], len(found) > limit
