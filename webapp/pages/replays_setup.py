"""What somebody chose on the form of a replay: the text, the calls, how many of them, the checks, and how far it may go."""

from __future__ import annotations

import math
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from django.http import QueryDict
from django.utils import timezone

from evals.errors import EvalsError
from evals.evaluators import problem_checks
from evals.evaluators.models import CODE, EvaluatorVersion
from evals.evaluators.problem_checks import CHECKS, ProblemCheck
from evals.experiments import suggestions
from evals.experiments.money import Estimate
from evals.experiments.plans import Variant
from evals.replays import reading, starting
from evals.replays.reading import ReplayCall, Sample, Traffic
from evals.replays.sampling import Stratum
from evals.replays.starting import Wish
from monitoring.issues.models import Signal
from projects import spending
from projects.models import User
from prompt_registry.errors import PromptRegistryError
from prompt_registry.models import Prompt
from prompt_registry.trial_plans import missing_of
from webapp.pages import experiments_variants, tryit_sources
from webapp.pages.experiments_setup import in_nano_usd
from webapp.pages.experiments_variants import ColumnChoice
from webapp.pages.prompts_form import number_in
from webapp.pages.tryit_sources import Choice, Desk

SIZES = (50, 100, 200, 400, 1_000)
USUAL_SIZE = 200
PERIODS = ((1, "The last 24 hours"), (7, "The last 7 days"))
_DAYS = tuple(days for days, _ in PERIODS)
_OWN = "own-"
_USUAL_CHECKS = (
    Signal.REFUSED, Signal.UNSUPPORTED, Signal.LONG_WINDED, Signal.WRONG_LANGUAGE, Signal.EMPTY,
)  # fmt: skip
# What was answered then is masked before it is kept, and the new answers are not: that would not be the same check.
_NOT_THE_SAME = Signal.LEAKED_DATA
# What may be spent when nothing costs anything, so that a price that appears later still finds an end.
_SMALLEST_CAP_USD = 1.0
_UNFIT = frozenset({CODE, CHECKS[_NOT_THE_SAME].kind})
KINDS_SHOWN = 12


@dataclass(frozen=True, slots=True)
class CheckChoice:
    """A check that can be chosen, under the name that the form sends, and whether it is."""

    key: str
    name: str
    description: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Kind:
    """A topic as the form explains the sample: its calls, those with a problem, and how many of it are asked again."""

    name: str
    calls: int
    wrong: int
    taken: int


