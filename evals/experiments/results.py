"""What a call that ended means: for the money, for the cell, and in words."""

from __future__ import annotations

from dataclasses import replace

import structlog

from evals.errors import EvalsError
from evals.evaluators.cases import Case
from evals.experiments import fates, judging
from evals.experiments.attempts import Ended
from evals.experiments.batches import Batch
from evals.experiments.cells import Answered, Held, Left
from evals.experiments.frozen import Frozen, limited
from evals.experiments.judging import Judge, Verdict
from evals.experiments.models import AttemptOutcome, CellState
from evals.experiments.preparing import SomethingBroke
from evals.experiments.sampling import Said
from evals.experiments.works import AnswerWork, Asked, JudgeWork, Work
from projects.errors import ProjectsError
from prompt_registry import texts, trial_money
from prompt_registry.errors import PromptRegistryError
from prompt_registry.prices import books
from prompt_registry.providers.errors import ProviderError
from prompt_registry.providers.single_calls import SingleCall
from prompt_registry.providers.values import Usage
from prompt_registry.trial_money import Cost

log = structlog.get_logger("callboard.experiments")

_FREE = Cost(0)
_FILTERED = "content_filter"


class Stopped(ProviderError):
    """This was stopped before the answer came."""


class Filtered(ProviderError):
    """The provider's content filter held this answer back."""


def asked_of(asked: Asked) -> object:
    """Return which model is asked over which connection: what refuses one question refuses the next."""
    return asked.provider.connection.key, asked.question.settings.model


def hang_up(asked: Asked) -> None:
    """Let go of a call."""
    if asked.call is not None:
        asked.call.cancel()


def error_of(call: SingleCall) -> Exception | None:
    """Return why there is no answer."""
    if call.completion is not None:
        return Filtered() if call.completion.finish_reason == _FILTERED and not call.completion.text else None
    if call.error is None:
        return Stopped()
    if isinstance(call.error, ProviderError):
        return call.error
    log.error("cell_failed", exc_info=call.error)
    return SomethingBroke()


def ended(asked: Asked, call: SingleCall) -> Ended:
    """Return how a call ended and what it cost; what was cut off in the middle counts as if it had gone on."""
    if call.completion is not None:
        return Ended(_attempt(asked), AttemptOutcome.ANSWERED, _cost(asked, _usage(asked, call)).nano_usd)
    if call.error is None:
        cost = _cost(asked, _expected(asked)) if call.was_sent else _FREE
        return Ended(_attempt(asked), AttemptOutcome.STOPPED, cost.nano_usd)
    is_billed = call.was_sent and getattr(call.error, "is_maybe_billed", False)
    cost = _cost(asked, _expected(asked)) if is_billed else _FREE
    outcome = AttemptOutcome.FAILED if call.was_sent else AttemptOutcome.STOPPED
    return Ended(_attempt(asked), outcome, cost.nano_usd)


def lost(asked: Asked) -> Ended:
    """Return the end of a call that nobody waits for any more: the provider may bill all that was set aside."""
    if asked.call is None or not asked.call.was_sent:
        return Ended(_attempt(asked), AttemptOutcome.STOPPED, 0)
    return Ended(_attempt(asked), AttemptOutcome.LOST, asked.worst_nano_usd)


def said(asked: Asked, call: SingleCall) -> Said:
    """Return what the model said."""
    completion = call.completion
    if completion is None:
        return Said("")
    text = completion.text or "\n".join(f"→ {tool.name}({tool.arguments})" for tool in completion.tool_calls)
    usage = _usage(asked, call)
    cost = _cost(asked, usage)
    return Said(
        text=texts.clean(text), model=texts.clean(completion.model)[:120], finish_reason=texts.clean(completion.finish_reason)[:40],
        input_tokens=usage.input_tokens, output_tokens=usage.output_tokens, latency_ms=completion.latency_ms,
        cost_nano_usd=cost.nano_usd, is_price_known=cost.is_price_known,
        is_simulated=asked.provider.is_simulated or completion.is_simulated,
    )  # fmt: skip


def put(batch: Batch, work: Work, frozen: Frozen, *, roll: float) -> None:
    """Put down how a cell ended: answered, judged, failed, or to be tried again."""
    if isinstance(work, JudgeWork):
        _put_judged(batch, work, roll)
    elif work.failure is None:
        _put_answered(batch, work, frozen)
    else:
        _put_failed(batch, work.cell, work.failure, CellState.READY, roll)


