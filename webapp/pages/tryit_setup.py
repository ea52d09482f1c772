"""What somebody chose on the page «Try» before the first run: columns, rows, and values typed by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.http import QueryDict

from evals.models import Dataset, DatasetItem
from monitoring.prompt_calls import PromptCall
from prompt_registry import trials
from prompt_registry.contents import PromptContent, Variable
from prompt_registry.errors import PromptRegistryError
from prompt_registry.models import Prompt
from prompt_registry.trial_money import Estimate
from prompt_registry.trial_plans import (
    MAX_COLUMNS,
    BlanksMissing,
    TrialInput,
    Variant,
    conversation_in,
    letter,
    missing_of,
)
from webapp.pages import tryit_sources
from webapp.pages.prompts_form import number_in
from webapp.pages.tryit_sources import Choice, Desk

NEWEST = "newest"
DISLIKED = "disliked"
HAND = "samples"
SOURCES = ((NEWEST, "Newest real calls"), (DISLIKED, "Calls that users disliked"), (HAND, "Values typed by hand"))
_DATASET = "dataset-"
COUNTS = (1, 3, 5, 10, 20)
USUAL_COUNT = 3
MAX_HAND = 20


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the set-up: what was chosen, and the variant it makes or the reason why there is none."""

    place: int
    choice: Choice
    variant: Variant | None
    problem: str = ""

    @property
    def letter(self) -> str:
        return letter(self.place)