@dataclass(frozen=True)
class SetUp:
    """Everything that the page shows before the start."""

    prompt: Prompt
    user: User
    desk: Desk
    what: str
    variant: Variant | None
    problem: str
    days: int
    size: int
    traffic: Traffic
    chosen: frozenset[str] | None
    once: str
    typed_cap: str = ""

    @cached_property
    def sample(self) -> Sample:
        return reading.sample(self.traffic, wanted=self.size)

    @property
    def count(self) -> int:
        """How many calls are asked again."""
        return len(self.sample.taken)

    @cached_property
    def some(self) -> list[ReplayCall]:
        """The calls that the price is worked out from."""
        return reading.read(self.traffic, starting.some_of(self.sample))

    @property
    def sizes(self) -> list[int]:
        """The sizes that make a difference; the last one may be all calls."""
        return list(SIZES[: sum(size < self.traffic.calls for size in SIZES) + 1])

    @cached_property
    def kinds(self) -> list[Kind]:
        """How the sample is drawn, the largest topics first."""
        names = reading.names_of(self.traffic, self.prompt, self.sample)
        sizes, taken = self.sample.sizes, [one.stratum for one in self.sample.taken]
        found = [
            Kind(
                names[topic], sum(sizes.get(half, 0) for half in halves), sizes.get(halves[1], 0),
                sum(one in halves for one in taken),
            )
            for topic in sorted({one.topic for one in sizes})
            if (halves := (Stratum(topic, was_wrong=False), Stratum(topic, was_wrong=True)))
        ]  # fmt: skip
        return sorted(found, key=lambda kind: -kind.calls)

    @property
    def has_documents(self) -> bool:
        """Whether any of the calls had documents that an answer can be held against."""
        return any(one.call.context for one in self.some)

    @cached_property
    def unfilled(self) -> Mapping[str, int]:
        """In how many of the calls that were looked at each blank of the text has no value."""
        if self.variant is None:
            return {}
        content, found = self.variant.prompt_content, dict[str, int]()
        for one in self.some:
            for name in missing_of(content, dict.fromkeys(one.call.input, "")):
                found[name] = found.get(name, 0) + 1
        return found

    @property
    def other_model(self) -> str:
        """The model that most calls were answered by, when another one is asked now."""
        models = [one.answer.model for one in self.some if one.answer.model]
        usual = max(set(models), key=lambda model: (models.count(model), model)) if models else ""
        return usual if self.variant is not None and usual != self.variant.model else ""

    @cached_property
    def problem_choices(self) -> list[CheckChoice]:
        known = problem_checks.known(self.prompt.project)
        return [
            CheckChoice(signal, _name(check, known.get(signal)), check.description, self._is_chosen(signal))
            for signal, check in CHECKS.items()
            if signal != _NOT_THE_SAME and (signal != Signal.UNSUPPORTED or self.has_documents)
        ]  # fmt: skip

    @cached_property
    def own(self) -> list[EvaluatorVersion]:
        """The other checks of the project that can judge an answer without an expected one."""
        taken = {version.pk for version in problem_checks.known(self.prompt.project).values()}
        offered = suggestions.evaluators_of(self.prompt.project)
        return [
            one for one in offered if one.pk not in taken and one.kind not in _UNFIT and not suggestions.needs_expected(one)
        ]  # fmt: skip

    @property
    def own_choices(self) -> list[CheckChoice]:
        return [
            CheckChoice(f"{_OWN}{one.pk}", one.evaluator.name, one.evaluator.description, self._is_chosen(f"{_OWN}{one.pk}"))
            for one in self.own
        ]  # fmt: skip

    @property
    def signals(self) -> list[str]:
        return [one.key for one in self.problem_choices if one.is_chosen]

    @property
    def own_chosen(self) -> list[EvaluatorVersion]:
        return [one for one in self.own if self._is_chosen(f"{_OWN}{one.pk}")]

    @property
    def has_checks(self) -> bool:
        return bool(self.signals or self.own_chosen)

    def wish(self, evaluators: Sequence[EvaluatorVersion], cap_nano_usd: int = 0) -> Wish | None:
        """Return what would be replayed, or None as long as it cannot be."""
        if self.variant is None or not self.traffic.calls:
            return None
        return Wish(self.prompt, self.variant, self.traffic, self.size, evaluators, cap_nano_usd)

    @cached_property
    def priced(self) -> tuple[Estimate | None, str]:
        """What it will cost, or the reason why nobody can tell; checks that find problems cost nothing."""
        wish = self.wish(self.own_chosen)
        if wish is None:
            return None, ""
        try:
            return starting.estimate(wish, self.sample, self.some), ""
        except (EvalsError, PromptRegistryError) as error:
            return None, str(error)

    @property
    def estimate(self) -> Estimate | None:
        return self.priced[0]

    @cached_property
    def today(self) -> spending.Today:
        return spending.today(project=self.prompt.project, user=self.user)

    @property
    def cap(self) -> str:
        """What it may cost at most, in dollars, as the field shows it."""
        return self.typed_cap or self.usual_cap

    @property
    def usual_cap(self) -> str:
        worst = self.estimate.worst.nano_usd / spending.NANO if self.estimate else 0.0
        return f"{max(_SMALLEST_CAP_USD if not worst else 0.01, math.ceil(worst * 100) / 100):.2f}"

    @property
    def cap_nano_usd(self) -> int:
        """What it may cost at most; 0 when what was typed is no amount."""
        return in_nano_usd(self.cap)

    def _is_chosen(self, key: str) -> bool:
        if self.chosen is not None:
            return key in self.chosen
        return key in _USUAL_CHECKS


def read(prompt: Prompt, user: User, chosen: QueryDict) -> SetUp:
    """Return the set-up that a form or an address describes; what it leaves open is chosen as is usual."""
    desk = tryit_sources.desk_of(prompt, user)
    what = _what(desk, chosen.get("what", ""))
    column = experiments_variants.column_of(desk, 0, ColumnChoice(Choice(what)))
    days = number_in(chosen, "days")
    days = days if days in _DAYS else _DAYS[0]
    until = timezone.now().replace(second=0, microsecond=0)
    traffic = reading.traffic(prompt=prompt, since=until - timedelta(days=days), until=until)
    return SetUp(
        prompt=prompt, user=user, desk=desk, what=what, variant=column.variant, problem=column.problem, days=days,
        size=_size(number_in(chosen, "size"), traffic.calls), traffic=traffic,
        chosen=frozenset(chosen.getlist("check")) if "sent" in chosen else None, once=_token(chosen.get("once", "")),
        typed_cap=_typed_cap(chosen),
    )  # fmt: skip


def _what(desk: Desk, wanted: str) -> str:
    """Return which text is asked: the one that was chosen, else the draft or the newest version."""
    known = [value for value, _ in desk.whats]
    return wanted if wanted in known else next(iter(known), "")


def _size(wanted: int, calls: int) -> int:
    """Return how many calls are asked again; of a few calls all."""
    known = wanted if wanted in SIZES else USUAL_SIZE
    return min(known, next((size for size in SIZES if size >= calls), known))


def _name(check: ProblemCheck, there: EvaluatorVersion | None) -> str:
    return there.evaluator.name if there is not None else check.name


def _typed_cap(chosen: QueryDict) -> str:
    """Return the amount that somebody typed; one that the page suggested follows the price."""
    typed = chosen.get("cap", "").strip()[:20]
    return "" if typed == chosen.get("suggested_cap", "") else typed


def _token(text: str) -> str:
    """Return what makes a form one form, however often it is sent."""
    try:
        return uuid.UUID(hex=text).hex
    except ValueError:
        return uuid.uuid4().hex
