"""The line that says which traces: `prompt:refund-answer version:>=11 -model:gpt-4,gpt-4o "free words"`.

Any line can be read: what makes no sense is left out and named, with its place. What is written from terms reads as the same terms.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from monitoring.exploring import fields
from monitoring.exploring.fields import Field, FieldKind
from monitoring.exploring.terms import TEXT, Operator, Term, Value

MOST_TERMS, MOST_VALUES, MOST_CHARS = 30, 20, 2_000
_HEAD = re.compile(r'([A-Za-z][A-Za-z0-9_]*)(?:\.("(?:[^"\\]|\\.)*"|[^\s:",]+))?:')
_OPERATOR = re.compile(r">=|<=|>|<|=")
_WORD, _BARE, _SPACE = re.compile(r"\S+"), re.compile(r"[^\s,]*"), re.compile(r"\s*")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_PLAIN_VALUE, _PLAIN_KEY = re.compile(r'[^\s",*<>=]+'), re.compile(r'[^\s:",]+')


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a part of a line, in words, and where the part stands."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Parsed:
    """The terms of a line in their order, and what was left out of it."""

    terms: tuple[Term, ...]
    problems: tuple[Problem, ...] = ()


class _Wrong(Exception):
    """A part of the line makes no sense; the argument says why."""


def parse(line: str, *, is_exact: bool = False) -> Parsed:
    """Return what a line says; words with a colon after a name that no field has are looked for, or wrong in an exact line."""
    terms: list[Term] = []
    problems: list[Problem] = []
    reader = _Reader(line[:MOST_CHARS], is_exact=is_exact)
    if len(line) > MOST_CHARS:
        problems.append(Problem(f"The line is cut: it may have {MOST_CHARS} characters.", MOST_CHARS, len(line)))
    while (start := reader.next_start()) is not None:
        try:
            terms.append(reader.term())
        except _Wrong as error:
            reader.skip_word(start)
            problems.append(Problem(str(error), start, reader.at))
    if len(terms) > MOST_TERMS:
        problems.append(Problem(f"Only the first {MOST_TERMS} conditions count.", 0, reader.at))
    return Parsed(tuple(terms[:MOST_TERMS]), tuple(problems))


def printed(terms: Iterable[Term]) -> str:
    """Return the line that says these terms."""
    return " ".join(_printed(term) for term in terms)


class _Reader:
    """Goes through a line once, from its beginning to its end."""

    def __init__(self, line: str, *, is_exact: bool) -> None:
        self.line, self.is_exact, self.at = line, is_exact, 0

    def next_start(self) -> int | None:
        """Go over spaces; return where the next part begins, None at the end."""
        self._take(_SPACE)
        return self.at if self.at < len(self.line) else None

    def skip_word(self, start: int) -> None:
        """Go to the end of the word in which something is wrong."""
        self.at = max(self.at, start + 1)
        if not self._is_between():
            self._take(_WORD)

    def term(self) -> Term:
        is_negated = self.line.startswith("-", self.at) and self.at + 1 < len(self.line)
        is_negated = is_negated and not self.line[self.at + 1].isspace()
        self.at += is_negated
        if self._sees('"'):
            return Term(TEXT, (self._checked(fields.FIELDS[TEXT], Value(self._quoted())),), is_negated=is_negated)
        head = _HEAD.match(self.line, self.at)
        field = fields.find(head[1]) if head else None
        if head and field:
            self.at = head.end()
            return Term(field.name, self._values(field), _key(field, head[2]), is_negated)
        if head and (meant := fields.nearest(head[1])):
            raise _Wrong(f"There is no field {head[1]}. Write {meant}: or put the word in quotes.")
        if head and self.is_exact:
            raise _Wrong(f"There is no field {head[1]}. Put the word in quotes to look for it in the texts.")
        return Term(TEXT, (self._checked(fields.FIELDS[TEXT], Value(self._take(_WORD))),), is_negated=is_negated)

    def _values(self, field: Field) -> tuple[Value, ...]:
        found = [self._value(field)]
        while self._sees(","):
            self.at += 1
            found.append(self._value(field))
        if not self._is_between():
            raise _Wrong("After the closing quote there must be a space or a comma.")
        if len(found) > MOST_VALUES:
            raise _Wrong(f"{field.name} may have {MOST_VALUES} values at most.")
        return tuple(found)

    def _value(self, field: Field) -> Value:
        sign = self._take(_OPERATOR).removeprefix("=") if _OPERATOR.match(self.line, self.at) else ""
        if self._sees('"'):
            text, begins = self._quoted(part_of_term=True), self._sees("*")
            self.at += begins
        else:
            text = self._take(_BARE)
            if not text:
                raise _Wrong(f"Say which {field.label.lower()} after {field.name}: without a space.")
            begins = text.endswith("*")
            text = text.removesuffix("*")
        if begins and sign:
            raise _Wrong(f"{sign} and * cannot be used together.")
        return self._checked(field, Value(text, Operator.BEGINS if begins else Operator(sign)))

    def _checked(self, field: Field, value: Value) -> Value:
        if wrong := fields.problem_with(field, value):
            raise _Wrong(wrong)
        if field.kind == FieldKind.CHOICE:
            return Value(value.text.lower(), value.operator)
        return value

    def _quoted(self, *, part_of_term: bool = False) -> str:
        found = _QUOTED.match(self.line, self.at)
        if found is None:
            self.at = len(self.line)
            raise _Wrong("A quote is opened and never closed.")
        self.at = found.end()
        if not part_of_term and not self._is_between():
            raise _Wrong("After the closing quote there must be a space.")
        return _unescaped(found[1])

    def _sees(self, text: str) -> bool:
        return self.line.startswith(text, self.at)

    def _is_between(self) -> bool:
        return self.at >= len(self.line) or self.line[self.at].isspace()

    def _take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.line, self.at)
        if found is None:
            return ""
        self.at = found.end()
        return found[0]


def _key(field: Field, written: str | None) -> str:
    if field.key_label and not written:
        raise _Wrong(f"After {field.name} comes a dot and {field.key_label}, as in {field.hint}.")
    if written and not field.key_label:
        raise _Wrong(f"{field.name} has no parts: leave out what stands after the dot.")
    key = _unescaped(written[1:-1]) if written and written.startswith('"') else written or ""
    if field.key_label and not key:
        raise _Wrong(f"After the dot comes {field.key_label}, as in {field.hint}.")
    if len(key) > fields.MOST_CHARS or "\x00" in key:
        raise _Wrong(f"Nothing has {field.key_label} like that.")
    return key


def _printed(term: Term) -> str:
    sign = "-" if term.is_negated else ""
    if term.field == TEXT and len(term.values) == 1 and term.values[0].operator == Operator.EQUALS:
        return _printed_words(term, sign)
    key = f".{term.key if _PLAIN_KEY.fullmatch(term.key) else _quoted(term.key)}" if term.key else ""
    return f"{sign}{term.field}{key}:{','.join(_printed_value(value) for value in term.values)}"


def _printed_words(term: Term, sign: str) -> str:
    bare = f"{sign}{term.values[0].text}"
    return bare if parse(bare) == Parsed((term,)) else f"{sign}{_quoted(term.values[0].text)}"


def _printed_value(value: Value) -> str:
    begins = value.operator == Operator.BEGINS
    if begins and not value.text:
        return "*"
    text = value.text if _PLAIN_VALUE.fullmatch(value.text) else _quoted(value.text)
    return f"{text}*" if begins else f"{value.operator}{text}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(r"\1", text)
