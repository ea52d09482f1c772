"""Says in a header which process asks for prompts, so that the server can show which one uses which version."""

import os
import secrets
import socket
import urllib.parse
from typing import Final

HEADER: Final = "X-Callboard-Process"
_MAX_HOST: Final = 80


class ProcessIdentity:
    """A random id that a process keeps for life, and the name of its machine."""

    def __init__(self) -> None:
        self._host = urllib.parse.quote(_host_name()[:_MAX_HOST])
        self._of: tuple[int, str] = (0, "")

    @property
    def headers(self) -> dict[str, str]:
        """What goes with every request about prompts."""
        return {HEADER: f"{self.id} {self._host}"}

    @property
    def id(self) -> str:
        """The id of this very process: a forked child has another one."""
        pid, known = self._of
        if pid != os.getpid():
            known = secrets.token_hex(8)
            self._of = (os.getpid(), known)
        return known


def _host_name() -> str:
    try:
        return socket.gethostname()
    except OSError:
        return ""
