"""Puts together, from the settings, what carries spans, feedback, outcomes and prompts over the network."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from callboard import feedback_tokens, otlp, prompt_stream
from callboard.delivery import Batch, Courier, Route
from callboard.http_client import Answer, HttpClient
from callboard.notices import notice
from callboard.old_talks import OldTalks
from callboard.otlp import Mask, SpanEncoder
from callboard.outbox import Outbox
from callboard.prompt_disk import PromptDisk
from callboard.prompt_fetching import PromptFetcher
from callboard.prompt_process import ProcessIdentity
from callboard.prompt_store import PromptStore
from callboard.prompt_stream import PromptStream
from callboard.settings import Settings
from callboard.spans import Span
from callboard.spool import Spool

FeedbackItem = dict[str, Any]
OutcomeItem = dict[str, Any]
_MASKED_FEEDBACK: Final = ("string_value", "comment", "user_id")


def spans(settings: Settings, encoder: SpanEncoder) -> Outbox[Span]:
    """Return the queue that sends finished spans."""
    spool = _spool("spans", settings)
    return Outbox(
        "spans",
        courier=Courier(
            "spans",
            connect=_connecting(settings),
            on_answer=_report_rejected_spans,
            store=None if spool is None else spool.write,
        ),
        route=lambda: Route("/v1/traces", *otlp.envelope(otlp.resource(settings))),
        encode=encoder,
        flush_at=settings.flush_at,
        interval=settings.flush_interval,
        spool=spool,
    )


def feedback(settings: Settings, mask: Mask | None) -> Outbox[FeedbackItem]:
    """Return the queue that sends feedback."""
    spool = _spool("feedback", settings)
    return Outbox(
        "feedback",
        courier=Courier(
            "feedback items",
            connect=_connecting(settings),
            on_answer=_reporting_rejected("feedback items"),
            store=None if spool is None else spool.write,
        ),
        route=lambda: Route("/api/v1/feedback", b'{"items":[', b"]}"),
        encode=lambda item: _encode_feedback(item, mask),
        flush_at=settings.flush_at,
        interval=settings.flush_interval,
        spool=spool,
    )


def outcomes(settings: Settings, mask: Mask | None) -> Outbox[OutcomeItem]:
    """Return the queue that sends outcomes."""
    spool = _spool("outcomes", settings)
    return Outbox(
        "outcomes",
        courier=Courier(
            "outcomes",
            connect=_connecting(settings),
            on_answer=_reporting_rejected("outcomes"),
            store=None if spool is None else spool.write,
        ),
        route=lambda: Route("/api/v1/outcomes", b'{"items":[', b"]}"),
        encode=lambda item: _encode_outcome(item, mask),
        flush_at=settings.flush_at,
        interval=settings.flush_interval,
        spool=spool,
    )


def prompts(settings: Settings, *, on_deleted: Callable[[str], None] | None, max_stale_on_delete: float) -> PromptStore:
    """Return the prompts of the project that the key belongs to."""
    connect, identity = _connecting(settings), ProcessIdentity()
    listens = settings.api_key and settings.prompt_push
    return PromptStore(
        make_fetcher=(lambda: PromptFetcher(connect, headers=lambda: identity.headers)) if settings.api_key else None,
        make_stream=(
            lambda on_change: PromptStream(
                connect=lambda address: _connecting(settings, address)(),
                headers=lambda: identity.headers,
                on_change=on_change,
            )
        )
        if listens
        else None,
        live_address=lambda told: prompt_stream.address_of(settings.url, told),
        disk=prompt_disk(settings, settings.prompt_dir),
        ttl=settings.prompt_ttl_seconds,
        max_stale_on_delete=max_stale_on_delete,
        on_deleted=on_deleted,
        environment=settings.environment,
        old_talks=_old_talks(settings),
    )


def _old_talks(settings: Settings) -> OldTalks:
    if not settings.api_key:
        return OldTalks()
    return OldTalks(settings.prompt_dir, scope=settings.url, secret=settings.api_key)


def prompt_disk(settings: Settings, directory: Path | None) -> PromptDisk | None:
    """Return the signed copies in this directory that belong to the API key."""
    if not settings.api_key or directory is None:
        return None
    key = feedback_tokens.parse_api_key(settings.api_key)
    key_id = key.id if key is not None else hashlib.sha256(settings.api_key.encode()).hexdigest()[:12]
    return PromptDisk(directory, scope=key_id, secret=key.secret if key is not None else settings.api_key)


def _connecting(settings: Settings, url: str = "") -> Callable[[], HttpClient]:
    return lambda: HttpClient(url=url or settings.url, api_key=settings.api_key, timeout=settings.timeout)


def _spool(items: str, settings: Settings) -> Spool | None:
    if settings.spool_dir is None or not settings.api_key:
        return None
    return Spool(settings.spool_dir, scope=f"{settings.url}|{items}", secret=settings.api_key)


def _encode_feedback(item: FeedbackItem, mask: Mask | None) -> bytes:
    masked = dict(item)
    for field in _MASKED_FEEDBACK:
        if mask is not None and item[field] is not None:
            masked[field] = _masked(item[field], f"feedback.{field}", mask)
    return json.dumps(masked, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _encode_outcome(item: OutcomeItem, mask: Mask | None) -> bytes:
    masked = dict(item)
    if mask is not None:
        masked["unit_id"] = _masked(item["unit_id"], "outcome.unit_id", mask)
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


def _reporting_rejected(items: str) -> Callable[[Answer, Batch], None]:
    def report(answer: Answer, batch: Batch) -> None:
        rejected = _document(answer).get("rejected")
        if isinstance(rejected, list) and rejected:
            message = f"callboard: the server rejected %d of %d {items}: %s"
            notice(f"rejected {items}", message, len(rejected), len(batch.parts), rejected[0])

    return report


def _document(answer: Answer) -> dict[str, Any]:
    try:
        document = json.loads(answer.body or b"{}")
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}
