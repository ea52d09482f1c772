"""The weekly report as Markdown, to paste into a document or a chat; nothing that anybody wrote becomes markup."""

from __future__ import annotations

import re

from django.conf import settings

from monitoring.weekly import words
from monitoring.weekly.reports import Report
from monitoring.weekly.words import Line

# One character at a time, so that no text makes it slow.
_MARKUP = re.compile(r"([\\`*_{}\[\]<>()#+\-.!|~&:@])")
_MARKS = {words.GOOD: "✔ ", words.BAD: "✘ "}


def document(report: Report) -> str:
    """Return the report as a document."""
    title = f"{escaped(report.project.name)}: week of {escaped(words.dates(report.week))}"
    lines = [f"# {title}", "", escaped(words.summary(report)), ""]
    for section in words.sections(report):
        lines += [f"## {escaped(section.title)}", ""]
        lines += [_line(line) for line in section.lines] or [escaped(section.nothing)]
        lines.append("")
    if rest := words.unchanged(report.figures):
        lines += [escaped(rest), ""]
    return "\n".join([*lines, f"[The report in Callboard]({_url(words.path(report.project, report.week))})", ""])


def escaped(text: str) -> str:
    """Return a text that Markdown shows as it is, on one line."""
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))


def _line(line: Line) -> str:
    text = escaped(line.text)
    linked = f"[{text}]({_url(line.path)})" if line.path else text
    detail = f" {escaped(line.detail)}" if line.detail else ""
    return f"- {_MARKS.get(line.tone, '')}{linked}{detail}"


def _url(path: str) -> str:
    return f"{settings.PUBLIC_URL}{path}"
