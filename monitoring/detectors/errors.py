"""What kind of failure a call ended in, from the status, the type and the words of the error, and why it stopped."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from monitoring.detectors import texts
from monitoring.detectors.findings import Evidence

_LOOKED_AT_CHARS = 4_000


class Failure(StrEnum):
    """Kinds of failures that need different people or different remedies."""

    RATE_LIMITED = "rate limited"
    OUT_OF_CREDIT = "out of credit"
    NOT_SIGNED_IN = "key refused"
    NOT_ALLOWED = "not allowed"
    UNKNOWN_MODEL = "unknown model or address"
    TOO_LONG = "input too long"
    FILTERED = "stopped by a filter"
    CUT_OFF = "answer cut off"
    TIMED_OUT = "timed out"
    UNREACHABLE = "not reachable"
    OVERLOADED = "provider overloaded"
    PROVIDER_BROKEN = "provider failed"
    TOOL_FAILED = "tool failed"
    BAD_OUTPUT = "answer not in the wanted form"
    BAD_REQUEST = "request refused"
    CANCELLED = "cancelled"
    OTHER = "other error"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The kind of failure of a call, None when nothing failed; `evidence` are places in the message of the error."""

    failure: Failure | None
    probability: float
    is_flagged: bool
    evidence: tuple[Evidence, ...] = ()


# In this order: what is said most exactly decides. «429 … quota» is no rate limit, and a filter answers 400 like a bad request.
_WORDS: dict[Failure, str] = {
    Failure.OUT_OF_CREDIT: r"insufficient[_ ]?(?:quota|credit|funds|balance)|exceeded your current quota|billing|payment required|credit balance|out of credits?|hard limit",
    Failure.RATE_LIMITED: r"rate[_ -]?limit|too many requests|requests per (?:min|day)|tokens per (?:min|day)|throttl|resource[_ ]?exhausted|quota exceeded",
    Failure.TOO_LONG: r"context[_ ]?(?:length|window)|maximum context|too many tokens|prompt is too long|input is too long|max(?:imum)?[_ ]?(?:input )?tokens? (?:exceeded|limit)|string too long|request too large",
    Failure.FILTERED: r"content[_ ]?(?:filter|policy|management)|safety (?:system|filter|setting)|responsible ?ai|moderation|blocked by|prohibited content|guardrail",
    Failure.TIMED_OUT: r"time[d -]*out|deadline[_ ]?exceeded|etimedout|took too long",
    Failure.OVERLOADED: r"overloaded|capacity|server is busy|temporarily unavailable|service[_ ]?unavailable|engine is currently",
    Failure.NOT_SIGNED_IN: r"invalid[_ ]?api[_ ]?key|incorrect api key|unauthori[sz]ed|authentication|invalid (?:x-api-key|token|credentials)|expired token|no api key",
    Failure.NOT_ALLOWED: r"forbidden|permission[_ ]?(?:denied|error)|not allowed to|access denied|not authori[sz]ed|country.{0,30}not supported",
    Failure.UNKNOWN_MODEL: r"model[_ ]?not[_ ]?found|(?:model|deployment|engine)\b.{0,80}(?:does not exist|not found|deprecated|decommissioned|not exist)|no such model|unknown model|invalid model",
    Failure.TOOL_FAILED: r"tool[_ ]?(?:call|execution|error|exception|invocation)|function[_ ]?call(?:ing)? (?:failed|error)|error (?:executing|running|calling) (?:the )?(?:tool|function)|mcp error",
    Failure.BAD_OUTPUT: r"jsondecodeerror|output ?pars|could not parse|failed to parse|invalid json|validation ?error|schema|pydantic|expecting value|malformed",
    Failure.UNREACHABLE: r"connection (?:error|refused|reset|aborted|closed)|connect(?:ion)?error|econnre|enotfound|name resolution|getaddrinfo|dns|network (?:error|is unreachable)|ssl|certificate|broken pipe|remote end closed|server disconnected|eof occurred|incomplete read",
    Failure.CANCELLED: r"cancel(?:l?ed|lation)|abort(?:ed|error)|client closed|keyboardinterrupt|generatorexit",
    Failure.BAD_REQUEST: r"bad request|invalid[_ ]?(?:request|argument|parameter|value|type)|unsupported (?:parameter|value)|missing (?:required|parameter)|unprocessable|unrecognized",
    Failure.PROVIDER_BROKEN: r"internal (?:server )?error|server[_ ]?error|bad gateway|api_error|apierror",
}  # fmt: skip
_PATTERNS = {failure: texts.pattern(source) for failure, source in _WORDS.items()}
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


def diagnose(*, status_code: int | None = None, error_type: str = "", message: str = "", finish_reason: str = "") -> Diagnosis:
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
    return (Evidence(*match.span(), failure.value),) if match else ()
