"""Puts together, from the settings, what carries spans, feedback and prompts over the network."""

import hashlib
import json
from collections.abc import Callable
from typing import Any, Final

from callboard import feedback_tokens, otlp
from callboard.delivery import Batch, Courier, Route
from callboard.http_client import Answer, HttpClient
from callboard.notices import notice
from callboard.otlp import Mask, SpanEncoder
from callboard.outbox import Outbox
from callboard.prompt_disk import PromptDisk
from callboard.prompt_fetching import PromptFetcher
from callboard.prompt_store import PromptStore
from callboard.settings import Settings
from callboard.spans import Span

FeedbackItem = dict[str, Any]
_MASKED_FEEDBACK: Final = ("string_value", "comment", "user_id")


def spans(settings: Settings, encoder: SpanEncoder) -> Outbox[Span]:
    """Return the queue that sends finished spans."""
    return Outbox(
        "spans",
        courier=Courier("spans", connect=_connecting(settings), on_answer=_report_rejected_spans),
        route=lambda: Route("/v1/traces", *otlp.envelope(otlp.resource(settings))),
        encode=encoder,
        flush_at=settings.flush_at,
        interval=settings.flush_interval,
    )


def feedback(settings: Settings, mask: Mask | None) -> Outbox[FeedbackItem]:
    """Return the queue that sends feedback."""
    return Outbox(
        "feedback",
        courier=Courier("feedback items", connect=_connecting(settings), on_answer=_report_rejected_feedback),
        route=lambda: Route("/api/v1/feedback", b'{"items":[', b"]}"),
        encode=lambda item: _encode_feedback(item, mask),
        flush_at=settings.flush_at,
        interval=settings.flush_interval,
    )


def prompts(settings: Settings, *, on_deleted: Callable[[str], None] | None, max_stale_on_delete: float) -> PromptStore:
    """Return the prompts of the project that the key belongs to."""
    connect = _connecting(settings)
    disk = None
    if settings.api_key and settings.prompt_dir is not None:
        disk = PromptDisk(settings.prompt_dir, scope=_project_scope(settings))
    return PromptStore(
        make_fetcher=(lambda: PromptFetcher(connect)) if settings.api_key else None,
        disk=disk,
        ttl=settings.prompt_ttl_seconds,
        max_stale_on_delete=max_stale_on_delete,
        on_deleted=on_deleted,
    )


def _connecting(settings: Settings) -> Callable[[], HttpClient]:
    return lambda: HttpClient(url=settings.url, api_key=settings.api_key, timeout=settings.timeout)


def _project_scope(settings: Settings) -> str:
    """Return what tells the copies of one project key from those of another, without the key itself."""
    key = feedback_tokens.parse_api_key(settings.api_key)
    key_id = key.id if key is not None else hashlib.sha256(settings.api_key.encode()).hexdigest()[:12]
    return f"{settings.url}|{key_id}"


def _encode_feedback(item: FeedbackItem, mask: Mask | None) -> bytes:
    masked = dict(item)
    for field in _MASKED_FEEDBACK:
        if mask is not None and item[field] is not None:
            masked[field] = _masked(item[field], f"feedback.{field}", mask)
    return json.dumps(masked, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _masked(value: Any, key: str, mask: Mask) -> Any:
    try:
        return mask(value, key)
    except Exception:  # the mask belongs to the host; unmasked text must not leave
        notice("mask", "callboard: mask() failed for %s, so this field is not sent.", key, error=True)
        return None


def _report_rejected_spans(answer: Answer, batch: Batch) -> None:
    partial = _document(answer).get("partialSuccess")
    if not isinstance(partial, dict):
        return
    rejected = partial.get("rejectedSpans")
    if rejected and str(rejected) != "0":
        message = "callboard: the server rejected %s of %d spans: %s"
        notice("rejected spans", message, rejected, len(batch.parts), partial.get("errorMessage"))


def _report_rejected_feedback(answer: Answer, batch: Batch) -> None:
    rejected = _document(answer).get("rejected")
    if isinstance(rejected, list) and rejected:
        message = "callboard: the server rejected %d of %d feedback items: %s"
        notice("rejected feedback", message, len(rejected), len(batch.parts), rejected[0])


def _document(answer: Answer) -> dict[str, Any]:
    try:
        document = json.loads(answer.body or b"{}")
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}
