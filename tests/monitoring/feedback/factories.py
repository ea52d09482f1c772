"""Feedback as applications send it."""

from __future__ import annotations

import secrets
import uuid
from typing import Any

from django.utils import timezone

from monitoring import scores
from monitoring.models import Score
from projects.models import Project
from tests.monitoring.factories import new_trace_id


def say(project: Project, words: str = "", **fields: Any) -> Score:
    """Store what somebody said, with a thumb down where nothing else is given, and return it."""
    item = {
        "id": str(uuid.uuid4()), "trace_id": new_trace_id(), "name": "thumbs", "data_type": "thumbs", "value": 0,
        "user_id": secrets.token_hex(4), "comment": words, "source": "user",
    } | fields  # fmt: skip
    if item["data_type"] in ("text", "correction"):
        item |= {"name": item["data_type"], "string_value": words, "comment": fields.get("comment", ""), "value": None}
    scores.record(project_id=project.pk, scores=[scores.checked(item, now=timezone.now())])
    # A test is one transaction, and everything in it came at once.
    Score.objects.filter(project=project, id=item["id"]).update(received_at=timezone.now())
    return Score.objects.get(project=project, id=item["id"])
