"""What is needed before a call is made: the cell, the answer that is known already, the money, and the row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from evals.experiments import answer_cache, attempts, cells, sampling
from evals.experiments.attempts import Opened, Wanted
from evals.experiments.cells import Held
from evals.experiments.fates import OutOfMoney
from evals.experiments.frozen import Frozen, limited
from evals.experiments.models import Purpose, RunsIn
from evals.experiments.sampling import Said
from evals.experiments.works import Asked
from prompt_registry import trial_money
from prompt_registry.prices import books
from prompt_registry.prices.costs import Book
from prompt_registry.providers.single_calls import SingleCall
from prompt_registry.trial_money import Estimate

_SHORTAGE_SECONDS = 0.5


def claim(frozen: Frozen, share: int) -> list[Held]:
    """Take cells for so many calls: answers that wait to be judged come first, so that results are seen early."""
    held: list[Held] = []
    experiment = frozen.experiment
    if frozen.has_second_look:
        held = cells.claim(
            experiment_id=experiment.pk,
            limit=share,
            to_judge=True,
            waits_for_rival=frozen.compares,
            is_mixed=experiment.stops_early,
        )
    left = share - len(held)
    if left > 0 and experiment.runs_in == RunsIn.WORKERS:
        most_calls = max(
            sampling.calls_at_once(sampling=column.variant.sampling, samples=column.variant.samples)
            for column in frozen.columns
        )
        held += cells.claim(
            experiment_id=experiment.pk, limit=max(1, left // most_calls), to_judge=False,
            is_mixed=experiment.stops_early,
        )  # fmt: skip
    if taken_over := [cell for cell in held if cell.attempts > 1]:
        attempts.close_lost(
            experiment_id=experiment.pk, cell_ids=[cell.id for cell in taken_over],
            tokens=[cell.token for cell in taken_over],
        )  # fmt: skip
    return held


def known_answers(frozen: Mapping[int, Frozen], asked: Iterable[Asked]) -> dict[Asked, Said]:
    """Return the answers that were paid for before; every question is looked up once."""
    by_project: dict[int, dict[bytes, Asked]] = {}
    for one in asked:
        if (one.purpose == Purpose.ANSWER or one.part is not None) and not one.was_looked_up:
            one.cache_key = _key(frozen[one.work.cell.experiment_id], one)
            by_project.setdefault(one.work.cell.project_id, {})[one.cache_key] = one
    found: dict[Asked, Said] = {}
    for project_id, by_key in by_project.items():
        known = answer_cache.find(project_id=project_id, keys=by_key)
        found |= {by_key[key]: said for key, said in known.items()}
        for one in by_key.values():
            one.was_looked_up = True
    return found


def open_calls(frozen: Frozen, wanted: Sequence[Asked]) -> Opened:
    """Write down the calls and set their money aside, as far as it goes; those that may be made have an attempt then."""
    book = books.of(frozen.experiment.project_id)
    for one in wanted:
        one.worst_nano_usd = _estimate(book, one).worst.nano_usd
    opened = attempts.open_calls(
        experiment_id=frozen.experiment.pk,
        wanted=[
            Wanted(one.work.cell.id, one.work.cell.token, one.purpose, one.step, one.worst_nano_usd) for one in wanted
        ],
    )
    for one, attempt_id in zip(wanted, opened.attempt_ids, strict=True):
        one.attempt_id = attempt_id
    return opened


def call_of(asked: Asked) -> SingleCall:
    """Return the call of a question."""
    settings = limited(asked.question.settings)
    usage = trial_money.guessed_usage(messages=asked.question.messages, settings=settings, text="")
    tokens = usage.input_tokens + min(asked.work.cell.predicted_tokens, settings.max_tokens or 0)
    return SingleCall(asked.provider.connection, asked.question.messages, settings, tokens)


def shortage() -> OutOfMoney:
    """Return why a call has to wait until others give back what they did not need."""
    return OutOfMoney(retry_after_seconds=_SHORTAGE_SECONDS)


def _key(frozen: Frozen, asked: Asked) -> bytes:
    if asked.part is not None:
        # It is about this very answer; the text of the question is another one every time, so that nobody foresees it.
        version_id, place = asked.part
        return answer_cache.key_of(
            provider=asked.provider.connection.base_url, question=replace(asked.question, messages=()),
            repetition=asked.work.cell.repetition, step=place, alone=f"cell {asked.work.cell.id} judge {version_id}",
        )  # fmt: skip
    return answer_cache.key_of(
        provider=asked.provider.connection.base_url, question=asked.question, repetition=asked.work.cell.repetition,
        step=asked.step, twin=frozen.twins[asked.work.cell.column], alone=0 if frozen.experiment.uses_cache else frozen.experiment.pk,
    )  # fmt: skip


def _estimate(book: Book, asked: Asked) -> Estimate:
    return trial_money.estimate(
        book=book, messages=asked.question.messages, settings=limited(asked.question.settings),
        is_simulated=asked.provider.is_simulated,
    )  # fmt: skip
