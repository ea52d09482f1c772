"""Runs experiments: many calls at once, every cell held by a lease, every call written down before it is made.

The rows are the truth. One thread writes to the database; the answers arrive on the provider loop. A few more calls than
there are lines are prepared, so that a line that becomes free never waits for the database.
"""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import structlog
from django.db import DatabaseError, OperationalError, connection

from evals.experiments import attempts, cells, ending, frozen, openings, preparing, results, shares, stopping
from evals.experiments.batches import Batch
from evals.experiments.cells import Held
from evals.experiments.fates import HOPELESS
from evals.experiments.frozen import Frozen
from evals.experiments.models import Purpose
from evals.experiments.preparing import SomethingBroke
from evals.experiments.works import AnswerWork, Asked, Work
from prompt_registry.providers.errors import ProviderError, ProviderPaused
from prompt_registry.providers.single_calls import Lines, SingleCall

log = structlog.get_logger("callboard.experiments")

AT_ONCE = 64
# Within the limit of a task: cells are taken for this long, and a call takes 125 seconds at most.
CLAIM_SECONDS = 60.0
_TURN_SECONDS = 0.05
_LEAST_PAUSE = 0.03
_STORE_ROWS, _STORE_SECONDS = 20, 0.1
_LOOK_SECONDS, _RENEW_SECONDS, _CHECK_SECONDS = 0.25, 5.0, 2.0
_NOTHING_SECONDS = 0.2
# Shorter than the lease: after that others may have the cells.
_PATIENCE_SECONDS = 15.0
# A worker with nothing to do makes room; the sweep finds what comes later.
_IDLE_SECONDS = 5.0
_REFUSING_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the pump needs of the process that it runs in."""

    # Holds on to the job, or raises LeaseLost.
    keep_job: Callable[[], None]
    # Called once when cells are left and this pump takes no more.
    hand_over: Callable[[], None]
    is_draining: Callable[[], bool] = lambda: False


class Pump:
    """Keeps as many calls under way as there are lines, whichever experiments they belong to."""

    def __init__(
        self, *, surroundings: Surroundings, at_once: int = AT_ONCE, claim_seconds: float = CLAIM_SECONDS
    ) -> None:
        self._around = surroundings
        self._changed = threading.Event()
        self._lines = Lines(count=at_once, changed=self._changed)
        self._room = at_once + max(1, at_once // 2)
        self._works: dict[int, Work] = {}
        self._calls: dict[int, Asked] = {}
        self._arrived: deque[SingleCall] = deque()
        self._waiting: list[Asked] = []
        self._batches: dict[int, Batch] = {}
        self._frozen: dict[int, Frozen] = {}
        self._refusing: dict[object, tuple[float, ProviderError]] = {}
        self._looked: dict[int, float] = {}
        self._is_taking = True
        self._nothing_until = 0.0
        self._looked_at = self._renewed_at = self._stored_at = self._went_well_at = self._busy_at = time.monotonic()
        self._claim_until = self._busy_at + claim_seconds

    def run(self) -> None:
        """Return when there is nothing to do, or the time to take more is over, and every call has ended."""
        try:
            while self._step():
                self._changed.wait(_TURN_SECONDS)
                self._changed.clear()
                time.sleep(_LEAST_PAUSE)
        finally:
            self._hang_up()

    def _step(self) -> bool:
        """Do what can be done now; tell whether there is more to come."""
        try:
            is_going_on = self._turn()
        except OperationalError:
            # The answers are still on their way, and paid for: a short absence of the database must not cost them.
            if time.monotonic() - self._went_well_at > _PATIENCE_SECONDS:
                raise
            log.warning("database_away", cells=len(self._works))
            if not connection.in_atomic_block:
                connection.close_if_unusable_or_obsolete()
            time.sleep(_TURN_SECONDS)
            return True
        self._went_well_at = time.monotonic()
        return is_going_on

    def _turn(self) -> bool:
        self._take_all()
        self._look()
        self._store()
        self._claim()
        self._open()
        now = time.monotonic()
        if self._works or self._calls or self._batches:
            self._busy_at = now
            return True
        return self._is_taking and now - self._busy_at < _IDLE_SECONDS

    # What arrived.

    def _take_all(self) -> None:
        self._arrived += self._lines.ended()
        while self._arrived:
            self._take(self._arrived[0])
            self._arrived.popleft()

    def _take(self, call: SingleCall) -> None:
        # What may need the database comes first: when it is away, the call is taken again.
        asked = self._calls[id(call)]
        ended, error, said = results.ended(asked, call), results.error_of(call), results.said(asked, call)
        if error is not None:
            self._note_refusal(asked, error)
        del self._calls[id(call)]
        batch = self._batch(asked.work.cell)
        batch.ended.append(ended)
        if error is not None:
            self._go_on(asked.work, asked.work.fail(asked, error))
            return
        if asked.cache_key is not None and asked.purpose == Purpose.ANSWER:
            batch.cached[asked.cache_key] = said
        self._go_on(asked.work, asked.work.give(asked, said))

    def _go_on(self, work: Work, more: Iterable[Asked]) -> None:
        self._waiting += more
        if not isinstance(work, AnswerWork):
            self._batch(work.cell).verdicts += [(work.cell, verdict) for verdict in work.spoken()]
        if work.is_over:
            self._end(work)

    def _end(self, work: Work) -> None:
        """Write down how a cell ended with the next batch, unless somebody else has it by now."""
        self._forget(work)
        if not work.is_lost:
            results.put(self._batch(work.cell), work, self._frozen[work.cell.experiment_id], roll=_roll())

    def _note_refusal(self, asked: Asked, error: Exception) -> None:
        if isinstance(error, HOPELESS):
            self._refusing[results.asked_of(asked)] = (time.monotonic() + _REFUSING_SECONDS, error)
        if isinstance(error, ProviderPaused) and self._is_time(asked.work.cell.experiment_id, 10.0, "down"):
            ending.pause_if_provider_is_down(experiment_id=asked.work.cell.experiment_id)

    # What is written down.

    def _store(self, *, everything: bool = False) -> None:
        now = time.monotonic()
        rows = sum(batch.size for batch in self._batches.values())
        if not rows or not (everything or rows >= _STORE_ROWS or now - self._stored_at >= _STORE_SECONDS):
            return
        for experiment_id, batch in list(self._batches.items()):
            is_over = batch.store()
            self._nothing_until = 0.0
            del self._batches[experiment_id]
            if (
                not is_over
                and self._frozen[experiment_id].experiment.stops_early
                and self._is_time(experiment_id, _CHECK_SECONDS, "stop")
            ):
                stopping.stop_if_clear(self._frozen[experiment_id].experiment)
        self._stored_at = now

    def _batch(self, cell: Held) -> Batch:
        if not self._batches:
            self._stored_at = time.monotonic()
        return self._batches.setdefault(cell.experiment_id, Batch(cell.experiment_id, cell.project_id))

    def _look(self) -> None:
        now = time.monotonic()
        if now - self._looked_at >= _LOOK_SECONDS:
            self._looked_at = now
            self._let_go_of_stopped()
        if now - self._renewed_at >= _RENEW_SECONDS:
            self._around.keep_job()
            cells.renew(work.cell for work in self._works.values())
            self._renewed_at = now
        if self._is_taking and (now >= self._claim_until or self._around.is_draining()):
            self._is_taking = False
            if cells.is_work_left():
                self._around.hand_over()

    def _let_go_of_stopped(self) -> None:
        if not self._works:
            return
        held = cells.held(work.cell for work in self._works.values())
        for work in [work for cell, work in self._works.items() if cell not in held]:
            work.is_lost = True
            for asked in [one for one in self._waiting if one.work is work]:
                self._waiting.remove(asked)
                work.fail(asked, results.Stopped())
            for asked in [one for one in self._calls.values() if one.work is work]:
                results.hang_up(asked)
            if not work.open:
                self._forget(work)

    def _forget(self, work: Work) -> None:
        # Whoever lost a cell may have taken it again.
        if self._works.get(work.cell.id) is work:
            del self._works[work.cell.id]

    # What is begun.

    def _claim(self) -> None:
        free = self._room - len(self._calls) - len(self._waiting)
        if not self._is_taking or free <= 0 or time.monotonic() < self._nothing_until:
            return
        divided = shares.divide(free, cells.contenders(limit=free))
        if not any(divided.values()):
            # Cells that wait for a later try are not counted again with every turn.
            self._nothing_until = time.monotonic() + _NOTHING_SECONDS
        for experiment_id, share in divided.items():
            try:
                self._take_up(experiment_id, share)
            except DatabaseError:
                raise
            except Exception:  # the edge of one experiment: the others go on
                log.exception("experiment_not_run", experiment=experiment_id)
                ending.pause(experiment_id=experiment_id, reason=str(SomethingBroke()))

    def _take_up(self, experiment_id: int, share: int) -> None:
        known = self._frozen.get(experiment_id) or frozen.load(experiment_id)
        held = openings.claim(known, share)
        self._frozen[experiment_id] = known
        if held:
            self._begin(known, held)

    def _begin(self, known: Frozen, held: list[Held]) -> None:
        prepared = preparing.prepare(known, held)
        self._waiting += prepared.asked
        for work in prepared.works:
            self._works[work.cell.id] = work
            self._go_on(work, [])
        for cell, error in prepared.refused:
            results.refuse(self._batch(cell), cell, error, known)

    def _open(self) -> None:
        """Begin the calls that wait: what was answered before is not asked, the others need money and a row."""
        self._waiting = [asked for asked in self._waiting if not self._is_refused(asked)]
        while self._answer_from_cache():
            pass
        by_experiment: dict[int, list[Asked]] = {}
        for asked in self._waiting:
            by_experiment.setdefault(asked.work.cell.experiment_id, []).append(asked)
        for experiment_id, wanted in by_experiment.items():
            opened = openings.open_calls(self._frozen[experiment_id], wanted)
            self._waiting = [asked for asked in self._waiting if asked not in wanted]
            for asked in wanted:
                if asked.attempt_id is not None:
                    self._start(asked)
                else:
                    self._go_on(asked.work, asked.work.fail(asked, openings.shortage()))
            if opened.is_final and opened.shortage:
                wait = ending.run_out if opened.is_used_up else ending.pause
                wait(experiment_id=experiment_id, reason=opened.shortage)

    def _start(self, asked: Asked) -> None:
        call = openings.call_of(asked)
        asked.call = call
        self._calls[id(call)] = asked
        self._lines.start(call)

    def _is_refused(self, asked: Asked) -> bool:
        until, error = self._refusing.get(results.asked_of(asked), (0.0, None))
        if error is None or until < time.monotonic():
            return False
        self._go_on(asked.work, asked.work.fail(asked, error))
        return True

    def _answer_from_cache(self) -> bool:
        """Give answers that are known already; tell whether there may be more."""
        found = openings.known_answers(self._frozen, self._waiting)
        self._waiting = [asked for asked in self._waiting if asked not in found]
        for asked, said in found.items():
            self._go_on(asked.work, asked.work.give(asked, said))
        return bool(found)

    def _is_time(self, experiment_id: int, seconds: float, what: str) -> bool:
        key, now = hash((experiment_id, what)), time.monotonic()
        if now - self._looked.get(key, 0.0) < seconds:
            return False
        self._looked[key] = now
        return True

    def _hang_up(self) -> None:
        """Something ended this worker's work early: nothing goes on unwatched, and others may have the cells at once."""
        # Answers that arrived are paid for. Without a database the leases run out by themselves.
        self._guarded(self._take_all)
        for asked in self._calls.values():
            results.hang_up(asked)
            self._batch(asked.work.cell).ended.append(results.lost(asked))
        for work in self._works.values():
            results.give_back(self._batch(work.cell), work)
        self._works, self._calls, self._waiting = {}, {}, []
        for batch in self._batches.values():
            self._guarded(batch.store)
        self._batches = {}

    def _guarded(self, act: Callable[[], object]) -> None:
        try:
            act()
        except Exception:  # the edge of one step of the end: what else there is to save is saved
            log.exception("not_saved_at_the_end")


def run(*, surroundings: Surroundings, at_once: int = AT_ONCE, claim_seconds: float = CLAIM_SECONDS) -> None:
    """Run what waits in experiments, and settle what dead workers left behind."""
    attempts.close_forgotten()
    Pump(surroundings=surroundings, at_once=at_once, claim_seconds=claim_seconds).run()
    ending.end_all_over()


def _roll() -> float:
    return random.random()  # noqa: S311 - spreads those who try again
