"""What training data of a choice of calls would be, from the newest of them: how many lines, how many tokens, the first lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import transaction

from evals.training.making import maker_of
from monitoring import stored_filters, walks
from monitoring.exports import requests
from monitoring.exports.models import Export, ExportKind
from monitoring.trace_filters import TraceFilter
from projects.models import Project

_LOOKED_AT = 200
_SHOWN = 2


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the newest traces would make, and what all of them would make if they were like these."""

    traces_seen: int
    is_whole: bool
    counts: Mapping[str, int]
    expected_traces: int | None
    # The first lines as they would be in the file, with every text shortened.
    examples: tuple[str, ...]

    @property
    def rows(self) -> int:
        return self.counts.get("train", 0) + self.counts.get("validation", 0)

    @property
    def expected_rows(self) -> int | None:
        return self._scaled(self.rows)

    @property
    def expected_tokens(self) -> int | None:
        return self._scaled(self.counts.get("tokens", 0))

    def _scaled(self, number: int) -> int | None:
        if self.is_whole:
            return number
        return number * self.expected_traces // self.traces_seen if self.expected_traces and self.traces_seen else None


def estimate(*, project: Project, kind: str, wanted: TraceFilter, options: Mapping[str, Any]) -> Estimate:
    """Return what would be made; nothing is kept of it."""
    some = walks.stretch(project=project, wanted=wanted, place="", limit=_LOOKED_AT)
    counts: dict[str, int] = {}
    with transaction.atomic():
        draft = Export.objects.create(
            project=project, kind=ExportKind(kind), wanted=stored_filters.to_json(wanted), options=dict(options)
        )
        made = [line for _, line in maker_of(draft).lines(some.traces, counts)]
        transaction.set_rollback(True)
    expected = None if some.is_last else requests.expected(project=project, wanted=wanted)
    examples = tuple(_shortened(line) for line in made[:_SHOWN])
    return Estimate(len(some.traces), some.is_last, counts, expected, examples)


def _shortened(line: bytes) -> str:
    return orjson.dumps(_short(orjson.loads(line)), option=orjson.OPT_INDENT_2).decode()


def _short(value: Any) -> Any:
    if isinstance(value, str):
        return value if len(value) <= 160 else f"{value[:160]}…"
    if isinstance(value, dict):
        return {name: _short(one) for name, one in value.items()}
    return [_short(one) for one in value] if isinstance(value, list) else value
