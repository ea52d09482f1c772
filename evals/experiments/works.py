"""A cell that a worker holds, as the questions that are still open and the answers that came. Values in, values out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from evals.evaluators.cases import Case, Question
from evals.experiments.cells import Held
from evals.experiments.judging import Judge, Verdict, at_once, questions_of, read, without_rival
from evals.experiments.models import Purpose
from evals.experiments.sampling import Asking, Said
from evals.models import DatasetItem
from prompt_registry.providers.connections import Connection
from prompt_registry.providers.single_calls import SingleCall

_MOST_TOKENS = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Provider:
    """Who is asked, and whether the answers are made up and cost nothing."""

    connection: Connection
    is_simulated: bool


@dataclass(slots=True, eq=False)
class Asked:
    """One question of a cell: wanted, on its way, or answered."""

    work: Work
    step: int
    question: Question
    provider: Provider
    purpose: Purpose
    worst_nano_usd: int = 0
    cache_key: bytes | None = None
    was_looked_up: bool = False
    attempt_id: int | None = None
    call: SingleCall | None = None
    # Which judge asks, and which of its several questions it is: the others are worth nothing without it.
    part: tuple[int, int] | None = None


@dataclass(slots=True, eq=False)
class AnswerWork:
    """A cell whose answer is being made."""

    cell: Held
    item: DatasetItem
    asking: Asking
    provider: Provider
    is_lost: bool = False
    result: Said | None = None
    failure: Exception | None = None
    open: int = 0
    _round: list[Asked] = field(default_factory=list)
    _said: dict[int, Said] = field(default_factory=dict)
    _before: list[Said] = field(default_factory=list)
    _latency_ms: float = 0.0

    @property
    def is_over(self) -> bool:
        return not self.open and (self.result is not None or self.failure is not None)

    def begin(self) -> list[Asked]:
        """Return the questions of the first round."""
        return self._ask(next(self.asking))

    def give(self, asked: Asked, said: Said) -> list[Asked]:
        """Take an answer, and return what is to be asked next."""
        self.open -= 1
        self._said[asked.step] = said
        if self.open or self.failure is not None:
            return []
        answers = [self._said[one.step] for one in self._round]
        self._before += answers
        self._latency_ms += max(one.latency_ms for one in answers)
        try:
            return self._ask(self.asking.send(answers))
        except StopIteration as end:
            self.result = end.value
            return []

    def fail(self, asked: Asked, error: Exception) -> list[Asked]:
        """Take a failure: nothing more is asked, and the cell is over once all that is on its way has ended."""
        self.open -= 1
        self.failure = self.failure or error
        return []

    @property
    def total(self) -> Said:
        """The answer that counts, with the tokens, time and price of all that was asked for it."""
        every, last = self._before, self.result or Said("")
        return Said(
            text=last.text, model=last.model, finish_reason=last.finish_reason,
            input_tokens=min(_MOST_TOKENS, sum(one.input_tokens for one in every)),
            output_tokens=min(_MOST_TOKENS, sum(one.output_tokens for one in every)),
            latency_ms=self._latency_ms, cost_nano_usd=sum(one.cost_nano_usd for one in every),
            is_price_known=all(one.is_price_known for one in every), is_simulated=any(one.is_simulated for one in every),
            is_cached=all(one.is_cached for one in every),
        )  # fmt: skip

    def _ask(self, questions: Sequence[Question]) -> list[Asked]:
        first = len(self._before)
        self._round = [
            Asked(self, first + place, question, self.provider, Purpose.ANSWER)
            for place, question in enumerate(questions)
        ]
        self.open = len(self._round)
        return self._round


@dataclass(slots=True)
class _Hearing:
    """One judge of a cell, and what it has been told so far."""

    judge: Judge
    questions: Sequence[Question]
    answers: dict[int, Said] = field(default_factory=dict)
    failure: Exception | None = None
    # The answers that another try need not pay for again.
    kept: dict[bytes, Said] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class JudgeWork:
    """A cell whose answer is being judged by models, or compared; every verdict stands as soon as its judge has spoken."""

    cell: Held
    case: Case
    providers: dict[int, Provider | Exception]
    is_lost: bool = False
    open: int = 0
    verdicts: list[Verdict] = field(default_factory=list)
    # Judges that did not speak, by their version.
    failures: dict[int, Exception] = field(default_factory=dict)
    _hearings: dict[int, _Hearing] = field(default_factory=dict)

    @property
    def is_over(self) -> bool:
        return not self.open

    def begin(self, judges: Sequence[Judge]) -> list[Asked]:
        """Return all that the judges want to know; those who need nobody have spoken already."""
        asked: list[Asked] = []
        for judge in judges:
            if judge.compares and self.case.rival is None:
                self.verdicts.append(without_rival(judge))
            elif not judge.asks_model:
                self.verdicts.append(at_once(judge, self.case))
            else:
                asked += self._ask(judge, len(asked))
        self.open = len(asked)
        return asked

    def give(self, asked: Asked, said: Said) -> list[Asked]:
        """Take an answer."""
        hearing = self._hearings[asked.step]
        hearing.answers[asked.step] = said
        if asked.cache_key is not None:
            hearing.kept[asked.cache_key] = said
        return self._next(asked)

    def fail(self, asked: Asked, error: Exception) -> list[Asked]:
        """Take a failure: its judge does not speak, the others do."""
        hearing = self._hearings[asked.step]
        hearing.failure = hearing.failure or error
        self.failures[hearing.judge.version_id] = hearing.failure
        return self._next(asked)

    def spoken(self) -> list[Verdict]:
        """Return the verdicts since the last look."""
        found, self.verdicts = self.verdicts, []
        return found

    def heard_in_part(self) -> dict[bytes, Said]:
        """Return the answers to judges that did not hear all, for the next try."""
        failed = (hearing for hearing in self._hearings.values() if hearing.failure is not None)
        return {key: said for hearing in failed for key, said in hearing.kept.items()}

    def _next(self, asked: Asked) -> list[Asked]:
        self.open -= 1
        hearing = self._hearings[asked.step]
        if hearing.failure is None and len(hearing.answers) == len(hearing.questions):
            said = [hearing.answers[step] for step in sorted(hearing.answers)]
            self.verdicts.append(
                read(
                    hearing.judge, self.case, [one.text for one in said],
                    cost_nano_usd=sum(one.cost_nano_usd for one in said), judge_model=said[0].model if said else "",
                )
            )  # fmt: skip
        return []

    def _ask(self, judge: Judge, first: int) -> list[Asked]:
        provider = self.providers[judge.version_id]
        if isinstance(provider, Exception):
            self.failures[judge.version_id] = provider
            return []
        questions = questions_of(judge, self.case)
        if isinstance(questions, Verdict):
            self.verdicts.append(questions)
            return []
        hearing = _Hearing(judge, questions)
        if not questions:
            self.verdicts.append(read(judge, self.case, []))
        asked = []
        for place, question in enumerate(questions):
            self._hearings[first + place] = hearing
            part = (judge.version_id, place) if len(questions) > 1 else None
            asked.append(Asked(self, first + place, question, provider, Purpose.JUDGE, part=part))
        return asked


Work: TypeAlias = AnswerWork | JudgeWork
