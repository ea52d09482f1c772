"""Which prompts include which: written down when a version is saved, asked when a snippet changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection

from prompt_registry import references
from prompt_registry.contents import PromptContent
from prompt_registry.models import LATEST, PromptDependency, PromptVersion
from prompt_registry.snippets import MAX_NESTING


@dataclass(frozen=True, slots=True)
class Dependent:
    """A version of a prompt that reads differently when a snippet changes; `labels` say where it is live."""

    prompt_id: int
    name: str
    number: int
    labels: tuple[str, ...]
    is_newest: bool

    @property
    def places(self) -> list[str]:
        """The labels under which applications get it, «latest» among them."""
        return [*self.labels, *([LATEST] if self.is_newest else [])]


@dataclass(frozen=True, slots=True)
class _Changed:
    """What changed of a prompt: a label, a version, or anything when neither is named."""

    name: str
    label: str = ""
    version: int = 0


def record(*, version: PromptVersion, content: PromptContent) -> None:
    """Write down which snippets stand in a new version."""
    PromptDependency.objects.bulk_create(
        PromptDependency(
            project_id=version.project_id, prompt_id=version.prompt_id, version=version, snippet_name=reference.name,
            snippet_label=reference.label, snippet_version=reference.version,
        )
        for reference in references.found_in(content.texts)
    )  # fmt: skip


def of(*, project_id: int, name: str, labels: Iterable[str] = ()) -> list[Dependent]:
    """Return what applications get that reads differently when the labels of a prompt move, directly or through others.

    Without labels, whatever of the prompt is included counts.
    """
    found = _all(project_id, name, labels)
    return sorted((item for item in found if item.places), key=lambda item: (item.name, -item.number))


def names(*, project_id: int, name: str, labels: Iterable[str] = ()) -> list[str]:
    """Return the prompts that have any version, old ones as well, that reads differently."""
    return sorted({item.name for item in _all(project_id, name, labels)})


def live(*, project_id: int, name: str) -> list[Dependent]:
    """Return the versions behind a label that include the prompt, directly or through other snippets."""
    return [item for item in of(project_id=project_id, name=name) if item.labels]


def _all(project_id: int, name: str, labels: Iterable[str]) -> Iterable[Dependent]:
    pending = [_Changed(name, label) for label in labels] or [_Changed(name)]
    found: dict[tuple[int, int], Dependent] = {}
    for _ in range(MAX_NESTING):
        fresh = [item for item in _direct(project_id, pending) if (item.prompt_id, item.number) not in found]
        if not fresh:
            break
        found |= {(item.prompt_id, item.number): item for item in fresh}
        pending = [change for item in fresh for change in _changes_of(item)]
    return found.values()


def _changes_of(item: Dependent) -> list[_Changed]:
    return [_Changed(item.name, version=item.number), *(_Changed(item.name, label) for label in item.places)]


_QUERY = """
    SELECT DISTINCT p.id, p.name, v.number,
           (SELECT coalesce(array_agg(DISTINCT found.name ORDER BY found.name), '{}') FROM (
                SELECT l.name FROM prompt_label l WHERE l.version_id = v.id
                UNION ALL SELECT r.label FROM rollout r WHERE r.candidate_id = v.id AND r.state IN ('running', 'paused')
            ) found),
           NOT EXISTS (SELECT FROM prompt_version newer WHERE newer.prompt_id = p.id AND newer.number > v.number)
      FROM unnest(%s::text[], %s::text[], %s::integer[]) AS changed (name, label, version)
      JOIN prompt_dependency d ON d.project_id = %s AND d.snippet_name = changed.name
           AND (changed.label = '' OR d.snippet_label = changed.label)
           AND (changed.version = 0 OR d.snippet_version = changed.version)
      JOIN prompt_version v ON v.id = d.version_id
      JOIN prompt p ON p.id = v.prompt_id AND p.deleted_at IS NULL
"""


def _direct(project_id: int, changes: list[_Changed]) -> list[Dependent]:
    columns = zip(*((change.name, change.label, change.version) for change in changes), strict=True)
    with connection.cursor() as cursor:
        cursor.execute(_QUERY, [*map(list, columns), project_id])
        return [
            Dependent(prompt_id, name, number, tuple(labels), is_newest)
            for prompt_id, name, number, labels, is_newest in cursor.fetchall()
        ]
