"""Calls that can be replayed: sent, looked at, of known topics."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from monitoring.analysis.flags import Flag
from monitoring.analysis.looking import draw_of
from monitoring.analysis.models import CallAnalysis
from monitoring.clusters.models import Cluster
from projects.models import Project
from tests.monitoring.factories import new_trace_id
from tests.monitoring.issue_factories import make_looked_at

PROMPT = "support/answer"


def make_call(
    project: Project, question: str, answer: str = "It takes two to four days.", *, topic: Cluster | None = None,
    flags: int | Flag = 0, at: datetime | None = None, prompt: str = PROMPT, documents: str = "", **span: object,
) -> CallAnalysis:  # fmt: skip
    """Return a call of the last day whose lot is that of its trace."""
    blanks = {"question": question} | ({"documents": documents} if documents else {})
    attributes = {f"gen_ai.prompt.variable.{name}": value for name, value in blanks.items()}
    call = make_looked_at(
        project, asked=question, answered=answer, cluster=topic, flags=int(flags), at=at or timezone.now() - timedelta(hours=3),
        trace_id=new_trace_id(), prompt=prompt, attributes=attributes, **span,
    )  # fmt: skip
    CallAnalysis.objects.filter(pk=call.pk).update(draw=draw_of(call.trace_id))
    return call
