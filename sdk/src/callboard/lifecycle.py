"""Which clients live: the default one, and what happens to all of them when the process forks or ends."""

import atexit
import contextlib
import threading
import time
import weakref
from typing import TYPE_CHECKING, Final

from callboard import forks

if TYPE_CHECKING:
    from callboard.client import Callboard

# A little less than the two seconds that are promised: the interpreter takes its time too.
_EXIT_SECONDS: Final = 1.5
_living: "weakref.WeakSet[Callboard]" = weakref.WeakSet()
# Re-entrant: making the default client registers it.
_changing = threading.RLock()
_is_registered = False
_default: "Callboard | None" = None


def default_client() -> "Callboard":
    """Return the client behind the functions of the package; it is made from the environment at first use."""
    return _default or _made_default()


def _made_default() -> "Callboard":
    with _changing:
        if _default is not None:
            return _default
        from callboard.client import Callboard  # the client registers itself here

        client = Callboard()
        replace_default(client)
        return client


def replace_default(client: "Callboard | None") -> "Callboard | None":
    """Put another client behind the functions of the package, and return the one before."""
    global _default
    with _changing:
        before, _default = _default, client
    return before


def offer_as_default(client: "Callboard") -> None:
    """Make this the default client unless there already is one in use."""
    with _changing:
        if _default is None or _default.is_shut_down:
            replace_default(client)


def register(client: "Callboard") -> None:
    """Look after this client when the process forks or ends."""
    global _is_registered
    with _changing:
        _living.add(client)
        if _is_registered:
            return
        _is_registered = True
        atexit.register(_finish_all)
        forks.in_child(_reset_all)


def _finish_all() -> None:
    deadline = time.monotonic() + _EXIT_SECONDS
    for client in list(_living):
        with contextlib.suppress(Exception):
            client.finish(max(0.0, deadline - time.monotonic()))


def _reset_all() -> None:
    global _changing
    _changing = threading.RLock()
    for client in list(_living):
        with contextlib.suppress(Exception):
            client.reset_after_fork()
