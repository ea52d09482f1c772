"""What kind of failure a call ended in, from the status, the type and the words of the error, and why it stopped."""

from __future__ import annotations

from dataclasses import dataclass

from monitoring.detectors import texts
from monitoring.detectors.error_phrases import WORDS, Failure
from monitoring.detectors.findings import Evidence

_LOOKED_AT_CHARS = 4_000


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The kind of failure of a call, None when nothing failed; `evidence` are places in the message of the error."""

    failure: Failure | None
    probability: float
    is_flagged: bool
    evidence: tuple[Evidence, ...] = ()


_PATTERNS = {failure: texts.pattern(source) for failure, source in WORDS.items()}
_STATUS = {
    400: Failure.BAD_REQUEST, 401: Failure.NOT_SIGNED_IN, 402: Failure.OUT_OF_CREDIT, 403: Failure.NOT_ALLOWED,
    404: Failure.UNKNOWN_MODEL, 408: Failure.TIMED_OUT, 413: Failure.TOO_LONG, 422: Failure.BAD_REQUEST,
    429: Failure.RATE_LIMITED, 499: Failure.CANCELLED, 503: Failure.OVERLOADED, 504: Failure.TIMED_OUT, 529: Failure.OVERLOADED,
}  # fmt: skip
_REASONS = {
    "length": Failure.CUT_OFF, "max_tokens": Failure.CUT_OFF, "model_length": Failure.CUT_OFF, "max_output_tokens": Failure.CUT_OFF,
    "content_filter": Failure.FILTERED, "safety": Failure.FILTERED, "guardrail_intervened": Failure.FILTERED,
    "prohibited_content": Failure.FILTERED, "blocklist": Failure.FILTERED, "recitation": Failure.FILTERED, "spii": Failure.FILTERED,
    "error": Failure.OTHER, "malformed_function_call": Failure.BAD_OUTPUT, "cancelled": Failure.CANCELLED,
}  # fmt: skip
# The words may say more than these, which providers use for many things.
_VAGUE = frozenset({400, 403, 404, 422, 429, 500, 502, 503})


def diagnose(
    *, status_code: int | None = None, error_type: str = "", message: str = "", finish_reason: str = ""
) -> Diagnosis:
    """Tell what kind of failure a call ended in; every field may be missing."""
    said = _said(message) or _said(error_type)
    by_status = _by_status(status_code)
    if said and (by_status is None or status_code in _VAGUE):
        return Diagnosis(said, 0.95, is_flagged=True, evidence=_places(said, message))
    if by_status:
        return Diagnosis(by_status, 0.95, is_flagged=True, evidence=_places(by_status, message))
    if message.strip() or error_type.strip():
        return Diagnosis(Failure.OTHER, 0.9, is_flagged=True)
    if reason := _REASONS.get(finish_reason.strip().lower()):
        return Diagnosis(reason, 0.95, is_flagged=True)
    return Diagnosis(None, 0.0, is_flagged=False)


def _said(message: str) -> Failure | None:
    text = texts.plain(message)[:_LOOKED_AT_CHARS]
    return next((failure for failure, pattern in _PATTERNS.items() if pattern.search(text)), None)


def _by_status(status_code: int | None) -> Failure | None:
    if status_code is None or status_code < 400:
        return None
    return _STATUS.get(status_code, Failure.PROVIDER_BROKEN if status_code >= 500 else Failure.BAD_REQUEST)


def _places(failure: Failure, message: str) -> tuple[Evidence, ...]:
    if failure not in _PATTERNS:
        return ()
    match = _PATTERNS[failure].search(texts.plain(message)[:_LOOKED_AT_CHARS])
    return (Evidence(match.start(), match.end(), failure.value),) if match else ()
