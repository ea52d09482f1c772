"""How far a judge can be trusted, from what people said about a uniform sample of the answers that it judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q

from evals.evaluators.models import EvaluatorVersion
from evals.experiments.models import CellState, ExperimentScore
from evals.reviews import questions
from evals.reviews.models import ItemState, Purpose, ReviewClaim, ReviewQueue
from evals.reviews.questions import YES
from evals.reviews.sources import Source
from evals.statistics import judges, labels
from evals.statistics.judges import Agreement, CorrectedRate
from evals.statistics.paired import pass_difference

# Below this nobody can tell whether the judge's rate on the same answers moved.
_FEWEST_REJUDGED = 20
# Beyond this share the answers without a label may be just those on which the judge is wrong.
_MOST_WITHOUT_LABEL = 0.05


@dataclass(frozen=True, slots=True)
class Judged:
    """One answer as the judge saw it, and what people said where they were asked."""

    cell_id: int
    column: int
    judge: bool
    person: bool | None = None


@dataclass(frozen=True, slots=True)
class ColumnRate:
    """The share of one variant's answers that passes: as the judge says, and as people would."""

    column: int
    judge_rate: float
    corrected: CorrectedRate


@dataclass(frozen=True, slots=True)
class Calibration:
    """What labels say about a judge. `drift` holds a sentence for every reason to label anew."""

    queue: ReviewQueue
    version: EvaluatorVersion
    agreement: Agreement
    corrected: CorrectedRate
    # The share that the judge passes among all it judged there.
    judge_rate: float
    # Answers on which the judge said pass and people fail, and the other way round.
    too_kind: int
    too_strict: int
    more_labels: int
    columns: tuple[ColumnRate, ...]
    # Drawn answers that people had before them and that have no label: nobody could tell, they disagree or passed it on.
    without_label: int
    drift: tuple[str, ...]

    @property
    def may_decide(self) -> bool:
        """Whether a gate or a rollout may rest on this judge."""
        return self.agreement.may_decide and not self.drift and self.has_enough_labels and not self.is_patchy

    @property
    def has_enough_labels(self) -> bool:
        """Whether anything may be concluded from the labels."""
        return self.agreement.items >= labels.FEWEST_LABELS

    @property
    def is_patchy(self) -> bool:
        """Whether so many drawn answers have no label that the others do not stand for all."""
        return self.without_label > _MOST_WITHOUT_LABEL * (self.agreement.items + self.without_label)

    @property
    def is_sharp(self) -> bool:
        """Whether the corrected rate reaches no further than five points to either side."""
        return self.corrected.interval.high - self.corrected.interval.low <= 2 * labels.SHARP

    @property
    def judge_is_off(self) -> bool:
        """Whether the judge's own rate lies outside of what people would have found."""
        return not self.corrected.interval.holds(self.judge_rate)


def of(evaluator_version: EvaluatorVersion) -> Calibration | None:
    """Return the newest calibration of this version of a judge, or None while nobody labelled anything for it."""
    queues = ReviewQueue.objects.filter(
        project_id=evaluator_version.project_id, evaluator_version=evaluator_version, purpose=Purpose.CALIBRATION
    )
    return next((found for queue in queues.newest_first()[:20] if (found := of_queue(queue))), None)


def of_queue(queue: ReviewQueue) -> Calibration | None:
    """Return what the labels of one queue say about its judge, or None while there are none."""
    version = queue.evaluator_version
    labelled = _labelled(queue)
    if version is None or queue.purpose != Purpose.CALIBRATION or not labelled:
        return None
    elsewhere = _elsewhere(queue, {answer.cell_id for answer in labelled})
    everything = [*labelled, *elsewhere]
    people, judge, rest = _values(labelled, elsewhere)
    return Calibration(
        queue=queue, version=version, agreement=judges.agreement([bool(y) for y in people], [bool(f) for f in judge]),
        corrected=judges.corrected_rate(people, judge, judge_elsewhere=rest),
        judge_rate=sum(answer.judge for answer in everything) / len(everything),
        too_kind=sum(answer.judge and not answer.person for answer in labelled),
        too_strict=sum(bool(answer.person) and not answer.judge for answer in labelled),
        more_labels=labels.more_needed(people, judge, judge_elsewhere=rest),
        columns=_columns(labelled, elsewhere), without_label=_without_label(queue, len(labelled)), drift=tuple(_drift(queue, version)),
    )  # fmt: skip


def _labelled(queue: ReviewQueue) -> list[Judged]:
    asked = questions.pass_question(queue.questions.all())
    rows = queue.items.filter(state=ItemState.SETTLED, judge_passed__isnull=False, cell__isnull=False)
    return [
        Judged(cell_id or 0, column, bool(judge), accepted[asked.name] == YES)
        for cell_id, column, judge, accepted in rows.values_list("cell_id", "cell__column", "judge_passed", "accepted")
        if asked and asked.name in accepted
    ]


