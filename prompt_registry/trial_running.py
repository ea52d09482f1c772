"""Answers the cells of trials: many at once, each held by a lease, every call written down before it is made.

The rows are the truth. One thread writes to the database; the answers arrive on the provider loop.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import structlog
from django.db import DatabaseError, OperationalError, connection, transaction

from projects.errors import ProjectsError
from prompt_registry import connections, texts, trial_cells, trial_money
from prompt_registry.errors import PromptRegistryError
from prompt_registry.models import ProviderConnection
from prompt_registry.prices import books
from prompt_registry.providers import running
from prompt_registry.providers.connections import Connection
from prompt_registry.providers.errors import ProviderError
from prompt_registry.providers.running import RunningCall
from prompt_registry.providers.values import Completion, ModelSettings
from prompt_registry.trial_cells import Result
from prompt_registry.trial_models import AttemptOutcome, CellState, Trial, TrialCell
from prompt_registry.trial_money import Cost
from prompt_registry.trial_plans import TrialInput, Variant, messages_of

log = structlog.get_logger("callboard.trials")

AT_ONCE = 32
WRITE_SECONDS = 0.25
RENEW_SECONDS = 5.0
# Within the limit of a task: cells are taken for this long, and a call takes 120 seconds at most.
CLAIM_SECONDS = 90.0
_LEAST_PAUSE = 0.02
# Shorter than the lease: after that others may have the cells.
_PATIENCE_SECONDS = 15.0
_FREE = Cost(0)


class ConnectionGone(PromptRegistryError):
    """This provider is no longer connected. Choose another one, or ask an admin to connect it again."""


class GaveUp(PromptRegistryError):
    """The workers that asked this stopped three times in the middle of it. Run it again; if it goes on, tell an admin."""


class SomethingBroke(PromptRegistryError):
    """Something went wrong on this server, and its log says what. Run this cell again."""


@dataclass(slots=True)
class Asked:
    """A cell whose answer is on its way."""

    cell: TrialCell
    variant: Variant
    messages: Sequence[Mapping[str, Any]]
    settings: ModelSettings
    call: RunningCall
    started: float = field(default_factory=time.monotonic)
    written: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """A trial with its variants and inputs as values."""

    trial: Trial
    variants: list[Variant]
    inputs: list[TrialInput]


class Pump:
    """Keeps as many cells answered as may be at once, whichever trial they belong to."""

    def __init__(self, *, keep_job: Callable[[], None], claim_seconds: float) -> None:
        self._keep_job = keep_job
        self._changed = threading.Event()
        self._asked: dict[int, Asked] = {}
        self._plans: dict[int, Plan] = {}
        self._written_at = self._renewed_at = self._stored_at = self._claim_at = time.monotonic()
        self._claim_until = self._claim_at + claim_seconds

    def run(self) -> None:
        """Return when no cell waits, or the time to take more is over, and every answer has ended."""
        try:
            while self._step():
                self._changed.wait(WRITE_SECONDS)
                self._changed.clear()
                time.sleep(_LEAST_PAUSE)
        finally:
            self._hang_up()

    def _step(self) -> bool:
        """Start what can start and store what has arrived; tell whether there is more to come."""
        try:
            self._look()
            is_going_on = self._start_more() or bool(self._asked) or self._must_wait()
        except OperationalError:
            # The answers are still on their way, and paid for: a short absence of the database must not cost them.
            if time.monotonic() - self._stored_at > _PATIENCE_SECONDS:
                raise
            log.warning("database_away", cells=len(self._asked))
            if not connection.in_atomic_block:
                connection.close_if_unusable_or_obsolete()
            return True
        self._stored_at = time.monotonic()
        return is_going_on

    @property
    def _is_taking(self) -> bool:
        return time.monotonic() < self._claim_until

    def _must_wait(self) -> bool:
        """Tell whether cells wait for a provider that has enough to do with those of other workers."""
        return self._is_taking and TrialCell.objects.filter(state=CellState.READY).exists()

    def _start_more(self) -> bool:
        free, now = AT_ONCE - len(self._asked), time.monotonic()
        if free <= 0 or now < self._claim_at or not self._is_taking:
            return False
        self._claim_at = now + WRITE_SECONDS
        with transaction.atomic():
            claimed = [(cell, self._opened(cell)) for cell in trial_cells.claim(limit=free)]
        for cell, question in claimed:
            if question is not None:
                self._asked[cell.pk] = self._ask(cell, *question)
        if claimed:
            self._claim_at = now
        return bool(claimed)

    def _ask(self, cell: TrialCell, variant: Variant, messages: list[dict[str, Any]], provider: Connection) -> Asked:
        # What was set aside for an answer without a limit is its limit.
        settings = replace(variant.settings, max_tokens=variant.settings.max_tokens or trial_money.UNLIMITED_ANSWER)
        # Money was set aside for one answer: what may have to be paid for is asked again with money of its own.
        call = running.start(
            connection=provider, messages=messages, settings=settings, changed=self._changed, may_pay_again=False
        )
        return Asked(cell, variant, messages, settings, call)

    def _opened(self, cell: TrialCell) -> tuple[Variant, list[dict[str, Any]], Connection] | None:
        """Return what to ask of whom, with the attempt written down; a cell that cannot be asked fails with its reason."""
        trial_cells.close_lost(cell)
        try:
            with transaction.atomic():
                return self._question(cell)
        except (ProjectsError, PromptRegistryError) as error:
            refusal: Exception = error
        except DatabaseError:
            raise
        except Exception:  # the edge of one cell: the others go on
            log.exception("cell_not_asked", cell=cell.pk)
            refusal = SomethingBroke()
        trial_cells.finish(cell=cell, result=_refused(refusal))
        return None

    def _question(self, cell: TrialCell) -> tuple[Variant, list[dict[str, Any]], Connection]:
        if cell.attempts > trial_cells.MAX_ATTEMPTS:
            raise GaveUp
        plan = self._plan(cell.trial_id)
        variant = plan.variants[cell.column]
        messages = messages_of(variant.prompt_content, plan.inputs[cell.row].values)
        provider = _connection(plan.trial, variant)
        estimate = trial_money.estimate(
            book=books.of(plan.trial.project_id), messages=messages, settings=variant.settings, is_simulated=variant.is_simulated
        )  # fmt: skip
        trial_cells.open_attempt(project=plan.trial.project, cell=cell, worst=estimate.worst)
        return variant, messages, provider

    def _plan(self, trial_id: int) -> Plan:
        known = self._plans.get(trial_id)
        trial = Trial.objects.select_related("project").get(pk=trial_id)
        # Rows and columns are only ever added.
        if known is None or (len(known.inputs), len(known.variants)) != (len(trial.inputs), len(trial.variants)):
            known = Plan(
                trial,
                [Variant.from_json(raw) for raw in trial.variants],
                [TrialInput.from_json(raw) for raw in trial.inputs],
            )
            self._plans[trial_id] = known
        return known

    def _look(self) -> None:
        for asked in [one for one in self._asked.values() if one.call.is_done]:
            self._finish(asked)
        now = time.monotonic()
        if now - self._written_at >= WRITE_SECONDS:
            self._written_at = now
            self._let_go_of_stopped()
            self._write()
        if now - self._renewed_at >= RENEW_SECONDS:
            self._renewed_at = now
            self._keep_job()
            trial_cells.renew([one.cell for one in self._asked.values()])

    def _let_go_of_stopped(self) -> None:
        held = trial_cells.held([one.cell for one in self._asked.values()]) if self._asked else set()
        for asked in [one for pk, one in self._asked.items() if pk not in held]:
            asked.call.cancel()
            self._finish(asked)

    def _write(self) -> None:
        news = []
        for asked in self._asked.values():
            text = asked.call.text
            if len(text) > asked.written:
                asked.written = len(text)
                news.append((asked.cell, texts.clean(text)))
        trial_cells.write(news)

    def _finish(self, asked: Asked) -> None:
        result = _result(asked)
        if _is_worth_another(asked):
            trial_cells.ask_again(cell=asked.cell, result=result)
        else:
            trial_cells.finish(cell=asked.cell, result=result)
        del self._asked[asked.cell.pk]
        self._claim_at = time.monotonic()

    def _hang_up(self) -> None:
        """Something ended this worker's work early: nothing goes on unwatched, and others may have the cells at once."""
        left, self._asked = list(self._asked.values()), {}
        for asked in left:
            asked.call.cancel()
        if left:
            # Without a database the leases run out by themselves.
            with contextlib.suppress(DatabaseError):
                trial_cells.give_back([asked.cell for asked in left])


