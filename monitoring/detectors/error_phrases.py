"""Kinds of failures, and the words by which providers, clients and tools tell of them."""

from __future__ import annotations

from enum import StrEnum


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


# In this order: what is said most exactly decides. «429 … quota» is no rate limit, and a filter answers 400 like a bad request.
WORDS: dict[Failure, str] = {
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
