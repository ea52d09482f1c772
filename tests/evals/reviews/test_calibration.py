"""What labels of people say about a judge."""

from __future__ import annotations

import random

import pytest

from evals.evaluators.models import EvaluatorVersion
from evals.experiments.models import Experiment, ExperimentScore
from evals.reviews import calibration, queues
from evals.reviews.errors import QueueNotUsable
from evals.reviews.models import ReviewQueue
from tests.evals.experiment_factories import make_judged
from tests.evals.reviews.factories import make_calibration, make_queue, make_reviewer, say

pytestmark = pytest.mark.django_db
MODEL = "judge-1"


def judged(truth: str, *, kind_to: int = 0, seed: int = 1) -> tuple[Experiment, dict[int, str]]:
    """Return an experiment of which people would pass what `truth` says, and a judge that passes `kind_to` bad ones more."""
    bad = [place for place, sign in enumerate(truth) if sign == "0"]
    too_kind = set(random.Random(seed).sample(bad, kind_to))
    experiment = make_judged(
        {"Kind": ["".join("1" if place in too_kind else sign for place, sign in enumerate(truth))]}
    )
    ExperimentScore.objects.filter(cell__experiment=experiment).update(judge_model=MODEL)
    cells = experiment.cells.order_by("item__number").values_list("pk", flat=True)
    return experiment, dict(zip(cells, ("yes" if sign == "1" else "no" for sign in truth), strict=True))


def label(queue: ReviewQueue, people: dict[int, str], count: int = 500) -> None:
    reviewer = make_reviewer(queue)
    for item in queue.items.order_by("rank")[:count]:
        say(reviewer, item, people[item.cell_id])


def version_of(experiment: Experiment) -> EvaluatorVersion:
    return experiment.evaluators.get().evaluator_version


def next_version(version: EvaluatorVersion) -> EvaluatorVersion:
    version.evaluator.version = 2
    version.evaluator.save()
    return EvaluatorVersion.objects.create(
        project=version.project, evaluator=version.evaluator, number=2, kind=version.kind
    )


def test_without_a_label_there_is_no_calibration():
    experiment, _ = judged("1010")
    make_calibration(experiment)

    assert calibration.of(version_of(experiment)) is None


def test_a_judge_that_is_too_kind_is_corrected():
    experiment, people = judged("1" * 120 + "0" * 80, kind_to=40)
    queue = make_calibration(experiment, count=120)
    label(queue, people)

    found = calibration.of(version_of(experiment))

    assert found.judge_rate == pytest.approx(0.8)
    assert found.corrected.interval.holds(0.6)
    assert found.judge_is_off
    assert found.agreement.sensitivity == 1
    assert found.agreement.specificity == pytest.approx(0.5, abs=0.2)
    assert found.too_strict == 0 < found.too_kind
    assert (found.corrected.labelled, found.corrected.judged) == (120, 80)


def test_a_judge_that_agrees_may_decide_once_there_are_a_hundred_labels():
    experiment, people = judged("10" * 75)
    queue = make_calibration(experiment, count=60)
    label(queue, people)
    few = calibration.of_queue(queue)

    queues.refill(queue=queue, count=60, by=None)
    label(queue, people)
    enough = calibration.of_queue(queue)

    assert (few.may_decide, few.more_labels) == (False, 40)
    assert (enough.may_decide, enough.more_labels) == (True, 0)


def test_a_judge_that_agrees_too_little_may_not_decide():
    experiment, people = judged("1" * 60 + "0" * 60, kind_to=50)
    label(make_calibration(experiment), people)

    found = calibration.of(version_of(experiment))

    assert found.agreement.kappa < 0.6
    assert not found.may_decide


def test_only_queues_that_were_drawn_by_chance_count():
    experiment, people = judged("1010")
    label(make_queue(experiment, order="informative", evaluator_version=version_of(experiment)), people)

    assert calibration.of(version_of(experiment)) is None


def test_answers_that_nobody_could_judge_are_no_labels():
    experiment, people = judged("1010")
    queue = make_calibration(experiment)
    reviewer = make_reviewer(queue)
    first, *others = queue.items.order_by("rank")
    say(reviewer, first, cannot_tell=True)
    for item in others:
        say(reviewer, item, people[item.cell_id])

    assert calibration.of_queue(queue).agreement.items == 3


def test_every_variant_has_its_own_rate():
    experiment = make_judged({"Kind": ["1111", "0000"]})
    queue = make_calibration(experiment)
    reviewer = make_reviewer(queue)
    for item in queue.items.all():
        say(reviewer, item, "yes")

    rates = {rate.column: (rate.judge_rate, rate.corrected.estimate) for rate in calibration.of_queue(queue).columns}

    assert rates == {0: (1.0, 1.0), 1: (0.0, 1.0)}


def test_a_changed_judge_raises_an_alarm():
    experiment, people = judged("10" * 60)
    label(make_calibration(experiment), people)
    assert calibration.of(version_of(experiment)).drift == ()

    next_version(version_of(experiment))

    found = calibration.of(version_of(experiment))
    assert "version 2" in found.drift[0]
    assert not found.may_decide


def test_another_model_behind_the_judge_raises_an_alarm():
    experiment, people = judged("1010")
    label(make_calibration(experiment), people)
    later = make_judged({"Other": ["1"]}, project=experiment.project)
    ExperimentScore.objects.create(
        project=experiment.project, cell=later.cells.first(), evaluator_version=version_of(experiment), value=1,
        judge_model="judge-2",
    )  # fmt: skip

    assert "it was judge-1 then, and is judge-2 now" in calibration.of(version_of(experiment)).drift[0]


def test_a_rate_that_moved_on_the_same_answers_raises_an_alarm():
    experiment, people = judged("10" * 20)
    label(make_calibration(experiment), people)

    ExperimentScore.objects.filter(cell__experiment=experiment).update(value=1, passed=True)

    assert "passed 50% then and passes 100% now" in calibration.of(version_of(experiment)).drift[0]


def test_a_single_flip_is_no_alarm():
    experiment, people = judged("10" * 20)
    label(make_calibration(experiment), people)
    flipped = ExperimentScore.objects.filter(cell__experiment=experiment, value=0).first()

    ExperimentScore.objects.filter(pk=flipped.pk).update(value=1, passed=True)

    assert calibration.of(version_of(experiment)).drift == ()


def test_a_calibration_of_many_labels_asks_the_database_as_often_as_one_of_few(django_assert_max_num_queries):
    experiment, people = judged("10" * 60)
    queue = make_calibration(experiment)
    label(queue, people)

    with django_assert_max_num_queries(12):
        calibration.of_queue(queue)


def test_a_judge_may_not_decide_when_many_drawn_answers_have_no_label():
    experiment, people = judged("1" * 120 + "0" * 80)
    queue = make_calibration(experiment, count=130)
    label(queue, people, count=110)
    reviewer = make_reviewer(queue)
    assert calibration.of_queue(queue).may_decide

    for item in queue.items.order_by("rank")[110:117]:
        say(reviewer, item, cannot_tell=True)

    found = calibration.of_queue(queue)
    assert (found.without_label, found.is_patchy, found.may_decide) == (7, True, False)


def test_a_judge_is_checked_on_a_finished_experiment_only():
    experiment, _ = judged("1010")
    Experiment.objects.update(state="running", ended_at=None)
    experiment.refresh_from_db()

    with pytest.raises(QueueNotUsable, match="still runs"):
        make_calibration(experiment)
