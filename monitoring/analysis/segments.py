"""What kind of user a call was for, as the application says it in the metadata: a plan, a tier, a country, a group of customers."""

from __future__ import annotations

from typing import Any

import orjson
from django.db import transaction

from monitoring.analysis.models import AnalysisSettings
from projects import audit
from projects.models import Project, User

# The names under which applications say it, when the project names none; the first that is there counts.
USUAL_KEYS = ("segment", "user_segment", "plan", "tier", "customer_type")
MOST_KEY_CHARS, MOST_CHARS = 80, 80


def key_of(project_id: int) -> str:
    """Return the name that the project chose; empty when the usual ones are looked for."""
    return AnalysisSettings.objects.filter(pk=project_id).values_list("segment_key", flat=True).first() or ""


def keys_of(project_id: int) -> tuple[str, ...]:
    """Return the members of the metadata that may say it, the likeliest first."""
    key = key_of(project_id)
    return (key,) if key else USUAL_KEYS


def of_call(metadata: str | None, keys: tuple[str, ...]) -> str:
    """Return the segment that the metadata of a call names; empty when it names none, or something longer than a name."""
    for key in keys if metadata else ():
        # Most metadata does not have it, and need not be taken apart.
        if key in str(metadata) and (value := _read(str(metadata)).get(key)) is not None:
            text = str(value).strip() if isinstance(value, str | int) else ""
            if text and len(text) <= MOST_CHARS:
                return text
    return ""


def _read(metadata: str) -> dict[str, Any]:
    try:
        found = orjson.loads(metadata)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


@transaction.atomic
def change_key(*, project: Project, key: str, by: User) -> None:
    """Read the kind of user from another member of the metadata; calls that were looked at keep what they have."""
    AnalysisSettings.objects.get_or_create(project=project)
    stored = AnalysisSettings.objects.select_for_update().get(project=project)
    chosen = key.strip()[:MOST_KEY_CHARS]
    if stored.segment_key == chosen:
        return
    audit.record(
        action="groups.segment_changed", subject=project.slug, by=by, project=project,
        segment_key=[stored.segment_key, chosen],
    )  # fmt: skip
    stored.segment_key = chosen
    stored.save(update_fields=["segment_key"])
