"""What the pages about prompts show."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import connection
from django.db.models import CharField, Count, F, Func, Q, QuerySet, Value
from django.db.models.functions import Substr

from projects.models import Project, User
from prompt_registry.models import PRODUCTION, STAGING, Draft, Label, LabelMove, Prompt, PromptVersion

_HEAVY = ("text", "messages", "variables", "settings")


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of the prompt list, with how many prompts are in it and below it."""

    name: str
    path: str
    prompt_count: int


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Where a search found its words: the text before, the words as they stand there, the text after."""

    before: str
    found: str
    after: str


@dataclass(frozen=True, slots=True)
class PromptRow:
    """One prompt of a list: what is live where, who changed it last, who else is writing on it."""

    prompt: Prompt
    newest: PromptVersion | None
    labels: dict[str, Label]
    writers: list[User] = field(default_factory=list)
    excerpt: Excerpt | None = None

    @property
    def production(self) -> Label | None:
        return self.labels.get(PRODUCTION)

    @property
    def staging(self) -> Label | None:
        return self.labels.get(STAGING)

    @property
    def short_name(self) -> str:
        return self.prompt.name.rsplit("/", 1)[-1]


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One version of a history, the labels that point to it, and whether there is one to compare it with."""

    version: PromptVersion
    labels: list[str]
    before: int | None


def folders(*, project: Project, path: str) -> list[Folder]:
    """Return the folders directly inside a folder; the top is the empty path, other paths end with `/`."""
    part = Func(F("rest"), Value("/"), Value(1), function="split_part", output_field=CharField())
    inside = _below(project, path).annotate(rest=_rest(path)).filter(rest__contains="/").annotate(folder=part)
    counted = inside.values_list("folder").annotate(amount=Count("pk")).order_by("folder")
    return [Folder(name=name, path=f"{path}{name}/", prompt_count=amount) for name, amount in counted[:200]]


def listed(*, project: Project, path: str, after: str, limit: int, reader: User) -> tuple[list[PromptRow], bool]:
    """Return the prompts directly inside a folder, by name, and whether there are more."""
    directly_inside = _below(project, path).annotate(rest=_rest(path)).exclude(rest__contains="/")
    return _page(directly_inside, after, limit, reader)


def expanded(*, project: Project, path: str, limit: int, reader: User) -> list[PromptRow] | None:
    """Return the prompts in a folder and in all folders below it, by name; None when there are more than the limit."""
    found = list(_below(project, path).order_by("name")[: limit + 1])
    return _rows(found, reader) if len(found) <= limit else None


def put_away(*, project: Project, after: str, limit: int, reader: User) -> tuple[list[PromptRow], bool]:
    """Return the prompts that were archived or deleted, by name, and whether there are more."""
    gone = Prompt.objects.for_project(project).filter(Q(archived_at__isnull=False) | Q(deleted_at__isnull=False))
    return _page(gone, after, limit, reader)


_SEARCH = """
    SELECT p.id, place, substring(body FROM greatest(1, place - 60) FOR greatest(0, least(60, place - 1))),
           substring(body FROM place FOR length(%(words)s)), substring(body FROM place + length(%(words)s) FOR 140)
      FROM prompt p
      LEFT JOIN LATERAL (
           SELECT v.text || coalesce((SELECT string_agg(m ->> 'content', E'\\n') FROM jsonb_array_elements(v.messages) m), '') AS body
             FROM prompt_version v WHERE v.prompt_id = p.id ORDER BY v.number DESC LIMIT 1) newest ON true
     CROSS JOIN LATERAL (SELECT coalesce(strpos(lower(newest.body), lower(%(words)s)), 0) AS place) found
     WHERE p.project_id = %(project)s AND p.archived_at IS NULL AND p.deleted_at IS NULL
       AND (strpos(lower(p.name), lower(%(words)s)) > 0 OR place > 0)
     ORDER BY strpos(lower(p.name), lower(%(words)s)) = 0, p.name
     LIMIT %(limit)s
"""


def search(*, project: Project, words: str, limit: int, reader: User) -> list[PromptRow]:
    """Return the prompts whose name or newest text contains the words, with where they stand; names come first."""
    with connection.cursor() as cursor:
        cursor.execute(_SEARCH, {"words": words, "project": project.pk, "limit": limit})
        found = {row[0]: Excerpt(*row[2:]) if row[1] else None for row in cursor.fetchall()}
    prompts = {prompt.pk: prompt for prompt in Prompt.objects.for_project(project).filter(pk__in=found)}
    return _rows([prompts[key] for key in found if key in prompts], reader, found)


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
    related = ("from_version", "to_version", "moved_by", "change_request__reviewed_by", "change_request__requested_by")
    found = prompt.label_moves.select_related(*related).order_by("-pk")
    return list(found.defer(*(f"{side}__{name}" for side in ("from_version", "to_version") for name in _HEAVY))[:limit])


def live(*, prompt: Prompt) -> list[Label]:
    """Return where versions of the prompt are live, production first."""
    found = prompt.labels.select_related("version", "updated_by").order_by("name")
    return sorted(found, key=lambda label: (label.name != PRODUCTION, label.name != STAGING, label.name))


def writers(*, prompt: Prompt, reader: User) -> list[User]:
    """Return the others who have a draft of the prompt."""
    drafts = Draft.objects.filter(prompt=prompt).exclude(user=reader).select_related("user").defer("content")
    return [draft.user for draft in drafts.order_by("-updated_at")[:10]]


def _below(project: Project, path: str) -> QuerySet[Prompt]:
    return Prompt.objects.for_project(project).active().filter(name__startswith=path)


def _rest(path: str) -> Substr:
    return Substr("name", len(path) + 1)


def _page(prompts: QuerySet[Prompt], after: str, limit: int, reader: User) -> tuple[list[PromptRow], bool]:
    found = list(prompts.filter(name__gt=after).order_by("name")[: limit + 1])
    return _rows(found[:limit], reader), len(found) > limit


def _rows(
    prompts: Sequence[Prompt], reader: User, excerpts: dict[int, Excerpt | None] | None = None
) -> list[PromptRow]:
    keys = [prompt.pk for prompt in prompts]
    newest = _newest(keys)
    labels: dict[int, dict[str, Label]] = defaultdict(dict)
    for label in (
        Label.objects.filter(prompt__in=keys).select_related("version").defer(*(f"version__{name}" for name in _HEAVY))
    ):
        labels[label.prompt_id][label.name] = label
    writing: dict[int, list[User]] = defaultdict(list)
    for draft in Draft.objects.filter(prompt__in=keys).exclude(user=reader).select_related("user").defer("content"):
        writing[draft.prompt_id].append(draft.user)
    return [
        PromptRow(prompt, newest.get(prompt.pk), labels[prompt.pk], writing[prompt.pk], (excerpts or {}).get(prompt.pk))
        for prompt in prompts
    ]


def _newest(prompts: list[int]) -> dict[int, PromptVersion]:
    found = PromptVersion.objects.filter(prompt__in=prompts).order_by("prompt_id", "-number").distinct("prompt_id")
    return {version.prompt_id: version for version in found.select_related("author").defer(*_HEAVY)}
