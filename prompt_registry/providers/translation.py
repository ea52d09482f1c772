"""Turns what the openai client raises into errors with plain words and a decision whether to try again."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import openai

from projects.outbound import errors as outbound
from prompt_registry.providers.errors import (
    KeyRefused,
    MalformedAnswer,
    ModelUnknown,
    PathUnknown,
    ProviderError,
    ProviderFailed,
    ProviderTimeout,
    ProviderUnreachable,
    QuotaUsedUp,
    RateLimited,
    RequestRefused,
)
from prompt_registry.providers.refusals import refused
from prompt_registry.providers.retries import MAX_RETRY_AFTER_SECONDS, read_retry_after

_QUOTA_CODES = {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "insufficient_balance"}


def translated(error: BaseException) -> ProviderError:
    """Return the error to show for what a provider call raised."""
    match error:
        case ProviderError():
            return error
        case outbound.OutboundError():
            return refused(error)
        case openai.APITimeoutError() | TimeoutError():
            return ProviderTimeout()
        case openai.APIStatusError():
            return _from_status(error)
        case openai.APIConnectionError():
            return ProviderUnreachable(detail=str(error.__cause__ or ""))
        case openai.APIResponseValidationError():
            return MalformedAnswer()
        case openai.APIError():
            return ProviderFailed(detail=error.message)
        case _:
            return MalformedAnswer(detail=str(error))


def _from_status(error: openai.APIStatusError) -> ProviderError:
    kind = _kind(error)
    seconds = _retry_after(error.response.headers)
    message = None
    if kind is RateLimited and seconds is not None and seconds > MAX_RETRY_AFTER_SECONDS:
        message = f"The provider's rate limit was reached, and it asks to wait {seconds:.0f} seconds. Try again then."
    return kind(message, detail=_said(error), retry_after_seconds=seconds)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    milliseconds = read_retry_after(headers.get("retry-after-ms") or "", now=0.0)
    if milliseconds is not None:
        return milliseconds / 1_000
    text = headers.get("retry-after")
    return read_retry_after(text, now=time.time()) if text else None


def _kind(error: openai.APIStatusError) -> type[ProviderError]:
    status = error.status_code
    if status == 402 or {str(error.code), str(error.type)} & _QUOTA_CODES:
        return QuotaUsedUp
    if status in (401, 403):
        return KeyRefused
    if status == 404:
        return ModelUnknown if "model" in f"{error.code} {_said(error)}".lower() else PathUnknown
    if status == 429:
        return RateLimited
    if status in (408, 409) or status >= 500:
        return ProviderFailed
    return ModelUnknown if error.code == "model_not_found" else RequestRefused


def _said(error: openai.APIStatusError) -> str:
    body: Any = error.body
    if isinstance(body, dict) and isinstance(body.get("message"), str):
        return str(body["message"])
    return error.response.text if isinstance(body, (str, type(None))) else error.message