def refuse(batch: Batch, cell: Held, error: Exception, frozen: Frozen) -> None:
    """Put down why a cell cannot be asked."""
    if not cell.is_judging:
        _put_failed(batch, cell, error, CellState.READY, 0.0)
        return
    silent = [judge for judge in frozen.judges if _is_awaited(frozen, judge, cell.column)]
    batch.verdicts += [(cell, _unjudged(judge.version_id, error)) for judge in silent]
    batch.left.append(_left(cell, CellState.DONE, error))


def _is_awaited(frozen: Frozen, judge: Judge, column: int) -> bool:
    return (judge.is_at_once and column in frozen.recorded) or judging.needs_second_look([judge], column=column)


def give_back(batch: Batch, work: Work) -> None:
    """Let other workers have the cell at once."""
    state = CellState.ANSWERED if isinstance(work, JudgeWork) else CellState.READY
    batch.left.append(Left(work.cell.id, work.cell.token, state, uncounted=1))


def _put_answered(batch: Batch, work: AnswerWork, frozen: Frozen) -> None:
    total, cell = work.total, work.cell
    case = _case(frozen, work, total)
    batch.verdicts += [(cell, judging.at_once(judge, case)) for judge in frozen.judges if judge.is_at_once]
    state = CellState.ANSWERED if judging.needs_second_look(frozen.judges, column=cell.column) else CellState.DONE
    batch.answers.append(
        Answered(
            cell.id, cell.token, state, total.text, total.latency_ms, total.input_tokens, total.output_tokens,
            total.cost_nano_usd, total.is_price_known, total.is_cached, total.is_simulated, total.model, total.finish_reason,
        )
    )  # fmt: skip


def _case(frozen: Frozen, work: AnswerWork, total: Said) -> Case:
    return judging.case_of(replace(work.cell, output=total.text), work.item)


def _put_judged(batch: Batch, work: JudgeWork, roll: float) -> None:
    """Put down the errors of judges that will not speak; the cell waits for those that may."""
    cell, waits = work.cell, []
    batch.cached |= work.heard_in_part()
    for version_id, error in work.failures.items():
        fate = fates.fate_of(error, attempts=cell.attempts, roll=roll)
        if fate.is_tried_again:
            waits.append((fate, error))
        else:
            batch.verdicts.append((cell, _unjudged(version_id, error)))
    if not waits:
        batch.left.append(Left(cell.id, cell.token, CellState.DONE))
        return
    left = _left(cell, CellState.ANSWERED, waits[0][1])
    is_counted = any(fate.is_counted for fate, _ in waits)
    wait_seconds = max(fate.wait_seconds for fate, _ in waits)
    batch.left.append(replace(left, wait_seconds=wait_seconds, uncounted=int(not is_counted)))


def _unjudged(version_id: int, error: Exception) -> Verdict:
    # By `retry` such scores are found again when somebody asks for another try.
    return Verdict(version_id, error=_words(error), detail={"retry": True, "error_kind": type(error).__name__})


def _put_failed(batch: Batch, cell: Held, error: Exception, again: CellState, roll: float) -> None:
    fate = fates.fate_of(error, attempts=cell.attempts, roll=roll)
    left = _left(cell, again if fate.is_tried_again else CellState.FAILED, error)
    batch.left.append(replace(left, wait_seconds=fate.wait_seconds, uncounted=int(not fate.is_counted)))


def _left(cell: Held, state: CellState, error: Exception) -> Left:
    return Left(
        cell.id, cell.token, state, error=_words(error), error_kind=type(error).__name__[:40],
        detail=texts.clean(getattr(error, "detail", "")),
    )  # fmt: skip


def _words(error: Exception) -> str:
    is_ours = isinstance(error, ProviderError | EvalsError | PromptRegistryError | ProjectsError)
    return texts.clean(str(error if is_ours else SomethingBroke()))


def _attempt(asked: Asked) -> int:
    return asked.attempt_id or 0


def _usage(asked: Asked, call: SingleCall) -> Usage:
    known = call.completion.usage if call.completion else None
    text = call.completion.text if call.completion else ""
    return known or trial_money.guessed_usage(
        messages=asked.question.messages, settings=asked.question.settings, text=text
    )  # fmt: skip


def _expected(asked: Asked) -> Usage:
    read = trial_money.guessed_usage(messages=asked.question.messages, settings=asked.question.settings, text="")
    longest = limited(asked.question.settings).max_tokens or 0
    return replace(read, output_tokens=min(asked.work.cell.predicted_tokens, longest))


def _cost(asked: Asked, usage: Usage) -> Cost:
    return trial_money.cost_of(
        book=books.of(asked.work.cell.project_id), model=asked.question.settings.model, usage=usage,
        is_simulated=asked.provider.is_simulated,
    )  # fmt: skip
