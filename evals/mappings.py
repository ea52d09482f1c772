"""Which column of a file becomes what part of an item: guessed from the names, and then as a person says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import models

from evals import item_contents
from evals.errors import ItemNotUsable
from evals.file_rows import FileRow, Layout
from evals.item_contents import MESSAGES, UNNAMED, ItemContent


class Role(models.TextChoices):
    BLANK = "blank", "Blank"
    INPUT = "input", "All that goes in"
    MESSAGES = "messages", "Conversation"
    EXPECTED = "expected", "Expected answer"
    CONTEXT = "context", "Context"
    NOTE = "note", "Note beside it"
    NOTES = "notes", "Several notes"
    TAGS = "tags", "Tags"
    SPLIT = "split", "Part (train, test)"
    IGNORE = "ignore", "Leave out"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a file, what becomes of it, and under which name."""

    column: str
    role: str
    name: str


_INPUTS = {"input", "inputs", "item", "vars"}
_EXPECTED = {
    "expected_output", "expectedoutput", "expected", "expected_answer", "outputs", "reference_outputs", "output", "ideal",
    "reference", "reference_answer", "ground_truth", "correct_label", "target",
}  # fmt: skip
_QUESTIONS = {"question", "prompt", "query", "text", "instruction"}
_SAME = {
    "context": Role.CONTEXT, "tags": Role.TAGS, "split": Role.SPLIT, "dataset_split": Role.SPLIT, "metadata": Role.NOTES,
    "messages": Role.MESSAGES,
}  # fmt: skip
# Two answers to the same, of which people chose one: both go in, and the choice is what should come out.
_PAIRS = [
    {"a", "b"}, {"answer_a", "answer_b"}, {"response_a", "response_b"}, {"output_a", "output_b"},
    {"completion_a", "completion_b"},
]  # fmt: skip
_CHOICES = ("human_preference", "preference", "preferred", "winner", "choice", "label")
# What other products keep about their rows and what nobody needs here.
_BOOKKEEPING = {
    "createdat", "updatedat", "created_at", "modified_at", "datasetid", "datasetname", "dataset_id", "status", "sample",
    "sourcetraceid", "sourceobservationid", "source_run_id", "source_trace_id", "attachments", "attachment_urls",
}  # fmt: skip
# promptfoo writes checks where others write answers; only «equals» is an answer.
_ASSERTION = re.compile(r"^(not-)?([a-z]+(?:-[a-z]+)*)(?:\([^)\n]{0,40}\))?:", re.ASCII)
_ASSERTIONS = {
    "contains", "icontains", "contains-all", "contains-any", "icontains-all", "icontains-any", "starts-with", "regex",
    "is-json", "contains-json", "llm-rubric", "grade", "factuality", "similar", "levenshtein", "rouge-n", "latency", "cost",
    "javascript", "fn", "eval", "python", "file", "answer-relevance", "model-graded-closedqa", "webhook", "bleu", "f-score",
}  # fmt: skip


def suggest(rows: Sequence[Mapping[str, Any]], layout: Layout) -> list[Column]:
    """Return what each column of these first rows most likely is."""
    samples: dict[str, Any] = {}
    for row in rows:
        for column, value in row.items():
            if samples.get(column) in (None, ""):
                samples[column] = value
    found = [_table_column(column) if layout.is_table else _json_column(column, samples[column]) for column in samples]
    return _with_one_answer(_with_a_choice(_with_an_input(found, samples)))


def read(values: Iterable[Sequence[str]]) -> list[Column]:
    """Return a mapping as it is stored."""
    return [Column(*map(str, value)) for value in values]


def stored(mapping: Iterable[Column]) -> list[list[str]]:
    """Return a mapping as it can be stored."""
    return [[column.column, column.role, column.name] for column in mapping]


def content_of(row: FileRow, mapping: Sequence[Column]) -> ItemContent:
    """Return the item that a row is, or raise ItemNotUsable with what is wrong with it."""
    if row.problem:
        raise ItemNotUsable([row.problem])
    values = row.values
    if values.get("status") == "ARCHIVED" and ("datasetId" in values or "datasetName" in values):
        raise ItemNotUsable(["It is archived in Langfuse, so it is left out."])
    item = _Assembly()
    for column in mapping:
        if column.column in values:
            item.take(column, values[column.column])
    return item.content()


