"""Scores as Langfuse applications send them, as scores of ours."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from monitoring import scores
from monitoring.errors import ScoreRefused
from monitoring.ingest import langfuse_ids as ids
from monitoring.models import ScoreSource, ScoreType
from monitoring.scores import NewScore

_TYPES = {
    "NUMERIC": ScoreType.NUMBER, "BOOLEAN": ScoreType.BOOLEAN, "CATEGORICAL": ScoreType.CATEGORY,
    "TEXT": ScoreType.TEXT, "CORRECTION": ScoreType.CORRECTION,
}  # fmt: skip
_SOURCES = {"API": ScoreSource.API, "ANNOTATION": ScoreSource.HUMAN}
_FROM_ANYWHERE = "with a public key"


def checked(body: Any, *, now: datetime, is_public: bool = False) -> NewScore:
    """Return the score that a client describes, or raise ScoreRefused with the reason.

    `is_public`: sent with the public key alone, so it is a user's opinion and can replace only others of its kind.
    """
    if not isinstance(body, dict):
        raise ScoreRefused("A score must be an object.")
    if not _text(body, "name").strip():
        raise ScoreRefused("A score needs a name.")
    trace_id, observation_id, data_type = _text(body, "traceId"), _text(body, "observationId"), _type(body)
    if not trace_id:
        raise ScoreRefused(_no_trace(body))
    is_number = data_type in (ScoreType.NUMBER, ScoreType.BOOLEAN, ScoreType.THUMBS)
    item = {
        "id": str(_id(body, is_public=is_public)),
        "trace_id": ids.trace_id(trace_id).hex(),
        "span_id": ids.span_id(observation_id).hex() if observation_id else None,
        "name": body["name"],
        "data_type": data_type,
        "source": _source(body),
        "value" if is_number else "string_value": body.get("value"),
        "comment": body.get("comment"),
        "created_at": body.get("timestamp"),
    }
    return scores.checked(item, now=now, source=ScoreSource.USER if is_public else None)


def _id(body: dict[str, Any], *, is_public: bool) -> uuid.UUID:
    sent = _text(body, "id")
    return ids.score_id(sent, realm=_FROM_ANYWHERE if is_public else "") if sent else uuid.uuid4()


def _type(body: dict[str, Any]) -> ScoreType:
    sent = body.get("dataType")
    if sent is None:
        return ScoreType.CATEGORY if isinstance(body.get("value"), str) else ScoreType.NUMBER
    if not isinstance(sent, str) or sent not in _TYPES:
        raise ScoreRefused(f"The dataType must be one of {', '.join(_TYPES)}.")
    # Langfuse has no thumbs; a yes or no of this name means one, and is counted as one.
    is_thumb = sent == "BOOLEAN" and body["name"].strip().lower() == "thumbs"
    return ScoreType.THUMBS if is_thumb else _TYPES[sent]


def _source(body: dict[str, Any]) -> ScoreSource:
    sent = body.get("source")
    if sent is None:
        return ScoreSource.API
    if not isinstance(sent, str) or sent not in _SOURCES:
        raise ScoreRefused(f"The source must be one of {', '.join(_SOURCES)}.")
    return _SOURCES[sent]


def _no_trace(body: dict[str, Any]) -> str:
    for name in ("sessionId", "datasetRunId"):
        if body.get(name):
            return f"Callboard keeps scores of traces and their steps: send a traceId; {name} alone is not supported."
    return "A score needs a traceId."


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""
