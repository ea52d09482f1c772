"""Trials: making the grid, asking for answers, stopping, judging, and finding it again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import F, Q, Sum
from django.utils import timezone

from projects import jobs
from projects.models import User
from projects.roles import Action
from prompt_registry import trial_money
from prompt_registry.errors import PromptRegistryError
from prompt_registry.models import Prompt
from prompt_registry.permissions import demand
from prompt_registry.prices import books
from prompt_registry.prices.costs import Book
from prompt_registry.rendering import utf8_length
from prompt_registry.trial_models import ACTIVE, CellState, Mark, Trial, TrialAttempt, TrialCell
from prompt_registry.trial_money import Cost, Estimate
from prompt_registry.trial_plans import MAX_CELLS, MAX_COLUMNS, MAX_ROWS, TrialInput, Variant, messages_of

RUN_KIND = "trial.run"
KEPT_FOR = timedelta(days=30)
MAX_INPUT_BYTES = 8 * 1024 * 1024
_FREE = Cost(0)


class InputsTooLarge(PromptRegistryError):
    """These inputs are larger than 8 MiB in all. Take fewer of them."""


class NothingToTry(PromptRegistryError):
    """A trial needs at least one input and one variant. Choose them first."""


class GridTooLarge(PromptRegistryError):
    """This grid is too large: at most 50 inputs, 6 variants and 120 answers. Take fewer inputs or fewer variants."""


@transaction.atomic
def create(*, prompt: Prompt, inputs: Sequence[TrialInput], variants: Sequence[Variant], by: User) -> Trial:
    """Return a new grid, in which nothing is asked yet."""
    demand(project=prompt.project, action=Action.RUN_MODELS, by=by)
    _check_size(inputs, len(variants))
    trial = Trial.objects.create(
        project=prompt.project, prompt=prompt, created_by=by, inputs=[one.cleaned().to_json() for one in inputs],
        variants=[variant.to_json() for variant in variants],
    )  # fmt: skip
    _fill(trial)
    return trial


@transaction.atomic
def add(*, trial: Trial, inputs: Sequence[TrialInput] = (), variants: Sequence[Variant] = (), by: User) -> Trial:
    """Add rows and columns to a grid."""
    demand(project=trial.project, action=Action.RUN_MODELS, by=by)
    trial = _locked(trial)
    known = [TrialInput.from_json(raw) for raw in trial.inputs]
    _check_size([*known, *inputs], len(trial.variants) + len(variants))
    trial.inputs += [one.cleaned().to_json() for one in inputs]
    trial.variants += [variant.to_json() for variant in variants]
    trial.touched_at = timezone.now()
    trial.save(update_fields=["inputs", "variants", "touched_at"])
    _fill(trial)
    return trial


@transaction.atomic
def ask(
    *, trial: Trial, by: User, row: int | None = None, column: int | None = None, only_new: bool = False
) -> int:  # fmt: skip
    """Ask for the answers of the whole grid, a row, a column or one cell; return how many. What is under way goes on.

    `only_new` leaves out what has an answer already. A cell whose blanks cannot be filled fails here, and is never sent.
    """
    demand(project=trial.project, action=Action.RUN_MODELS, by=by)
    trial = _locked(trial)
    cells = trial.cells.exclude(state__in=ACTIVE)
    for name, place in (("row", row), ("column", column)):
        cells = cells.filter(**{name: place}) if place is not None else cells
    if only_new:
        cells = cells.exclude(state=CellState.DONE)
    chosen = list(cells.select_for_update())
    for cell in chosen:
        _prepare(trial, cell, by)
    TrialCell.objects.bulk_update(chosen, _ASKED_FIELDS)
    trial.runs, trial.touched_at = trial.runs + 1, timezone.now()
    trial.save(update_fields=["runs", "touched_at"])
    if any(cell.state == CellState.READY for cell in chosen):
        jobs.add(kind=RUN_KIND, dedupe_key=f"trial {trial.pk} run {trial.runs}", project_id=trial.project_id)
    return len(chosen)


@transaction.atomic
def stop(*, trial: Trial, by: User) -> int:
    """Stop what is waiting or under way; return how many cells that were. What has arrived stays."""
    demand(project=trial.project, action=Action.RUN_MODELS, by=by)
    return trial.cells.filter(state__in=ACTIVE).update(state=CellState.STOPPED, revision=F("revision") + 1)


def judge(*, cell: TrialCell, mark: str, by: User) -> None:
    """Mark an answer as better than the others, or as good as they are; the same mark again takes it away."""
    demand(project=cell.trial.project, action=Action.RUN_MODELS, by=by)
    wanted = Mark(mark) if mark in Mark.values else Mark.NONE
    value = Mark.NONE if cell.mark == wanted else wanted
    TrialCell.objects.filter(pk=cell.pk).update(mark=value, revision=F("revision") + 1)


def recent(*, prompt: Prompt, user: User, limit: int = 10) -> list[Trial]:
    """Return this person's latest trials of the prompt, without their inputs."""
    mine = Trial.objects.filter(prompt=prompt, created_by=user).newest_first()
    return list(mine.only("pk", "prompt", "variants", "touched_at", "created_at")[:limit])


