"""Titles of issues as rollouts froze them when they began: in their plans, and in what was decided by them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.db import connection

from monitoring.erasure.targets import Target
from monitoring.issues.models import Issue
from prompt_registry.models import Rollout
from prompt_registry.rollouts.guardrails import ISSUE

# The number stays: by it a rollout knows which issue it watches.
FORGOTTEN = "#{} whose title was deleted on request"
_REPLACED = """
    UPDATE rollout SET plan = replace(plan::text, %(old_json)s, %(new_json)s)::jsonb,
           counted = replace(counted::text, %(old_json)s, %(new_json)s)::jsonb,
           reason = left(replace(reason, %(old)s, %(new)s), 500)
     WHERE id = %(rollout)s
"""
_REPLACED_IN_DECISIONS = """
    UPDATE rollout_decision SET situation = replace(situation::text, %(old_json)s, %(new_json)s)::jsonb,
           evidence = replace(evidence::text, %(old_json)s, %(new_json)s)::jsonb,
           reason = left(replace(reason, %(old)s, %(new)s), 500)
     WHERE rollout_id = %(rollout)s
"""


def count(target: Target) -> int:
    """Return how many rollouts hold a title made from words of calls."""
    return len({rollout.pk for rollout, *_ in _held(target)})


def clear(target: Target) -> int:
    """Put another name in the place of each title; what the rollout watches stays the same."""
    found = list(_held(target))
    for rollout, old, new in found:
        values: dict[str, Any] = {
            "rollout": rollout.pk,
            "old": old,
            "new": new,
            "old_json": _inside(old),
            "new_json": _inside(new),
        }
        with connection.cursor() as cursor:
            cursor.execute(_REPLACED, values)
            cursor.execute(_REPLACED_IN_DECISIONS, values)
    return len({rollout.pk for rollout, *_ in found})


def _held(target: Target) -> Iterator[tuple[Rollout, str, str]]:
    """Yield each rollout with a title that it holds, and what is to stand there."""
    issues = Issue.objects.filter(project_id=target.project_id, scopes__cluster_id__in=target.cluster_ids)
    by_number = {issue.number: issue for issue in issues.distinct()} if target.cluster_ids else {}
    if not by_number:
        return
    rows = Rollout.objects.filter(project_id=target.project_id, started_at__lt=target.made_before)
    for rollout in rows.order_by("pk"):
        for subject in {one.get("subject", "") for one in rollout.plan.get("guardrails", ()) if one["kind"] == ISSUE}:
            number = subject[1:].partition(" ")[0]
            issue = by_number.get(int(number)) if number.isdecimal() else None
            if issue is None or (issue.is_title_own and subject == f"#{number} {issue.title}"):
                continue
            if subject != FORGOTTEN.format(number):
                yield rollout, subject, FORGOTTEN.format(number)


def _inside(text: str) -> str:
    """Return a text as it stands between the quotes of a JSON value."""
    return json.dumps(text, ensure_ascii=False)[1:-1]
