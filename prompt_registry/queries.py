"""What the pages about one prompt show."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from projects.models import User
from prompt_registry.models import PRODUCTION, STAGING, Draft, Label, LabelMove, Prompt, PromptVersion

_HEAVY = ("text", "messages", "variables", "settings")


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One version of a history, the labels that point to it, and whether there is one to compare it with."""

    version: PromptVersion
    labels: list[str]
    before: int | None


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
    found = prompt.label_moves.select_related("from_version", "to_version", "moved_by").order_by("-pk")
    return list(found.defer(*(f"{side}__{name}" for side in ("from_version", "to_version") for name in _HEAVY))[:limit])


def live(*, prompt: Prompt) -> list[Label]:
    """Return where versions of the prompt are live, production first."""
    found = prompt.labels.select_related("version", "updated_by").order_by("name")
    return sorted(found, key=lambda label: (label.name != PRODUCTION, label.name != STAGING, label.name))


def writers(*, prompt: Prompt, reader: User) -> list[User]:
    """Return the others who have a draft of the prompt."""
    drafts = Draft.objects.filter(prompt=prompt).exclude(user=reader).select_related("user").defer("content")
    return [draft.user for draft in drafts.order_by("-updated_at")[:10]]