def _without_label(queue: ReviewQueue, labelled: int) -> int:
    """Count the drawn answers that came before people and got no label; those that still wait for their turn do not count."""
    passed_on = ReviewClaim.objects.filter(
        item=OuterRef("pk"), kind__in=[ReviewClaim.Kind.POSTPONED, ReviewClaim.Kind.SKIPPED]
    )  # fmt: skip
    rows = queue.items.filter(judge_passed__isnull=False, cell__isnull=False)
    return rows.filter(~Q(state=ItemState.OPEN) | Exists(passed_on)).count() - labelled


def _elsewhere(queue: ReviewQueue, labelled: set[int]) -> list[Judged]:
    """Return what the judge said about the answers that nobody labelled."""
    rows = ExperimentScore.objects.filter(
        project_id=queue.project_id, evaluator_version_id=queue.evaluator_version_id, value__isnull=False,
        cell__experiment=queue.experiment, cell__state=CellState.DONE,
    )  # fmt: skip
    columns = Source.from_json(queue.source).columns
    if columns:
        rows = rows.filter(cell__column__in=columns)
    found = rows.values_list("cell_id", "cell__column", "value", "passed")
    return [
        Judged(cell_id, column, _passed(value, passed))
        for cell_id, column, value, passed in found
        if cell_id not in labelled
    ]


def _passed(value: float | None, passed: bool | None) -> bool:
    """Return what a score says; where it has no word for it, one half is the boundary."""
    return (value or 0.0) >= 0.5 if passed is None else passed


def _values(labelled: Sequence[Judged], elsewhere: Sequence[Judged]) -> tuple[list[float], list[float], list[float]]:
    people = [float(bool(answer.person)) for answer in labelled]
    return people, [float(answer.judge) for answer in labelled], [float(answer.judge) for answer in elsewhere]


def _columns(labelled: Sequence[Judged], elsewhere: Sequence[Judged]) -> tuple[ColumnRate, ...]:
    found = []
    for column in sorted({answer.column for answer in [*labelled, *elsewhere]}):
        mine = [answer for answer in labelled if answer.column == column]
        others = [answer for answer in elsewhere if answer.column == column]
        people, judge, rest = _values(mine, others)
        rate = sum([*judge, *rest]) / len([*judge, *rest])
        found.append(ColumnRate(column, rate, judges.corrected_rate(people, judge, judge_elsewhere=rest)))
    return tuple(found)


def _drift(queue: ReviewQueue, version: EvaluatorVersion) -> list[str]:
    """Return the reasons why the labels may not be about today's judge any more."""
    evaluator = version.evaluator
    found = []
    if evaluator.version > version.number:
        found.append(
            f"«{evaluator.name}» was changed: it is at version {evaluator.version}, and these labels are about version "
            f"{version.number}."
        )
    found += _model_drift(queue, version)
    found += _rate_drift(queue, version)
    return found


def _model_drift(queue: ReviewQueue, version: EvaluatorVersion) -> list[str]:
    then = set(queue.items.exclude(judge_model="").values_list("judge_model", flat=True))
    scores = ExperimentScore.objects.filter(
        project_id=queue.project_id, evaluator_version__evaluator_id=version.evaluator_id
    ).exclude(judge_model="")  # fmt: skip
    now = scores.order_by("-created_at", "-pk").values_list("judge_model", flat=True).first()
    if now is None or not then or now in then:
        return []
    return [f"The model behind the judge changed: it was {', '.join(sorted(then))} then, and is {now} now."]


def _rate_drift(queue: ReviewQueue, version: EvaluatorVersion) -> list[str]:
    then = _judged_then(queue)
    scores = ExperimentScore.objects.filter(
        project_id=queue.project_id, cell_id__in=then, value__isnull=False,
        evaluator_version__evaluator_id=version.evaluator_id,
    )  # fmt: skip
    newest = scores.order_by("cell_id", "-evaluator_version__number").distinct("cell_id")
    now = {
        cell_id: _passed(value, passed) for cell_id, value, passed in newest.values_list("cell_id", "value", "passed")
    }
    moved = pass_difference([then[cell] for cell in now], list(now.values()))
    if moved.items < _FEWEST_REJUDGED or moved.interval.holds(0):
        return []
    before, after = (sum(said) / len(now) for said in ([then[cell] for cell in now], now.values()))
    return [
        f"On the same {moved.items} labelled answers the judge passed {before:.0%} then and passes {after:.0%} now."
    ]


def _judged_then(queue: ReviewQueue) -> dict[int, bool]:
    rows = queue.items.filter(state=ItemState.SETTLED, judge_passed__isnull=False, cell__isnull=False)
    return {cell_id: bool(passed) for cell_id, passed in rows.values_list("cell_id", "judge_passed") if cell_id}