@dataclass(frozen=True, slots=True)
class Field:
    """A blank of a row that is filled in by hand."""

    name: str
    key: str
    value: str
    description: str = ""
    is_missing: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the set-up: a real call, an item of a dataset, or values typed by hand, with the blanks to be filled in."""

    key: str
    given: TrialInput
    fields: list[Field]
    call: PromptCall | None = None


@dataclass(frozen=True, slots=True)
class SetUp:
    """Everything that the page shows before the first run."""

    desk: Desk
    source: str
    count: int
    columns: list[Column]
    rows: list[Row]
    datasets: list[Dataset]

    @property
    def sources(self) -> list[tuple[str, str]]:
        """What the rows can be, each with the words for it."""
        return [*SOURCES, *((f"{_DATASET}{one.pk}", f"Dataset «{one.name}»") for one in self.datasets)]

    @property
    def variants(self) -> list[Variant]:
        return [column.variant for column in self.columns if column.variant is not None]

    @property
    def inputs(self) -> list[TrialInput]:
        return [row.given for row in self.rows]

    @property
    def problems(self) -> list[str]:
        """What keeps the columns from being run, each said once."""
        return list(dict.fromkeys(column.problem for column in self.columns if column.problem))

    @property
    def grid(self) -> list[tuple[Row, list[str]]]:
        """The rows, each with what keeps its cells from being asked, by column; empty where nothing does."""
        return [(row, [_hindrance(column, row.given) for column in self.columns]) for row in self.rows]

    @property
    def left_out(self) -> list[str]:
        return left_out_of(self.variants, self.inputs)

    @property
    def unfilled(self) -> int:
        """In how many rows a blank has no value."""
        return sum(any(field.is_missing for field in row.fields) for row in self.rows)

    @property
    def estimate(self) -> Estimate:
        return trials.estimate(project_id=self.desk.prompt.project_id, inputs=self.inputs, variants=self.variants)

    @property
    def answers(self) -> int:
        """How many answers can be asked for."""
        return sum(
            not missing_of(variant.prompt_content, given.values) for given in self.inputs for variant in self.variants
        )

    @property
    def may_grow(self) -> bool:
        return len(self.columns) < MAX_COLUMNS


def read(prompt: Prompt, desk: Desk, chosen: QueryDict) -> SetUp:
    """Return the set-up that a form or an address describes; what it leaves open is chosen as is usual."""
    choices = _choices(desk, chosen)
    columns = [_column(desk, place, choice) for place, choice in enumerate(choices[:MAX_COLUMNS])]
    blanks = _blanks([column.variant.prompt_content for column in columns if column.variant])
    source, count = chosen.get("source", ""), number_in(chosen, "count")
    count = count if count in COUNTS else USUAL_COUNT
    datasets = tryit_sources.datasets_of(prompt.project)
    dataset = next((one for one in datasets if f"{_DATASET}{one.pk}" == source), None)
    if dataset is not None:
        items = tryit_sources.items_of(dataset, count=count)
        return SetUp(desk, source, count, columns, [_item_row(item, blanks, chosen) for item in items], datasets)
    calls = _calls(prompt, chosen, source, count)
    if source not in dict(SOURCES):
        source = NEWEST if calls else HAND
    rows = _hand_rows(blanks, chosen) if source == HAND else [_call_row(call, blanks, chosen) for call in calls]
    return SetUp(desk, source, count, columns, rows, datasets)


def _hindrance(column: Column, given: TrialInput) -> str:
    if column.variant is None:
        return "Cannot be asked."
    missing = missing_of(column.variant.prompt_content, given.values)
    return str(BlanksMissing(missing)) if missing else ""


def left_out_of(variants: Sequence[Variant], inputs: Sequence[TrialInput]) -> list[str]:
    """Return the inserted conversations of the variants that some input does not bring along."""
    names = dict.fromkeys(name for variant in variants for name in variant.prompt_content.placeholders)
    return [name for name in names if any(conversation_in(given.values.get(name, "")) is None for given in inputs)]


def _choices(desk: Desk, chosen: QueryDict) -> list[Choice]:
    whats = chosen.getlist("what")
    if not whats:
        return desk.usual()
    asked = zip(whats, _padded(chosen.getlist("on"), whats), _padded(chosen.getlist("model"), whats), strict=True)
    choices = [Choice(*one) for one in asked]
    action, _, place = chosen.get("do", "").partition("-")
    if action == "drop" and place.isdigit() and len(choices) > 1:
        choices = [choice for number, choice in enumerate(choices) if number != int(place)]
    if action == "add":
        taken = {choice.what for choice in choices}
        free = [what for what, _ in desk.whats if what not in taken]
        choices.append(Choice(free[0] if free else choices[-1].what))
    return choices


def _padded(values: list[str], like: Sequence[str]) -> list[str]:
    return (values + [""] * len(like))[: len(like)]


def _column(desk: Desk, place: int, choice: Choice) -> Column:
    try:
        return Column(place, choice, tryit_sources.variant_of(desk, choice))
    except PromptRegistryError as error:
        return Column(place, choice, None, str(error))


def _blanks(contents: list[PromptContent]) -> dict[str, Variable]:
    """Return every blank of any column; one that some column needs is needed."""
    found: dict[str, Variable] = {}
    for content in contents:
        for variable in content.variables:
            if variable.name not in found or variable.required:
                found[variable.name] = variable
    return found


def _calls(prompt: Prompt, chosen: QueryDict, source: str, count: int) -> list[PromptCall]:
    if source == HAND:
        return []
    if (shown := chosen.getlist("call")) and chosen.get("shown") == f"{source} {count}":
        # What was seen is what is run, even when new calls have come in since.
        return tryit_sources.calls_of(prompt, shown[: COUNTS[-1]])
    return tryit_sources.recent_calls(prompt, is_disliked=source == DISLIKED, count=count)


def _call_row(call: PromptCall, blanks: dict[str, Variable], chosen: QueryDict) -> Row:
    fields = _open_fields(call.trace_id.hex, blanks, call.variables, chosen)
    return Row(call.trace_id.hex, tryit_sources.input_of(call, filled=_values(fields)), fields, call)


def _item_row(item: DatasetItem, blanks: dict[str, Variable], chosen: QueryDict) -> Row:
    key = f"item-{item.number}"
    fields = _open_fields(key, blanks, item.input, chosen)
    return Row(key, tryit_sources.input_of_item(item, filled=_values(fields)), fields)


def _open_fields(key: str, blanks: dict[str, Variable], sent: Mapping[str, object], chosen: QueryDict) -> list[Field]:
    """Return a field for every blank that must be filled and that the row does not bring along."""
    return [_field(key, one, chosen, "") for name, one in blanks.items() if one.required and name not in sent]


def _values(fields: Sequence[Field]) -> dict[str, str]:
    return {field.name: field.value for field in fields if field.value}


def _hand_rows(blanks: dict[str, Variable], chosen: QueryDict) -> list[Row]:
    count = min(max(1, number_in(chosen, "hand") + (chosen.get("do") == "row")), MAX_HAND)
    rows = []
    for place in range(count):
        fields = [_field(str(place), one, chosen, one.sample if place == 0 else "") for one in blanks.values()]
        rows.append(Row(str(place), TrialInput(_values(fields)), fields))
    return rows


def _field(row: str, variable: Variable, chosen: QueryDict, usual: str) -> Field:
    key = f"value-{row}-{variable.name}"
    value = chosen.get(key, usual)
    return Field(variable.name, key, value, variable.description, is_missing=variable.required and not value)
