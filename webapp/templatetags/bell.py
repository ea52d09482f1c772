"""The number at the bell, counted once for a page."""

from __future__ import annotations

from django import template
from django.http import HttpRequest
from django.template.context import Context

from webapp import bell

register = template.Library()


@register.simple_tag(takes_context=True)
def unread_notifications(context: Context) -> int:
    """Return how many notifications the signed-in person has not opened; a hundred stands for more."""
    request = context.get("request")
    return bell.unread(request) if isinstance(request, HttpRequest) else 0
