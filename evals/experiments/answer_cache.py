"""Answers that were paid for before: the very same question to the same model with the same settings is not asked again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any

import orjson
from django.utils import timezone

from evals.evaluators.cases import Question
from evals.experiments.models import CachedAnswer
from evals.experiments.sampling import Said

KEPT_FOR = timedelta(days=30)
_MOST_BYTES = 256 * 1024
_CUT_OFF = "length"
_DELETED_AT_ONCE = 5_000


def key_of(
    *, provider: str, question: Question, repetition: int, step: int, twin: int = 0, alone: int | str = 0
) -> bytes:  # fmt: skip
    """Return what an answer is kept under; `alone` is an experiment or cell that shares no answers, or 0.

    Repetitions, samples and columns that ask the same (`twin` counts those) are different draws of the same question, so
    each has an answer of its own.
    """
    asked = [provider, asdict(question.settings), list(question.messages), repetition, step, twin, alone]
    return hashlib.sha256(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS, default=_plain)).digest()


def find(*, project_id: int, keys: Iterable[bytes]) -> dict[bytes, Said]:
    """Return the answers that are known under these keys."""
    rows = CachedAnswer.objects.filter(project_id=project_id, key__in=list(keys)).values_list("key", "answer")
    return {bytes(key): _read(answer) for key, answer in rows}


def count(*, project_id: int, keys: Iterable[bytes]) -> int:
    """Return how many of these keys have an answer."""
    return CachedAnswer.objects.filter(project_id=project_id, key__in=list(keys)).count()


def keep(*, project_id: int, answers: Mapping[bytes, Said]) -> None:
    """Keep whole answers for later; very long ones are not worth it, and an empty or cut-off one may be better next time."""
    rows = [
        CachedAnswer(project_id=project_id, key=key, answer=asdict(said))
        for key, said in answers.items()
        if len(said.text) <= _MOST_BYTES and said.text.strip() and said.finish_reason != _CUT_OFF
    ]
    if rows:
        CachedAnswer.objects.bulk_create(rows, ignore_conflicts=True)


def forget_old(*, older_than: timedelta = KEPT_FOR) -> int:
    """Remove answers that were made long ago; return how many."""
    old = CachedAnswer.objects.filter(created_at__lt=timezone.now() - older_than)
    removed = 0
    while ids := list(old.values_list("pk", flat=True)[:_DELETED_AT_ONCE]):
        removed += CachedAnswer.objects.filter(pk__in=ids).delete()[0]
    return removed


def _read(answer: Mapping[str, Any]) -> Said:
    known = {name: answer[name] for name in Said.__dataclass_fields__ if name in answer}
    return replace(Said(**known), is_cached=True)


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else str(value)
