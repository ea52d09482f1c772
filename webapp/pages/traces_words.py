"""The words for the terms of a filter."""

from __future__ import annotations

from monitoring.exploring.fields import FIELDS
from monitoring.exploring.terms import Operator, Term, Value
from webapp.pages import findings_words

_CHOICES = {
    ("outcome", "ok"): "without errors", ("outcome", "error"): "with errors", ("feedback", "up"): "thumbs up",
    ("feedback", "down"): "thumbs down", ("arm", "candidate"): "new version", ("arm", "control"): "version until now",
}  # fmt: skip
_SIGNS = {
    Operator.ABOVE: "more than ", Operator.AT_LEAST: "at least ", Operator.BELOW: "less than ",
    Operator.AT_MOST: "at most ",
}  # fmt: skip


def of_term(term: Term) -> tuple[str, str]:
    """Return the label of a term and the words for its values."""
    field = FIELDS[term.field]
    label = f"{field.label} {term.key}" if term.key else field.label
    return f"Not {label.lower()}" if term.is_negated else label, " or ".join(
        _value(term.field, one) for one in term.values
    )


def _value(field: str, value: Value) -> str:
    if field == "flag":
        return findings_words.filter_words(value.text)
    if field == "issue":
        return f"#{value.text}"
    text = _CHOICES.get((field, value.text), value.text)
    if field == "cost" and text[:1].isdigit():
        text = f"${text}"
    if value.operator == Operator.BEGINS:
        return f"{text}…" if text else "anything"
    return f"{_SIGNS.get(value.operator, '')}{text}" or "nothing"