class _Assembly:
    """An item that is put together from the columns of one row."""

    def __init__(self) -> None:
        self.input: dict[str, Any] = {}
        self.expected: Any = None
        self.context: list[str] = []
        self.notes: dict[str, Any] = {}
        self.tags: list[str] = []
        self.split = ""

    def take(self, column: Column, value: Any) -> None:
        if value is None or column.role == Role.IGNORE:
            return
        if column.role == Role.BLANK:
            self.input[column.name] = value
        elif column.role == Role.INPUT:
            self.input |= _object_of(value)
        elif column.role == Role.MESSAGES:
            if value != "":
                self.input[MESSAGES] = _loaded(value)
        elif column.role == Role.EXPECTED:
            self._expect(column, value)
        else:
            self._take_beside(column, value)

    def _expect(self, column: Column, value: Any) -> None:
        is_answer, found = _answer_of(column.column, value)
        if not is_answer:
            self.notes["check"] = found
        elif found != "":
            self.expected = found

    def _take_beside(self, column: Column, value: Any) -> None:
        if value == "":
            return
        if column.role == Role.CONTEXT:
            self.context.append(value if isinstance(value, str) else _as_json(value))
        elif column.role == Role.NOTE:
            self.notes[column.name] = value
        elif column.role == Role.NOTES:
            self.notes |= value if isinstance(value, dict) else {column.name: value}
        elif column.role == Role.TAGS:
            self.tags += _list_of(value)
        else:
            self.split = next(iter(_list_of(value)), "")

    def content(self) -> ItemContent:
        self._settle()
        return item_contents.checked(
            input=self.input, expected_output=self.expected, context="\n\n".join(self.context), metadata=self.notes,
            tags=self.tags, split=self.split,
        )  # fmt: skip

    def _settle(self) -> None:
        """Find the answer and the part of the dataset where other products keep them inside something else."""
        if not self.split and (part := self.notes.get("dataset_split")):
            del self.notes["dataset_split"]
            self.split = next(iter(_list_of(part)), "")
        talk = self.input.get(MESSAGES)
        if self.expected is None and item_contents.is_conversation(talk) and len(talk) > 1:  # type: ignore[arg-type]
            last = talk[-1]  # type: ignore[index]
            if last.get("role") == "assistant" and isinstance(last.get("content"), str):
                self.expected, self.input[MESSAGES] = last["content"], talk[:-1]  # type: ignore[index]


def _table_column(column: str) -> Column:
    name = column.lower()
    if name.startswith("__metadata:"):
        return Column(column, Role.NOTE, column[len("__metadata:") :].removesuffix("[]") or column)
    if name.startswith("__"):
        role = {"__expected": Role.EXPECTED, "__context": Role.CONTEXT, "__split": Role.SPLIT, "__tags": Role.TAGS}
        return Column(column, role.get(name, Role.NOTE), column.strip("_") or column)
    if name in _EXPECTED:
        return Column(column, Role.EXPECTED, column)
    role_of = {"context": Role.CONTEXT, "split": Role.SPLIT, "tags": Role.TAGS, "messages": Role.MESSAGES}
    return Column(column, role_of.get(name, Role.BLANK), column)


def _json_column(column: str, sample: Any) -> Column:
    name = column.lower()
    if name in _INPUTS:
        return Column(column, Role.INPUT, column)
    if name in _EXPECTED:
        return Column(column, Role.EXPECTED, column)
    if name == MESSAGES and not item_contents.is_conversation(sample):
        return Column(column, Role.BLANK, column)
    if name in _BOOKKEEPING:
        return Column(column, Role.IGNORE, column)
    return Column(column, _SAME.get(name, Role.NOTE), column)


def _with_an_input(columns: list[Column], samples: Mapping[str, Any]) -> list[Column]:
    """See that something goes in: without a column that says so, the one that reads like a question, or the first text."""
    if any(column.role in (Role.BLANK, Role.INPUT, Role.MESSAGES) for column in columns):
        return columns
    chosen = [column for column in columns if column.column.lower() in _QUESTIONS]
    texts = [column for column in columns if isinstance(samples[column.column], str) and column.role == Role.NOTE]
    becomes = {column.column for column in (chosen or texts[:1])}
    return [
        Column(column.column, Role.BLANK, column.name) if column.column in becomes else column for column in columns
    ]


def _with_a_choice(columns: list[Column]) -> list[Column]:
    """See that two answers to choose from go in: without them, rows about the same question would be one item."""
    names = {column.column.lower() for column in columns}
    pair = next((pair for pair in _PAIRS if pair <= names), None)
    if pair is None:
        return columns
    choice = next((name for name in _CHOICES if name in names), "")
    becomes = {**dict.fromkeys(pair, Role.BLANK), choice: Role.EXPECTED}
    return [Column(one.column, becomes.get(one.column.lower(), one.role), one.name) for one in columns]


def _with_one_answer(columns: list[Column]) -> list[Column]:
    answers = [column for column in columns if column.role == Role.EXPECTED]
    first = min(answers, key=lambda column: "expected" not in column.column.lower(), default=None)
    return [
        Column(column.column, Role.NOTE, column.name) if column.role == Role.EXPECTED and column != first else column
        for column in columns
    ]


def _object_of(value: Any) -> dict[str, Any]:
    found = _loaded(value)
    if isinstance(found, dict):
        return found
    return {MESSAGES: found} if item_contents.is_conversation(found) else {UNNAMED: value}


def _loaded(value: Any) -> Any:
    """Return what a cell says, when it says it in JSON."""
    if not isinstance(value, str) or not value.lstrip().startswith(("{", "[")):
        return value
    try:
        return orjson.loads(value)
    except ValueError:
        return value


def _answer_of(column: str, value: Any) -> tuple[bool, Any]:
    """Return whether a value is an answer, and the answer itself."""
    if column.lower() in ("outputs", "reference_outputs") and isinstance(value, dict) and len(value) == 1:
        only = next(iter(value.values()))
        return True, only if isinstance(only, str) else value
    if column.lower() == "__expected" and isinstance(value, str) and (found := _ASSERTION.match(value)):
        if found[2] in ("equals", "is"):
            return (True, value[found.end() :].strip()) if not found[1] else (False, value)
        if found[2] in _ASSERTIONS:
            return False, value
    return True, value


def _list_of(value: Any) -> list[Any]:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return list(value) if isinstance(value, list | tuple) else [str(value)]


def _as_json(value: Any) -> str:
    return orjson.dumps(value, default=str).decode()
