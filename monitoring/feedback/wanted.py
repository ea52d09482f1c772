"""Which feedback somebody wants to see, as a condition on rows of scores."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any
from uuid import UUID

from monitoring.models import Triage

# What people said; checks and detectors have pages of their own.
_SOURCES = "{0}.source IN ('user', 'human', 'api')"
# As in the indexes of migrations/monitoring/sql/feedback_inbox.sql.
_HAS_WORDS = "({0}.comment <> '' OR {0}.data_type IN ('text', 'correction'))"
SAID = "said_key({0}.data_type, {0}.comment, {0}.string_value)"
# Rows that differ in nothing but who said it about which call; only those with words are in the index.
_ALIKE = (
    _HAS_WORDS
    + " AND "
    + _HAS_WORDS.replace("{0}", "{1}")
    + " AND "
    + SAID
    + " = said_key({1}.data_type, {1}.comment, {1}.string_value) AND {0}.data_type = {1}.data_type "
    "AND {0}.value IS NOT DISTINCT FROM {1}.value AND {0}.prompt_name IS NOT DISTINCT FROM {1}.prompt_name"
)


class Form(StrEnum):
    """In which form something was said."""

    WORDS = "words"
    CORRECTIONS = "corrections"
    COMMENTS = "comments"
    ALL = "all"


_FORMS = {
    Form.WORDS: _HAS_WORDS,
    Form.CORRECTIONS: "{0}.data_type = 'correction'",
    Form.COMMENTS: "({0}.comment <> '' OR {0}.data_type = 'text') AND {0}.data_type <> 'correction'",
    # A number or a category without a word is a score, and none of what is read one by one.
    Form.ALL: "({0}.data_type = 'thumbs' OR " + _HAS_WORDS + ")",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A filter of the inbox; what is empty is not asked for."""

    project_id: int
    triage: str = Triage.NEW
    form: Form = Form.WORDS
    thumbs: str = ""
    source: str = ""
    prompt: str = ""
    environment: str = ""
    words: str = ""
    # Everything that says the same as this one.
    like: UUID | None = None

    def condition(self, alias: str) -> str:
        """Return the condition on the rows under a name of a query; its values are those of `values`."""
        parts = ["{0}.project_id = %(project)s", _SOURCES, _FORMS[self.form]]
        if self.form in (Form.CORRECTIONS, Form.COMMENTS):
            parts.append(_HAS_WORDS)
        if self.triage:
            parts.append("{0}.triage = %(triage)s")
        if self.thumbs:
            parts.append("{0}.data_type = 'thumbs' AND {0}.value = %(thumbs)s")
        for name in ("source", "environment"):
            if getattr(self, name):
                parts.append(f"{{0}}.{name} = %({name})s")
        if self.prompt:
            parts.append("{0}.prompt_name = %(prompt)s")
        if self.words:
            parts.append("strpos(lower({0}.comment || ' ' || coalesce({0}.string_value, '')), %(words)s) > 0")
        if self.like:
            same = alike("like_row", "{0}")
            parts.append(
                f"EXISTS (SELECT FROM score like_row WHERE like_row.project_id = %(project)s AND like_row.id = %(like)s AND {same})"
            )
        return " AND ".join(parts).format(alias)

    @property
    def values(self) -> dict[str, Any]:
        return {
            "project": self.project_id, "triage": self.triage, "thumbs": int(self.thumbs == "up"), "source": self.source,
            "prompt": self.prompt, "environment": self.environment, "words": self.words.lower(), "like": self.like,
        }  # fmt: skip

    @property
    def is_narrowed(self) -> bool:
        """Tell whether more is asked for than a state."""
        return self != Wanted(self.project_id, triage=self.triage, environment=self.environment)

    def of_state(self, triage: str) -> Wanted:
        """Return the same filter for another state; empty for every state."""
        return replace(self, triage=triage)


def alike(one: str, other: str) -> str:
    """Return the condition that two rows, under their names in a query, say the same about answers of the same prompt."""
    return _ALIKE.format(one, other)
