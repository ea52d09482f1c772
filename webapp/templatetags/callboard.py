"""Filters and tags of every page: numbers in words, icons, keys, the theme, JSON in colour."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, cast
from zlib import crc32

from django import template
from django.http import HttpRequest
from django.template.context import Context
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from webapp import formats, keys
from webapp.icons import ICONS

register = template.Library()

for _format in (
    formats.duration_ms,
    formats.duration_seconds,
    formats.usd,
    formats.usd_beside,
    formats.percent,
    formats.change,
    formats.full_count,
):
    register.filter(_format.__name__, _format)
register.filter("short_count", formats.count)
register.filter("initials", formats.initials)
register.filter("short_id", formats.short_id)
register.filter("moment", formats.moment)

THEMES = ("system", "light", "dark")
DENSITIES = ("comfortable", "compact")
PAGE_POSITION = ("cursor", "before", "after", "older", "newer")
_JSON_COLOUR_LIMIT = 64 * 1024
_JSON_TOKEN = re.compile(r'("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d[\d.eE+-]*)|\b(true|false|null)\b')


@register.filter
def count(amount: formats.Number | None) -> SafeString:
    """Return a count that fits its place; the whole number is in the tooltip when it was shortened."""
    short, full = formats.count(amount), formats.full_count(amount)
    return format_html("{}", short) if short == full else format_html('<span title="{}">{}</span>', full, short)


@register.filter
def relative_time(moment: datetime | None) -> SafeString:
    """Return `<time>` saying how long ago; the page keeps it current."""
    if moment is None:
        return format_html("{}", formats.NOTHING)
    return format_html(
        '<time datetime="{}" title="{}" data-relative>{}</time>',
        moment.isoformat(), formats.moment(moment), formats.ago(moment),
    )  # fmt: skip


@register.filter
def hue(name: object) -> int:
    """Return the colour number, 1 to 8, that always belongs to this name."""
    return crc32(str(name).encode()) % 8 + 1


@register.filter
def indent(depth: int) -> str:
    """Return the class that sets a tree row in by its depth."""
    return f"i{min(max(int(depth), 0), 12)}"


@register.simple_tag(takes_context=True)
def component(context: Context, component_name: str, **values: Any) -> SafeString:
    """Return a component rendered with these values alone, so that no name of the page leaks into it."""
    engine = cast(template.Template, context.template).engine
    shared = {name: context.get(name) for name in ("csrf_token", "request")}
    return engine.get_template(f"components/{component_name}.html").render(Context({**shared, **values}))


@register.simple_tag
@functools.cache
def icon(name: str, big: bool = False) -> SafeString:
    """Return one icon as inline SVG, hidden from screen readers: the text beside it says what it means."""
    size = " icon-big" if big else ""
    return format_html(
        '<svg class="icon{}" viewBox="0 0 16 16" aria-hidden="true"><path d="{}"/></svg>', size, ICONS[name]
    )


@register.simple_tag
@functools.cache
def key(name: str) -> SafeString:
    """Return the badge of a shortcut, given by name or by keys; nothing when there is no such shortcut."""
    shortcut = keys.find(name)
    if shortcut is None:
        return SafeString("")
    caps = format_html_join("", "<kbd>{}</kbd>", ((cap,) for step in shortcut.steps for cap in step))
    return format_html('<span class="keys">{}</span>', caps)


@register.filter
def shortcut_name(keys_or_name: str) -> str:
    """Return the name that `data-shortcut` needs, or nothing when there is no such shortcut."""
    shortcut = keys.find(keys_or_name)
    return shortcut.name if shortcut else ""


@register.filter
def aria_keys(keys_or_name: str) -> str:
    """Return a shortcut in the words of `aria-keyshortcuts`."""
    shortcut = keys.find(keys_or_name)
    return shortcut.keys.replace("Ctrl", "Control") if shortcut else ""


@register.simple_tag
def key_table() -> list[dict[str, str]]:
    """Return the shortcut table as plain data for `json_script`."""
    return keys.table()


@register.simple_tag
def key_groups() -> list[tuple[str, list[keys.Shortcut]]]:
    """Return the shortcuts under their headings for the help sheet."""
    return keys.groups()


@register.simple_tag(takes_context=True)
def root_classes(context: Context) -> str:
    """Return the classes of `<html>`: the theme and density this browser asked for."""
    theme, density = preference(context, "theme"), preference(context, "density")
    return f"theme-{theme} density-{density}"


@register.simple_tag(takes_context=True)
def preference(context: Context, name: str) -> str:
    """Return one display choice from its cookie, or the default when the cookie is missing or odd."""
    choices = {"theme": THEMES, "density": DENSITIES, "shortcuts": ("on", "off"), "editor": ("rich", "simple")}[name]
    request = _request(context)
    chosen = request.COOKIES.get(f"cb_{name}", "") if request else ""
    return chosen if chosen in choices else choices[0]


@register.simple_tag(takes_context=True)
def other_query(context: Context, *replaced: str) -> list[tuple[str, str]]:
    """Return the query values a filter form must carry along, without those it sets and without the page position."""
    request = _request(context)
    dropped = {*replaced, *PAGE_POSITION}
    if request is None:
        return []
    return [(name, value) for name, values in request.GET.lists() if name not in dropped for value in values]


def _request(context: Context) -> HttpRequest | None:
    return cast(HttpRequest | None, context.get("request"))


@register.filter
def pretty_json(value: Any) -> str:
    """Return JSON with line breaks and indentation; text that is not JSON comes back as it was."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return str(value)
    try:
        return json.dumps(value, indent=2, ensure_ascii=False, default=str)
    except (ValueError, RecursionError):
        return str(value)


@register.filter
def coloured_json(value: Any) -> SafeString:
    """Return pretty JSON with its keys, texts, numbers and words marked; everything is escaped."""
    text = pretty_json(value)
    if len(text) > _JSON_COLOUR_LIMIT or not text.lstrip().startswith(("{", "[")):
        return format_html("{}", text)
    return format_html_join("", "{}", ((piece,) for piece in _json_pieces(text)))


def _json_pieces(text: str) -> Iterator[str]:
    end = 0
    for match in _JSON_TOKEN.finditer(text):
        yield text[end : match.start()]
        string, colon, number, word = match.groups()
        name = ("key" if colon else "string") if string else "number" if number else "word"
        yield format_html('<span class="j-{}">{}</span>{}', name, string or number or word, colon or "")
        end = match.end()
    yield text[end:]
