"""Where an answer says what it rests on: names of sources are not claims, and stand in no source themselves."""

from __future__ import annotations

import re

_NAMES = r"(?:sources?|references?|refs?\.?|see(?: also)?|further reading|cited from|quellen?|siehe|fuentes?|v[ée]ase|fontes?|voir)"
# «(Source: Refund rules)», «[1]», «[^2, 3]», «【4†source】», «[doc 2]».
_IN_BRACKETS = re.compile(
    rf"[(\[]\s?{_NAMES}\b\s?:?[^()\[\]\n]{{0,160}}[)\]]"
    r"|\[\s?\^?\d{1,3}(?:\s?[,;-]\s?\^?\d{1,3}){0,8}\s?\]|【[^】\n]{0,80}】|\[(?:doc|document|source|page)s?\.? ?#?\d{1,4}[^\]\n]{0,40}\]",
    re.IGNORECASE,
)
_ON_A_LINE = re.compile(rf"^[ *_>#-]{{0,6}}{_NAMES}[*_]{{0,2}}\s?:[^\n]{{0,200}}$", re.IGNORECASE | re.MULTILINE)
# A heading, and the list under it.
_AS_A_LIST = re.compile(
    rf"^[ *_>#-]{{0,6}}{_NAMES}[*_]{{0,2}}:?[*_]{{0,2}}[ ]{{0,4}}\n"
    r"(?:[ ]{0,4}(?:[-*•]|\[?\d{1,3}[\].)])[^\n]{0,300}(?:\n|$)){1,20}",
    re.IGNORECASE | re.MULTILINE,
)


def without(text: str) -> str:
    """Return a plain text with blanks in place of what names its sources; all places stay the same."""
    for pattern in (_AS_A_LIST, _ON_A_LINE, _IN_BRACKETS):
        text = pattern.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)
    return text
