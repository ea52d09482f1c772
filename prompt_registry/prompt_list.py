"""The list of prompts: what belongs on it, in which order, page by page, and what each row tells."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from projects.models import Project, User
from prompt_registry import oddities, prompt_search
from prompt_registry.models import PRODUCTION, STAGING, Draft, Label, Prompt, PromptVersion, Rollout
from prompt_registry.prompt_search import Excerpt, Mark

_HEAVY = ("text", "messages", "variables", "settings")
# No value at all comes after every value.
_NOTHING = float("-inf")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What narrows the list; `named` leaves only these names, `unnamed` leaves these out."""

    folder: str = ""
    terms: tuple[str, ...] = ()
    tag: str = ""
    of: User | None = None
    named: Collection[str] | None = None
    unnamed: Collection[str] = ()
    is_put_away: bool = False


@dataclass(frozen=True, slots=True)
class Named:
    """A prompt that belongs on the list, by id and name."""

    pk: int
    name: str


@dataclass(frozen=True, slots=True)
class Page:
    """The prompts of one page, and where the next one begins: nothing on the last one."""

    prompts: list[Named]
    next_after: str


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of the prompt list, with how many prompts are in it and below it."""

    name: str
    path: str
    prompt_count: int


@dataclass(frozen=True, slots=True)
class PromptRow:
    """One prompt of a list: what is live where, who changed it last, who else is writing on it."""

    prompt: Prompt
    newest: PromptVersion | None
    labels: dict[str, Label]
    writers: list[User] = field(default_factory=list)
    excerpt: Excerpt | None = None
    name_marks: tuple[Mark, ...] = ()
    rollouts: list[Rollout] = field(default_factory=list)

    @property
    def production(self) -> Label | None:
        return self.labels.get(PRODUCTION)

    @property
    def staging(self) -> Label | None:
        return self.labels.get(STAGING)

    @property
    def other_labels(self) -> list[Label]:
        """Where else a version is live, by name."""
        return [self.labels[name] for name in sorted(self.labels) if name not in (PRODUCTION, STAGING)]

    @property
    def short_name(self) -> str:
        return self.prompt.name.rsplit("/", 1)[-1]

    @property
    def look_alike(self) -> str:
        """What in the name only looks like Latin letters, so that two names cannot be told apart; nothing mostly."""
        found = [oddity for oddity in oddities.find(self.prompt.name) if oddity.kind == oddities.LOOK_ALIKE]
        return f"«{found[0].text}» has {found[0].name}" if found else ""


def find(*, project: Project, wanted: Wanted) -> list[Named]:
    """Return everything that belongs on the list, by name."""
    found = _matching(project, wanted).values_list("pk", "name")
    return sorted((Named(*row) for row in found), key=lambda prompt: prompt.name)


def page(found: Sequence[Named], *, values: Mapping[str, float], after: str, limit: int) -> Page:
    """Return the prompts with the highest values that come after a place, by name where values are equal."""
    ordered = sorted(found, key=lambda prompt: (-values.get(prompt.name, _NOTHING), prompt.name))
    if (place := _place(after)) is not None:
        ordered = [prompt for prompt in ordered if (-values.get(prompt.name, _NOTHING), prompt.name) > place]
    shown = ordered[:limit]
    is_last = len(ordered) <= limit
    return Page(shown, "" if is_last else f"{values.get(shown[-1].name, _NOTHING)!r}|{shown[-1].name}")


def inside(found: Sequence[Named], folder: str) -> tuple[list[Folder], list[Named]]:
    """Return the folders directly inside a folder, and the prompts that lie in it itself."""
    counted: dict[str, int] = defaultdict(int)
    directly = []
    for prompt in found:
        name, slash, _ = prompt.name[len(folder) :].partition("/")
        if slash:
            counted[name] += 1
        else:
            directly.append(prompt)
    return [Folder(name, f"{folder}{name}/", counted[name]) for name in sorted(counted)], directly


def changed_at(*, project: Project, wanted: Wanted) -> dict[str, datetime]:
    """Return when each prompt of the list was changed last, by its name."""
    newest = _newest("created_at")
    found = _matching(project, wanted).annotate(changed_at=Coalesce(Subquery(newest), "created_at"))
    return dict(found.values_list("name", "changed_at"))


def tags(*, project: Project) -> list[str]:
    """Return the tags that prompts of the project have, in alphabetical order."""
    query = """
        SELECT DISTINCT tag FROM prompt, unnest(tags) tag
        WHERE project_id = %s AND archived_at IS NULL AND deleted_at IS NULL ORDER BY tag LIMIT 200
    """
    with connection.cursor() as cursor:
        cursor.execute(query, [project.pk])
        return [tag for (tag,) in cursor.fetchall()]


def rows(shown: Sequence[Named], *, project: Project, reader: User, terms: Sequence[str] = ()) -> list[PromptRow]:
    """Return the rows of some prompts, in their order."""
    keys = [prompt.pk for prompt in shown]
    by_key = {prompt.pk: prompt for prompt in Prompt.objects.filter(pk__in=keys)}
    newest_ids = Prompt.objects.filter(pk__in=keys).values_list(Subquery(_newest("pk")))
    newest = PromptVersion.objects.filter(pk__in=newest_ids).select_related("author").defer(*_HEAVY)
    newest_of = {version.prompt_id: version for version in newest}
    labels, writing, rolling = _labels(keys), _writers(keys, reader), _rollouts(keys)
    excerpts = prompt_search.excerpts(project=project, prompts=keys, terms=terms) if terms else {}
    return [
        PromptRow(
            by_key[key], newest_of.get(key), labels[key], writing[key], excerpts.get(key),
            prompt_search.mark(by_key[key].name, terms) if terms else (), rolling[key],
        )
        for key in keys if key in by_key
    ]  # fmt: skip


def _matching(project: Project, wanted: Wanted) -> QuerySet[Prompt]:
    every = Prompt.objects.for_project(project)
    is_gone = Q(archived_at__isnull=False) | Q(deleted_at__isnull=False)
    prompts = every.filter(is_gone) if wanted.is_put_away else every.active()
    if wanted.folder:
        prompts = prompts.filter(name__startswith=wanted.folder)
    if wanted.tag:
        prompts = prompts.filter(tags__contains=[wanted.tag])
    if wanted.of is not None:
        prompts = prompts.filter(_is_of(wanted.of))
    if wanted.named is not None:
        prompts = prompts.filter(name__in=list(wanted.named))
    if wanted.unnamed:
        prompts = prompts.exclude(name__in=list(wanted.unnamed))
    if wanted.terms:
        prompts = prompts.filter(prompt_search.condition(project, wanted.terms))
    return prompts


def _is_of(person: User) -> Q:
    """Return the condition of what somebody made, saved a version of, or is writing on."""
    mine = {"prompt": OuterRef("pk")}
    saved = PromptVersion.objects.filter(**mine, author=person)
    return Q(created_by=person) | Q(Exists(saved)) | Q(Exists(Draft.objects.filter(**mine, user=person)))


def _newest(column: str) -> QuerySet[PromptVersion, Any]:
    newest = PromptVersion.objects.filter(prompt=OuterRef("pk")).order_by("-number")
    found: QuerySet[PromptVersion, Any] = newest.values(column)[:1]
    return found


def _labels(prompts: Sequence[int]) -> dict[int, dict[str, Label]]:
    found: dict[int, dict[str, Label]] = defaultdict(dict)
    labels = Label.objects.filter(prompt__in=prompts).select_related("version")
    for label in labels.defer(*(f"version__{name}" for name in _HEAVY)):
        found[label.prompt_id][label.name] = label
    return found


def _rollouts(prompts: Sequence[int]) -> dict[int, list[Rollout]]:
    found: dict[int, list[Rollout]] = defaultdict(list)
    active = Rollout.objects.active().filter(prompt__in=prompts).select_related("candidate").order_by("label")
    for rollout in active.defer("plan", *(f"candidate__{name}" for name in _HEAVY)):
        found[rollout.prompt_id].append(rollout)
    return found


def _writers(prompts: Sequence[int], reader: User) -> dict[int, list[User]]:
    found: dict[int, list[User]] = defaultdict(list)
    drafts = Draft.objects.filter(prompt__in=prompts).exclude(user=reader).select_related("user").defer("content")
    for draft in drafts:
        found[draft.prompt_id].append(draft.user)
    return found


def _place(after: str) -> tuple[float, str] | None:
    value, bar, name = after.partition("|")
    try:
        return (-float(value), name) if bar else None
    except ValueError:
        return None
