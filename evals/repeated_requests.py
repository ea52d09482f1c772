"""Lets an application send a request again under its Idempotency-Key: it is done once, and answered alike each time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from evals.errors import RequestDiffers
from evals.models import AnsweredRequest
from projects.models import Project

MAX_KEY = 200
_KEPT = timedelta(hours=48)


@transaction.atomic
def once(
    *, project: Project, key: str, request: bytes, do: Callable[[], dict[str, Any]]
) -> tuple[dict[str, Any], bool]:
    """Return what `do` answered, now or the first time that this key came, and whether it was done now."""
    digest = hashlib.sha256(request).digest()
    # Whoever sends the same key meanwhile waits here until the first is done, or does it when the first failed.
    AnsweredRequest.objects.bulk_create(
        [AnsweredRequest(project=project, key=key, request_hash=digest)], ignore_conflicts=True
    )
    stored = AnsweredRequest.objects.select_for_update().get(project=project, key=key)
    if bytes(stored.request_hash) != digest:
        raise RequestDiffers
    if stored.answer:
        return stored.answer, False
    stored.answer = do()
    stored.save(update_fields=["answer"])
    return stored.answer, True


def forget_old() -> int:
    """Remove what was answered more than 48 hours ago; return how many."""
    return AnsweredRequest.objects.filter(created_at__lt=timezone.now() - _KEPT).delete()[0]
