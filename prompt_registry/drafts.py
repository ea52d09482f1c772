"""Keeps what somebody is writing, per person and prompt, so that no text is lost before it becomes a version."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from projects.models import User
from projects.roles import Action
from prompt_registry import texts
from prompt_registry.errors import DraftChangedElsewhere, DraftTooLarge
from prompt_registry.models import Draft, Prompt
from prompt_registry.permissions import demand

MAX_BYTES = 1024 * 1024
_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


@transaction.atomic
def autosave(*, prompt: Prompt, content: Mapping[str, Any], base_number: int, revision: int, by: User) -> Draft:
    """Keep the draft's content as it is, finished or not.

    `revision` is the one this window read (0: there was no draft). When another window wrote in between, nothing
    is overwritten and DraftChangedElsewhere carries what is stored.
    """
    demand(project=prompt.project, action=Action.EDIT_PROMPTS, by=by)
    content = texts.clean_json(dict(content))
    if len(json.dumps(content, ensure_ascii=False).encode()) > MAX_BYTES:
        raise DraftTooLarge
    values = {"content": content, "base_number": base_number, "updated_at": timezone.now()}
    stored = Draft.objects.filter(prompt=prompt, user=by)
    if revision and stored.filter(revision=revision).update(revision=F("revision") + 1, **values):
        return stored.get()
    if not revision and (draft := _created(prompt, by, values)):
        return draft
    found = stored.first()
    if found is not None and (found.content, found.base_number) == (content, base_number):
        return found  # the same text again: the answer to it was lost, or two requests of one window crossed
    raise DraftChangedElsewhere(draft=found)


def of(*, prompt: Prompt, user: User) -> Draft | None:
    """Return the person's draft of the prompt."""
    return Draft.objects.filter(prompt=prompt, user=user).first()


def discard(*, prompt: Prompt, by: User, revision: int | None = None) -> bool:
    """Drop the person's draft; with `revision`, only when no other window wrote since."""
    stored = Draft.objects.filter(prompt=prompt, user=by)
    if revision is not None:
        stored = stored.filter(revision=revision)
    return bool(stored.delete()[0])


def _created(prompt: Prompt, by: User, values: dict[str, Any]) -> Draft | None:
    # Revisions never start low again: a window left open since an earlier draft must not match a later one.
    first = int((timezone.now() - _EPOCH).total_seconds())
    try:
        with transaction.atomic():
            return Draft.objects.create(project_id=prompt.project_id, prompt=prompt, user=by, revision=first, **values)
    except IntegrityError:
        return None
