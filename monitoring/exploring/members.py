"""Conditions on scores by their name, and on members of the metadata of a step, which is stored as text."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Case, F, Func, Q, Value, When
from django.db.models.functions import Cast

from monitoring.exploring import amounts
from monitoring.exploring.terms import Operator
from monitoring.exploring.terms import Value as Asked
from monitoring.models import ScoreSource, ScoreType, SpanQuerySet

_LOOKUPS = {Operator.AT_LEAST: "gte", Operator.AT_MOST: "lte", Operator.ABOVE: "gt", Operator.BELOW: "lt"}
_YES_OR_NO = {"true": 1.0, "yes": 1.0, "up": 1.0, "false": 0.0, "no": 0.0, "down": 0.0}
_SAID = Q(source__in=[ScoreSource.USER, ScoreSource.HUMAN])
HAS = {
    "comment": _SAID & (~Q(comment="") | Q(data_type=ScoreType.TEXT)),
    "correction": Q(data_type=ScoreType.CORRECTION),
    "score": Q(),
}
_NUMBER = r"^-?[0-9]{1,15}(\.[0-9]{1,15})?$"


class _Member(Func):
    """The member of a JSON object that is stored as text; nothing where the text is no object."""

    template = "CASE WHEN %(column)s IS JSON OBJECT THEN %(column)s::jsonb -> %(key)s::text END"
    output_field = models.JSONField()

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        column, column_values = compiler.compile(self.source_expressions[0])
        key, key_values = compiler.compile(self.source_expressions[1])
        return self.template % {"column": column, "key": key}, [*column_values * 2, *key_values]


class _Text(Func):
    """A JSON value as text, without the quotes of a string."""

    template = "(%(expressions)s #>> '{}')"
    output_field = models.TextField()


class _Holds(Func):
    """Tells whether a JSON value is this string, or a list with it."""

    function = "jsonb_exists"
    output_field = models.BooleanField()


def score_condition(name: str, value: Asked) -> Q:
    """Return the condition on scores of a name that have the value."""
    named, text = Q(name=name), value.text
    if value.operator.compares:
        return named & Q(**{f"value__{_LOOKUPS[value.operator]}": amounts.number(text)})
    if value.operator == Operator.BEGINS:
        return named & Q(string_value__startswith=text) if text else named
    found = Q(string_value=text)
    number = amounts.number(text)
    if number is not None:
        found |= Q(value=number)
    if text.lower() in _YES_OR_NO:
        found |= Q(data_type__in=[ScoreType.BOOLEAN, ScoreType.THUMBS], value=_YES_OR_NO[text.lower()])
    return named & found


def with_member(steps: SpanQuerySet, key: str, value: Asked) -> models.QuerySet[Any, Any]:
    """Return the steps whose metadata has the value under the key."""
    held = steps.annotate(held=_Member(F("metadata"), Value(key))).annotate(held_text=_Text(F("held")))
    if value.operator.compares:
        number = Case(
            When(
                held_text__regex=_NUMBER, then=Cast("held_text", models.DecimalField(max_digits=40, decimal_places=15))
            )
        )
        return held.annotate(number=number).filter(
            **{f"number__{_LOOKUPS[value.operator]}": amounts.number(value.text)}
        )
    if value.operator == Operator.BEGINS:
        return held.filter(held_text__startswith=value.text) if value.text else held.filter(held__isnull=False)
    return held.annotate(is_in=_Holds(F("held"), Value(value.text))).filter(Q(held_text=value.text) | Q(is_in=True))