def run(*, keep_job: Callable[[], None], claim_seconds: float = CLAIM_SECONDS) -> bool:
    """Answer waiting cells; tell whether some are left for another turn."""
    Pump(keep_job=keep_job, claim_seconds=claim_seconds).run()
    return TrialCell.objects.filter(state=CellState.READY).exists()


def _connection(trial: Trial, variant: Variant) -> Connection:
    row = ProviderConnection.objects.filter(project=trial.project, pk=variant.connection_id).first()
    if row is None:
        raise ConnectionGone
    return connections.opened(row)


def _refused(error: Exception) -> Result:
    return Result(
        state=CellState.FAILED, outcome=AttemptOutcome.FAILED, text="", cost=_FREE, error=str(error),
        error_kind=type(error).__name__,
    )  # fmt: skip


def _is_worth_another(asked: Asked) -> bool:
    """Tell whether a try that the provider may charge for came to nothing at all, as the first or second of three."""
    error = asked.call.error
    is_lost = isinstance(error, ProviderError) and error.is_retryable and error.is_maybe_billed
    return is_lost and not asked.call.text and asked.cell.attempts < trial_cells.MAX_ATTEMPTS


def _result(asked: Asked) -> Result:
    if asked.call.completion is not None:
        return _answered(asked, asked.call.completion)
    text, error = texts.clean(asked.call.text), asked.call.error
    is_billed = text or error is None or getattr(error, "is_maybe_billed", False)
    spent = _spent_on(asked, text) if is_billed else _FREE
    if error is None:
        return _ended(asked, CellState.STOPPED, AttemptOutcome.STOPPED, text, spent)
    if not isinstance(error, ProviderError):
        log.error("cell_failed", cell=asked.cell.pk, exc_info=error)
        error = SomethingBroke()
    ended = _ended(asked, CellState.FAILED, AttemptOutcome.FAILED, text, spent)
    detail = texts.clean(getattr(error, "detail", ""))
    return replace(ended, error=str(error), error_kind=type(error).__name__, detail=detail)


