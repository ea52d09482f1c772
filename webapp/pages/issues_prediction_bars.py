"""Draws what was expected of a fix above what it showed, as multiples of before."""

from __future__ import annotations

from django.utils.html import format_html
from django.utils.safestring import SafeString

from monitoring.issues.predictions import Held

# From nothing to twice as often as before; what lies beyond ends at the edge.
_FULL = 2.0


def bar(held: Held) -> SafeString:
    """Return the picture; its numbers stand beside it, so screen readers skip it."""
    return format_html(
        '<svg class="prediction-bar" aria-hidden="true">'
        '<line class="prediction-reach" x1="{}%" x2="{}%" y1="9" y2="9"/><circle class="prediction-dot" cx="{}%" cy="9" r="4"/>'
        '<line class="prediction-reach shown" x1="{}%" x2="{}%" y1="23" y2="23"/>'
        '<circle class="prediction-dot shown" cx="{}%" cy="23" r="4"/>'
        '<line class="prediction-same" x1="50%" x2="50%" y1="0" y2="32"/></svg>',
        _at(held.expected_low), _at(held.expected_high), _at(held.expected), _at(held.shown_low), _at(held.shown_high),
        _at(held.shown),
    )  # fmt: skip


def _at(times: float) -> str:
    return f"{min(max(times, 0.0), _FULL) / _FULL * 100:.1f}"
