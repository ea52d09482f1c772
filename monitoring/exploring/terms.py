"""What a filter is made of: terms that a trace must fit, or must not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

# The field of words that stand for themselves.
TEXT = "text"


class Operator(StrEnum):
    EQUALS = ""
    AT_LEAST = ">="
    AT_MOST = "<="
    ABOVE = ">"
    BELOW = "<"
    BEGINS = "*"

    @property
    def compares(self) -> bool:
        return self in (Operator.AT_LEAST, Operator.AT_MOST, Operator.ABOVE, Operator.BELOW)


@dataclass(frozen=True, slots=True)
class Value:
    """One value as it was written, and how it is held against what a trace has."""

    text: str
    operator: Operator = Operator.EQUALS


@dataclass(frozen=True, slots=True)
class Term:
    """One condition: any of the values will do. `key` names the member of metadata, or the score."""

    field: str
    values: tuple[Value, ...]
    key: str = ""
    is_negated: bool = False

    @property
    def only(self) -> str:
        """The value of a term that asks for exactly one, or nothing."""
        if self.is_negated or len(self.values) != 1 or self.values[0].operator != Operator.EQUALS:
            return ""
        return self.values[0].text


def term(field: str, *texts: str, operator: Operator = Operator.EQUALS) -> Term:
    """Return the term that asks for one of some values."""
    return Term(field, tuple(Value(text, operator) for text in texts))
