"""The map of the traffic as SVG: one dot for each call, near each other when they ask for the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

WIDTH, HEIGHT, _EDGE = 1000, 600, 30


@dataclass(frozen=True, slots=True)
class Dot:
    """One call; `kind` is empty, `flagged` or `disliked`."""

    x: float
    y: float
    kind: str


@dataclass(frozen=True, slots=True)
class Name:
    """The name of a group where its calls lie."""

    x: float
    y: float
    text: str


def svg(dots: Sequence[Dot], names: Sequence[Name], *, label: str) -> SafeString:
    """Return the map; the dots of a kind are one path, so that a thousand of them weigh little."""
    frame = _Frame.around(dots)
    paths = format_html_join(
        "",
        '<path class="map-dots map-{}" d="{}"/>',
        ((kind or "plain", _dots(frame, dots, kind)) for kind in ("", "flagged", "disliked")),
    )
    words = format_html_join(
        "",
        '<text class="map-name" x="{}%" y="{}%">{}</text>',
        ((f"{frame.x(name.x) / WIDTH:.1%}"[:-1], f"{frame.y(name.y) / HEIGHT:.1%}"[:-1], name.text) for name in names),
    )
    return format_html(
        '<svg class="map-svg" role="img" aria-label="{}"><svg viewBox="0 0 {} {}" preserveAspectRatio="none" width="100%"'
        ' height="100%">{}</svg>{}</svg>',
        label, WIDTH, HEIGHT, paths, words,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Frame:
    left: float
    top: float
    wide: float
    high: float

    @classmethod
    def around(cls, dots: Sequence[Dot]) -> _Frame:
        xs, ys = [dot.x for dot in dots] or [0.0], [dot.y for dot in dots] or [0.0]
        return cls(min(xs), max(ys), (max(xs) - min(xs)) or 1.0, (max(ys) - min(ys)) or 1.0)

    def x(self, value: float) -> float:
        return _EDGE + (value - self.left) / self.wide * (WIDTH - 2 * _EDGE)

    def y(self, value: float) -> float:
        return _EDGE + (self.top - value) / self.high * (HEIGHT - 2 * _EDGE)


def _dots(frame: _Frame, dots: Sequence[Dot], kind: str) -> str:
    # Lines of no length: their round caps are the dots.
    return "".join(f"M{frame.x(dot.x):.0f} {frame.y(dot.y):.0f}h0" for dot in dots if dot.kind == kind)
