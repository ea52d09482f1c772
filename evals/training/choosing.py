"""Which calls are worth learning from, with what people said about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import models

from monitoring.models import Score, ScoreSource, ScoreType, Trace


class Which(models.TextChoices):
    CORRECTED = "corrected", "Calls that somebody corrected"
    GOOD = "good", "Calls that somebody corrected or gave a thumbs-up"
    ALL = "all", "All calls but those with a thumbs-down"


@dataclass(slots=True)
class Opinion:
    """The newest correction of an answer, and what the thumbs say: 1 up, -1 down, 0 nothing or both."""

    correction: str = ""
    ups: int = 0
    downs: int = 0

    @property
    def thumb(self) -> int:
        return (self.ups > self.downs) - (self.downs > self.ups)

    def passes(self, which: str) -> bool:
        """Tell whether a call with this opinion is one of those that are wanted."""
        if self.correction:
            return True
        if which == Which.CORRECTED:
            return False
        return self.thumb > 0 if which == Which.GOOD else self.thumb >= 0


Opinions = dict[tuple[UUID, int | None], Opinion]


def opinions(traces: Sequence[Trace]) -> Opinions:
    """Return what users and the team said, by trace and step; what is about a whole trace has no step."""
    rows = Score.objects.filter(
        project_id=traces[0].project_id, trace_id__in=[trace.trace_id for trace in traces],
        data_type__in=(ScoreType.CORRECTION, ScoreType.THUMBS),
        source__in=(ScoreSource.USER, ScoreSource.HUMAN, ScoreSource.API),
    )  # fmt: skip
    found: Opinions = {}
    for score in rows.order_by("created_at", "id"):
        opinion = found.setdefault((score.trace_id, score.span_id), Opinion())
        if score.data_type == ScoreType.CORRECTION:
            opinion.correction = score.string_value or ""
        else:
            opinion.ups += bool(score.value)
            opinion.downs += not score.value
    return found


def of_step(found: Opinions, trace_id: UUID, span_id: int) -> Opinion:
    """Return the opinion about a step, or else the one about its trace."""
    return found.get((trace_id, span_id)) or found.get((trace_id, None)) or Opinion()
