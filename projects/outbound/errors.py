"""What can go wrong on the way out, in words for the person who reads them."""

from __future__ import annotations


class OutboundError(Exception):
    """The other server did not answer as expected."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (self.__doc__ or "").strip())


class AddressRefused(OutboundError):
    """This server may not call that address."""


class RedirectRefused(OutboundError):
    """It answered with a redirect, and redirects are never followed. Enter the final address instead."""


class AnswerTooLarge(OutboundError):
    """The answer was larger than 4 MiB and was stopped."""


class AnswerCompressed(OutboundError):
    """The answer was compressed although this server had asked for plain text."""
