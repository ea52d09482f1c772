"""Draws between which multiples of the usual risk the new version lies, with the line it must not cross."""

from __future__ import annotations

import math

from django.utils.html import format_html
from django.utils.safestring import SafeString

_WIDTH, _HEIGHT = 240.0, 24.0
# From a quarter of the usual risk to eight times as much; what lies beyond ends at the edge, and is still seen there.
_LOWEST, _HIGHEST = 0.25, 8.0
_THINNEST = 4.0


def band(*, low: float, high: float, limit: float) -> SafeString:
    """Return the picture; its words stand beside it, so screen readers skip it."""
    left, right = min(_x(low), _WIDTH - _THINNEST), _x(high)
    return format_html(
        '<svg class="band" viewBox="0 0 {} {}" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="band-range{}" x="{}" y="8" width="{}" height="8" rx="2"/>'
        '<line class="band-same" x1="{}" x2="{}" y1="2" y2="22"/><line class="band-limit" x1="{}" x2="{}" y1="0" y2="24"/></svg>',
        int(_WIDTH), int(_HEIGHT), " band-over" if low > limit else "", _number(left), _number(max(_THINNEST, right - left)),
        _number(_x(1.0)), _number(_x(1.0)), _number(_x(limit)), _number(_x(limit)),
    )  # fmt: skip


def _x(ratio: float) -> float:
    clipped = min(max(ratio, _LOWEST), _HIGHEST)
    return math.log(clipped / _LOWEST) / math.log(_HIGHEST / _LOWEST) * _WIDTH


def _number(value: float) -> str:
    return f"{value:.1f}"
