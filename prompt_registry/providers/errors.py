"""What can go wrong when a model provider is called, in words for the person who reads them."""

from __future__ import annotations

# A provider's own words are shown only this far: they are untrusted and may be a whole HTML page.
_DETAIL_CHARACTERS = 2_048


class ProviderError(Exception):
    """The model provider did not answer as expected. Try again; if it goes on, check the connection in Settings."""

    is_retryable = False
    # The provider may have done the work, and may charge for it, although nothing useful came of it.
    is_maybe_billed = False

    def __init__(
        self, message: str | None = None, *, detail: str = "", retry_after_seconds: float | None = None
    ) -> None:
        super().__init__(message or (self.__doc__ or "").strip())
        self.detail = detail[:_DETAIL_CHARACTERS]
        self.retry_after_seconds = retry_after_seconds
        self.partial_text = ""


class AddressRefused(ProviderError):
    """This server may not call that address."""


class RedirectRefused(ProviderError):
    """The provider answered with a redirect, and redirects are never followed. Enter the final address instead."""


class KeyMissing(ProviderError):
    """This connection has no key yet. An admin can enter one in Settings, Providers."""


class KeyRefused(ProviderError):
    """The provider refused the key. Check that it is complete, still valid and may use this model."""


class QuotaUsedUp(ProviderError):
    """The account at the provider has no credit or quota left. Top it up there, then try again."""


class ModelUnknown(ProviderError):
    """The provider does not know this model, or the key may not use it. Check the name of the model."""


class PathUnknown(ProviderError):
    """The provider's address answered “not found”. Check that it ends with the path of the API, usually /v1."""


class RequestRefused(ProviderError):
    """The provider refused the request. Its reason is shown below; change the prompt or its settings."""


class RateLimited(ProviderError):
    """The provider's rate limit was reached, even after waiting. Try again in a minute or send fewer calls at once."""

    is_retryable = True


class ProviderFailed(ProviderError):
    """The provider had an internal error, even after trying again. This is on their side; try again later."""

    is_retryable = True


class ProviderUnreachable(ProviderError):
    """The provider could not be reached. Check the address, and that this server may connect to it."""

    is_retryable = True


class ProviderTimeout(ProviderError):
    """The provider took too long to answer. Try again, choose a faster model or ask for a shorter answer."""

    is_retryable = True
    is_maybe_billed = True


class MalformedAnswer(ProviderError):
    """The provider's answer was cut off or is not in the OpenAI format. Check that the address is the API's."""

    is_retryable = True
    is_maybe_billed = True


class AnswerTooLarge(ProviderError):
    """The provider's answer was larger than 4 MiB and was stopped. Limit the length of the answer."""

    is_maybe_billed = True


class ProviderPaused(ProviderError):
    """Calls to this provider failed many times in a row, so they are paused for half a minute. Try again shortly."""