def estimate(*, project_id: int, inputs: Iterable[TrialInput], variants: Sequence[Variant]) -> Estimate:
    """Return what asking every variant with every input may cost; what cannot be filled in costs nothing."""
    expected = worst = _FREE
    book = books.of(project_id)
    for one in inputs:
        for variant in variants:
            each = _estimated(book, one, variant)
            if each is not None:
                expected, worst = expected + each.expected, worst + each.worst
    return Estimate(expected, worst)


def spent_nano_usd(trial: Trial) -> int:
    """Return what all calls of the trial cost so far, those of workers that died included."""
    spent = TrialAttempt.objects.filter(cell__trial=trial).aggregate(sum=Sum("cost_nano_usd"))["sum"]
    return int(spent or 0)


def delete_old(*, older_than: timedelta = KEPT_FOR) -> int:
    """Remove trials that nobody touched for a while: they hold what users of the application wrote."""
    old = Trial.objects.filter(Q(touched_at__lt=timezone.now() - older_than))
    old = old.exclude(cells__state__in=ACTIVE)
    return old.delete()[0]


_ASKED_FIELDS = (
    "state", "attempts", "lease_token", "lease_until", "revision", "text", "error", "error_kind", "detail", "first_chunk_ms",
    "latency_ms", "input_tokens", "output_tokens", "cost_nano_usd", "is_price_known", "is_simulated", "model",
    "finish_reason", "mark", "asked_at", "asked_by",
)  # fmt: skip


def _prepare(trial: Trial, cell: TrialCell, by: User) -> None:
    """Empty the cell for a new answer, and see whether it can be asked at all."""
    fresh = TrialCell(
        pk=cell.pk, state=CellState.READY, revision=cell.revision + 1, asked_at=timezone.now(), asked_by=by
    )  # fmt: skip
    for name in _ASKED_FIELDS:
        setattr(cell, name, getattr(fresh, name))
    variant, one = Variant.from_json(trial.variants[cell.column]), TrialInput.from_json(trial.inputs[cell.row])
    try:
        messages_of(variant.prompt_content, one.values)
    except PromptRegistryError as error:
        cell.state, cell.error, cell.error_kind = CellState.FAILED, str(error), type(error).__name__


def _estimated(book: Book, one: TrialInput, variant: Variant) -> Estimate | None:
    try:
        messages = messages_of(variant.prompt_content, one.values)
    except PromptRegistryError:
        return None
    return trial_money.estimate(
        book=book, messages=messages, settings=variant.settings, is_simulated=variant.is_simulated
    )


def _locked(trial: Trial) -> Trial:
    return Trial.objects.select_for_update(of=("self",)).select_related("project", "prompt").get(pk=trial.pk)


def _fill(trial: Trial) -> None:
    known = set(trial.cells.values_list("row", "column"))
    TrialCell.objects.bulk_create(
        TrialCell(
            project_id=trial.project_id, trial=trial, row=row, column=column, connection_id=variant["connection_id"]
        )
        for row in range(len(trial.inputs))
        for column, variant in enumerate(trial.variants)
        if (row, column) not in known
    )


def _check_size(inputs: Sequence[TrialInput], columns: int) -> None:
    rows = len(inputs)
    if sum(utf8_length(value) for one in inputs for value in one.values.values()) > MAX_INPUT_BYTES:
        raise InputsTooLarge
    if not rows or not columns:
        raise NothingToTry
    if rows > MAX_ROWS or columns > MAX_COLUMNS or rows * columns > MAX_CELLS:
        raise GridTooLarge
