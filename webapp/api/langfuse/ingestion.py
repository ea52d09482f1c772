"""The batches of the older SDKs: traces, steps and scores in pieces. An event that is answered with 201 is committed."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router

from monitoring import langfuse_scores, scores
from monitoring.errors import ScoreRefused
from monitoring.ingest import langfuse_batch
from monitoring.ingest.langfuse_batch import Batch, Failure
from monitoring.ingest.langfuse_store import store_batch
from monitoring.ingest.rows import Sender, now
from projects.keys import Caller
from projects.roles import Scope
from webapp.api import bodies
from webapp.api.admission import admitted
from webapp.api.auth import KeyAuth
from webapp.api.errors import ApiError
from webapp.api.langfuse import documents
from webapp.api.langfuse.auth import noted
from webapp.api.rate_limits import demand_room
from webapp.database_waits import SECONDS_TO_STORE, within

router = Router()

_NO_FEEDBACK = f"This API key may not send scores: it lacks the permission «{Scope.FEEDBACK_WRITE.label}»."


@router.post("/ingestion", auth=KeyAuth(Scope.INGEST))
def ingest(request: HttpRequest) -> HttpResponse:
    """Store `{"batch": [{"id", "timestamp", "type", "body"}]}` and answer for each event what became of it."""
    caller = noted(request)
    demand_room(caller, wire_bytes=bodies.wire_bytes(request), over=429)
    with within(SECONDS_TO_STORE), admitted():
        document, wire_bytes = documents.load(request)
        batch = langfuse_batch.read(_events(document))
        sender = Sender(project_id=caller.project_id, environment=caller.environment, received_at=now())
        failures = batch.failures + store_batch(batch, sender, body_bytes=wire_bytes) + _store_scores(batch, caller)
    return documents.answer(_answer(batch, failures), status=207)


def _events(document: Any) -> list[Any]:
    events = document.get("batch") if isinstance(document, dict) else None
    if not isinstance(events, list):
        raise ApiError(400, 'Send {"batch": [{"id", "timestamp", "type", "body"}]}.')
    if len(events) > langfuse_batch.MAX_EVENTS:
        raise ApiError(413, "One request may carry 5,000 events. Send smaller batches.")
    return events


def _store_scores(batch: Batch, caller: Caller) -> list[Failure]:
    if Scope.FEEDBACK_WRITE not in caller.scopes:
        return [Failure(event_id, 403, _NO_FEEDBACK) for event_id, _ in batch.scores]
    accepted, failures = [], []
    moment = timezone.now()
    for event_id, body in batch.scores:
        try:
            # The event's id is the same when the batch is sent again.
            accepted.append(langfuse_scores.checked({**body, "id": body.get("id") or event_id}, now=moment))
        except ScoreRefused as error:
            failures.append(Failure(event_id, 400, str(error)))
    scores.record(project_id=caller.project_id, scores=accepted)
    return failures


def _answer(batch: Batch, failures: list[Failure]) -> dict[str, Any]:
    failed = {failure.event_id for failure in failures}
    sent = [event_id for patch in batch.patches.values() for event_id in patch.event_ids]
    sent += [event_id for event_id, _ in batch.scores] + batch.noted
    return {
        "successes": [{"id": event_id, "status": 201} for event_id in sent if event_id not in failed],
        "errors": [
            {"id": failure.event_id, "status": failure.status, "message": failure.message, "error": failure.message}
            for failure in failures
        ],
    }
