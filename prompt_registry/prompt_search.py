"""Finds prompts by words in their names and in the texts that are newest or live, and marks where the words stand."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Q
from django.db.models.expressions import RawSQL

from projects.models import Project

MAX_TERMS = 8
MAX_WORD = 100
_EXCERPT, _BEFORE = 200, 40
# The rule of prompt_words() in migrations/prompt_registry/sql/prompt_text.sql.
_WORDS = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch of text, and whether it is what was searched for."""

    text: str
    is_found: bool = False


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Where the text of a version has the words; `number` is that version."""

    number: int
    marks: tuple[Mark, ...]
    is_start: bool = False


def terms_of(words: str) -> tuple[str, ...]:
    """Return what must all be found, taken literally; upper and lower case are the same."""
    return tuple(dict.fromkeys(words.lower().split()))[:MAX_TERMS]


def condition(project: Project, terms: Sequence[str]) -> Q:
    """Return the condition of the prompts that have every term in their name, or every term in one of their texts."""
    in_name = Q()
    for term in terms:
        in_name &= Q(name__icontains=term)
    where, values = _where(project.pk, terms)
    return in_name | Q(pk__in=RawSQL(f"SELECT prompt_id FROM prompt_text t WHERE {where}", values))  # noqa: S611


def excerpts(*, project: Project, prompts: Sequence[int], terms: Sequence[str]) -> dict[int, Excerpt]:
    """Return the place of the first term in the newest text of each prompt that has all of them."""
    where, values = _where(project.pk, terms)
    query = f"""
        SELECT DISTINCT ON (prompt_id) prompt_id, number, first, substring(body FROM first FOR {_EXCERPT})
        FROM prompt_text t, LATERAL (SELECT greatest(1, strpos(folded, lower(%s)) - {_BEFORE}) AS first) places
        WHERE prompt_id = ANY(%s) AND {where} ORDER BY prompt_id, number DESC
    """
    with connection.cursor() as cursor:
        cursor.execute(query, [terms[0], list(prompts), *values])
        return {
            prompt_id: Excerpt(number, mark(text, terms), is_start=first == 1)
            for prompt_id, number, first, text in cursor.fetchall()
        }


def mark(text: str, terms: Sequence[str]) -> tuple[Mark, ...]:
    """Return the text in stretches, with every occurrence of a term marked."""
    lowered = "".join(low if len(low := character.lower()) == 1 else character for character in text)
    marks: list[Mark] = []
    at = 0
    while at < len(text):
        start, length = min(
            ((place, -len(term)) for term in terms if (place := lowered.find(term, at)) >= 0), default=(len(text), 0)
        )
        if start > at:
            marks.append(Mark(text[at:start]))
        if length:
            marks.append(Mark(text[start : start - length], is_found=True))
        at = start - length
    return tuple(marks)


def _where(project_id: int, terms: Sequence[str]) -> tuple[str, list[Any]]:
    """Return the condition on `prompt_text t`: the index narrows by whole words, what is left is searched literally."""
    conditions, values = ["t.project_id = %s"], list[Any]([project_id])
    if query := _word_query(terms):
        conditions.append("t.words @@ %s::tsquery")
        values.append(query)
    for term in terms:
        conditions.append("strpos(t.folded, lower(%s)) > 0")
        values.append(term)
    return " AND ".join(conditions), values


def _word_query(terms: Sequence[str]) -> str:
    """Return the words that a text must have, the last of every term with any ending; nothing when there is none."""
    wanted = []
    for term in terms:
        found = _WORDS.findall(term)
        has_ending = not found or not term.endswith(found[-1])
        wanted += [f"'{word[:MAX_WORD]}'" for word in found[: None if has_ending else -1]]
        if not has_ending:
            wanted.append(f"'{found[-1][:MAX_WORD]}':*")
    return " & ".join(dict.fromkeys(wanted))
