"""What can go wrong while Callboard's processes are started, in words for the person at the terminal."""

from __future__ import annotations


class StartError(Exception):
    """Callboard could not be started."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or " ".join((self.__doc__ or "").split()))


class AlreadyRunning(StartError):
    """Callboard is already running from this data directory."""


class ChildFailed(StartError):
    """One of Callboard's processes ended while it was being started."""


class DataDirectoryNotUsable(StartError):
    """The data directory cannot be written to."""
