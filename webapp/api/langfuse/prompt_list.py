"""The list of a project's prompts with their versions and labels, as Langfuse's clients page through it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Max, QuerySet

from prompt_registry.models import LATEST, Label, Prompt, PromptVersion
from webapp.api.langfuse import configs

MAX_LIMIT = 100


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which prompts a client asks for."""

    name: str = ""
    label: str = ""
    tag: str = ""
    since: datetime | None = None
    until: datetime | None = None
    page: int = 1
    limit: int = 50


def listed(*, project_id: int, wanted: Wanted) -> dict[str, Any]:
    """Return one page of prompts by name."""
    found = _matching(project_id, wanted)
    count, start = found.count(), (wanted.page - 1) * wanted.limit
    pages = -(-count // wanted.limit)
    meta = {"page": wanted.page, "limit": wanted.limit, "totalItems": count, "totalPages": pages}
    return {"data": _rows(list(found[start : start + wanted.limit])) if start < count else [], "meta": meta}


def _matching(project_id: int, wanted: Wanted) -> QuerySet[Prompt]:
    found = Prompt.objects.filter(project_id=project_id, deleted_at=None)
    if wanted.name:
        found = found.filter(name=wanted.name)
    if wanted.label and wanted.label != LATEST:
        found = found.filter(labels__name=wanted.label)
    if wanted.tag:
        found = found.filter(tags__contains=[wanted.tag])
    saved = found.annotate(saved_at=Max("versions__created_at")).filter(saved_at__isnull=False)
    if wanted.since:
        saved = saved.filter(saved_at__gte=wanted.since)
    if wanted.until:
        saved = saved.filter(saved_at__lt=wanted.until)
    return saved.order_by("name")


def _rows(prompts: list[Prompt]) -> list[dict[str, Any]]:
    numbers: dict[int, list[int]] = defaultdict(list)
    labels: dict[int, list[str]] = defaultdict(list)
    versions = PromptVersion.objects.filter(prompt__in=prompts)
    for prompt_id, number in versions.order_by("number").values_list("prompt_id", "number"):
        numbers[prompt_id].append(number)
    for prompt_id, name in Label.objects.filter(prompt__in=prompts).order_by("name").values_list("prompt_id", "name"):
        labels[prompt_id].append(name)
    newest = versions.order_by("prompt_id", "-number").distinct("prompt_id").only("prompt_id", "settings", "created_at")
    found = {version.prompt_id: version for version in newest}
    return [
        {
            "name": prompt.name, "type": prompt.type, "versions": numbers[prompt.pk], "labels": [*labels[prompt.pk], LATEST],
            "tags": prompt.tags, "lastUpdatedAt": found[prompt.pk].created_at.isoformat(),
            "lastConfig": configs.config_of(found[prompt.pk].settings),
        }
        for prompt in prompts
    ]  # fmt: skip
