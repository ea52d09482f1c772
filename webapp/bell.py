"""How many notifications somebody has not opened: one count over an index, once for each request."""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest

from projects import notifications
from projects.models import User

_ATTRIBUTE = "_callboard_unread"


def unread(request: HttpRequest) -> int:
    """Return the number for the bell; a hundred stands for more."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return 0
    if not hasattr(request, _ATTRIBUTE):
        setattr(request, _ATTRIBUTE, notifications.unread_count(cast(User, user)))
    return int(getattr(request, _ATTRIBUTE))
