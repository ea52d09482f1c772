"""Turns what the guard on the way out refuses into errors of the provider; apart from the openai package, which is large."""

from __future__ import annotations

from projects.outbound import errors as outbound
from prompt_registry.providers.errors import (
    AddressRefused,
    AnswerTooLarge,
    MalformedAnswer,
    ProviderError,
    RedirectRefused,
)


def refused(error: outbound.OutboundError) -> ProviderError:
    """Return what the guard on the way out refused, as an error of the provider."""
    match error:
        case outbound.AddressRefused():
            return AddressRefused(str(error))
        case outbound.RedirectRefused():
            return RedirectRefused()
        case outbound.AnswerTooLarge():
            return AnswerTooLarge(f"{error} Limit the length of the answer.")
        case _:
            return MalformedAnswer(str(error))