def _ended(asked: Asked, state: CellState, outcome: AttemptOutcome, text: str, cost: Cost) -> Result:
    latency_ms = (time.monotonic() - asked.started) * 1_000
    return Result(
        state=state, outcome=outcome, text=text, cost=cost, latency_ms=latency_ms, is_simulated=asked.variant.is_simulated
    )  # fmt: skip


def _answered(asked: Asked, completion: Completion) -> Result:
    text = completion.text or "\n".join(f"→ {call.name}({call.arguments})" for call in completion.tool_calls)
    usage = completion.usage or trial_money.guessed_usage(
        messages=asked.messages, settings=asked.settings, text=text
    )  # fmt: skip
    cost = trial_money.cost_of(
        book=books.of(asked.cell.project_id),
        model=asked.settings.model,
        usage=usage,
        is_simulated=asked.variant.is_simulated,
    )
    return Result(
        state=CellState.DONE, outcome=AttemptOutcome.ANSWERED, text=texts.clean(text), cost=cost,
        first_chunk_ms=completion.first_chunk_ms, latency_ms=completion.latency_ms, input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens, model=texts.clean(completion.model),
        is_simulated=asked.variant.is_simulated or completion.is_simulated,
        finish_reason=texts.clean(completion.finish_reason),
    )  # fmt: skip


def _spent_on(asked: Asked, text: str) -> Cost:
    usage = trial_money.guessed_usage(messages=asked.messages, settings=asked.settings, text=text)
    return trial_money.cost_of(
        book=books.of(asked.cell.project_id),
        model=asked.settings.model,
        usage=usage,
        is_simulated=asked.variant.is_simulated,
    )
