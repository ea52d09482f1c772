"""Scores, one or a list; the same id again replaces the earlier score."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router

from monitoring import langfuse_scores, scores
from monitoring.errors import ScoreRefused
from monitoring.scores import NewScore
from webapp.api import bodies
from webapp.api.admission import demand_open
from webapp.api.errors import ApiError
from webapp.api.langfuse import documents
from webapp.api.langfuse.auth import ScoreAuth, noted, public_key_id
from webapp.api.rate_limits import demand_room

router = Router()


@router.post("/scores", auth=ScoreAuth())
def create(request: HttpRequest) -> HttpResponse:
    """Store one score and answer its id; or a list, answered with 202, or with 207 when some were refused."""
    caller = noted(request)
    demand_open()
    demand_room(caller, wire_bytes=bodies.wire_bytes(request), over=429)
    document = documents.read(request)
    is_public = bool(public_key_id(request))
    if not isinstance(document, list):
        accepted, reasons = _read([document], is_public=is_public)
        if reasons:
            raise ApiError(400, reasons[0])
        scores.record(project_id=caller.project_id, scores=accepted)
        return documents.answer({"id": document.get("id") or str(accepted[0].id)})
    if len(document) > scores.MAX_ITEMS:
        raise ApiError(413, "One request may carry 1,000 scores. Send smaller batches.")
    accepted, reasons = _read(document, is_public=is_public)
    scores.record(project_id=caller.project_id, scores=accepted)
    if not reasons:
        return documents.answer({"message": "Accepted"}, status=202)
    errors = [{"message": reason} for reason in reasons]
    told = {"accepted": len(accepted), "rejected": len(reasons), "errors": errors}
    return documents.answer(told, status=207)


def _read(items: list[Any], *, is_public: bool) -> tuple[list[NewScore], list[str]]:
    accepted, reasons = [], []
    now = timezone.now()
    for item in items:
        try:
            accepted.append(langfuse_scores.checked(item, now=now, is_public=is_public))
        except ScoreRefused as error:
            reasons.append(str(error))
    return accepted, reasons
