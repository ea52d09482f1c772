"""Log lines about Callboard itself: each subject at most once per minute, and never an exception."""

import contextlib
import logging
import time

logger = logging.getLogger("callboard")
_SILENT_SECONDS = 60.0
_MAX_SUBJECTS = 1000
_last_logged: dict[str, float] = {}


def notice(subject: str, message: str, *args: object, level: int = logging.WARNING, error: bool = False) -> None:
    """Log the message unless this subject was logged less than a minute ago; `error` adds the traceback."""
    now = time.monotonic()
    last = _last_logged.get(subject)
    if last is not None and now - last < _SILENT_SECONDS:
        return
    if len(_last_logged) >= _MAX_SUBJECTS:
        _last_logged.clear()
    _last_logged[subject] = now
    # The host's own log handlers may raise; that must not reach the code being recorded.
    with contextlib.suppress(Exception):
        logger.log(level, message, *args, exc_info=error)


def forget_all() -> None:
    """Let every subject be logged again."""
    _last_logged.clear()
