"""Making queues, and where their items come from."""

from __future__ import annotations

import uuid

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from evals.reviews import queues, sampling
from evals.reviews.errors import NothingToReview, QueueNotUsable
from evals.reviews.models import Purpose, ReviewItem, ReviewQueue
from evals.reviews.questions import GOOD, NewQuestion, QuestionsNotUsable
from evals.reviews.sources import Source, SourceKind
from monitoring import scores
from projects.roles import Role
from prompt_registry.errors import NotAllowed
from tests.evals.experiment_factories import make_judged
from tests.evals.reviews.factories import (
    make_calibration,
    make_call_queue,
    make_pairs,
    make_queue,
    make_reviewer,
    plan_of,
    say,
)
from tests.monitoring.factories import make_trace, rate
from tests.projects.factories import make_member, make_project

pytestmark = pytest.mark.django_db


def refused(experiment, **values) -> str:
    with pytest.raises((QueueNotUsable, QuestionsNotUsable, NothingToReview)) as caught, transaction.atomic():
        queues.create(project=experiment.project, plan=plan_of(experiment, **values), by=None)
    return str(caught.value)


def evaluate(project, trace_id: str, value: float) -> None:
    item = {"trace_id": trace_id, "name": "kind", "data_type": "number", "value": value, "source": "evaluator"}
    scores.record(project_id=project.pk, scores=[scores.checked(item, now=timezone.now())])


# Answers of experiments


def test_a_queue_holds_the_answers_with_what_was_asked():
    item = make_queue(items=2).items.first()

    assert item.content["answers"][0].startswith("Answer 0.0 to item ")
    assert item.content["inputs"][0][0] == "question"


def test_answers_that_failed_or_wait_are_left_out():
    queue = make_queue(make_judged({"Correct": ["1x-.0"]}))

    assert queue.items.count() == 2


def test_one_variant_can_be_chosen():
    experiment = make_judged({"Correct": ["11", "00"]})
    source = Source(SourceKind.ANSWERS, experiment_id=experiment.pk, columns=(1,))

    queue = make_queue(experiment, source=source)

    assert {item.cell.column for item in queue.items.all()} == {1}


def test_what_is_drawn_depends_on_the_hash_alone_and_goes_on_where_it_stopped():
    experiment = make_judged({"Correct": ["10" * 10]})
    queue = make_queue(experiment, count=5)
    everything = [f"cell:{cell.pk}" for cell in experiment.cells.all()]

    queues.refill(queue=queue, count=3, by=None)

    wanted = sampling.drawn(everything, salt=str(queue.pk), count=8)
    assert list(queue.items.order_by("rank").values_list("key", flat=True)) == wanted


def test_the_draw_takes_good_and_bad_answers_alike():
    keys = [f"cell:{number}" for number in range(4_000)]

    taken = sampling.drawn(keys, salt="7", count=1_000)

    assert 430 < sum(int(key.split(":")[1]) % 2 for key in taken) < 570


def test_a_queue_says_how_much_more_could_go_in():
    experiment = make_judged({"Correct": ["10" * 5]})
    queue = make_queue(experiment, count=4)

    assert queues.waiting_count(queue) == 6
    assert queues.refill(queue=queue, count=100, by=None) == 6
    assert queues.refill(queue=queue, count=100, by=None) == 0


def test_the_most_informative_answers_are_drawn_first_where_that_was_chosen():
    experiment = make_judged({"Kind": [[0.99, 0.5, 0.01, 0.6]]})

    queue = make_queue(experiment, count=2, order="informative")

    assert sorted(item.interest for item in queue.items.all()) == [pytest.approx(0.8), 1.0]


def test_evaluators_that_disagree_make_an_answer_informative():
    experiment = make_judged({"Kind": ["10"], "Short": ["11"]})

    queue = make_queue(experiment, count=1, order="informative")

    assert queue.items.get().interest == 1.0


# Judges


def test_a_calibration_keeps_what_the_judge_had_said():
    queue = make_calibration(make_judged({"Kind": ["10!_"]}))

    said = {(item.judge_value, item.judge_passed) for item in queue.items.all()}
    assert said == {(1.0, True), (0.0, False)}


def test_a_calibration_is_never_ordered_by_the_judges_doubt():
    experiment = make_judged({"Kind": ["10"]})
    version = experiment.evaluators.get().evaluator_version

    why = refused(experiment, purpose=Purpose.CALIBRATION, evaluator_version=version, order="informative")

    assert "by chance alone" in why
    with pytest.raises(IntegrityError), transaction.atomic():
        ReviewQueue.objects.create(
            project=experiment.project, name="x", purpose="calibration", order="informative", evaluator_version=version
        )


def test_a_calibration_needs_a_judge_and_a_yes_or_no():
    experiment = make_judged({"Kind": ["10"]})
    version = experiment.evaluators.get().evaluator_version
    scale = NewQuestion("scale", "How good?")

    assert "choose the judge" in refused(experiment, purpose=Purpose.CALIBRATION)
    assert "yes or no" in refused(
        experiment, purpose=Purpose.CALIBRATION, evaluator_version=version, questions=(scale,)
    )


# Pairs


def test_pairs_stand_on_sides_that_a_coin_chose():
    queue = make_pairs(make_judged({"Kind": ["1" * 40, "1" * 40]}))

    swapped = sum(item.is_swapped for item in queue.items.all())
    assert 8 <= swapped <= 32
    for item in queue.items.select_related("cell", "rival_cell"):
        texts = [item.cell.output, item.rival_cell.output]
        assert item.content["answers"] == (texts[::-1] if item.is_swapped else texts)


def test_answers_that_say_the_same_are_no_pair():
    experiment = make_judged({"Kind": ["11", "11"]})
    experiment.cells.filter(item=experiment.cells.first().item).update(output="The same.")

    assert make_pairs(experiment).items.count() == 1


def test_a_pair_needs_two_different_variants():
    experiment = make_judged({"Kind": ["11", "11"]})

    assert "two different" in refused(
        experiment, source=Source(SourceKind.PAIRS, experiment_id=experiment.pk, columns=(1, 1))
    )


# Recorded calls


def test_disliked_calls_are_those_with_a_thumb_down():
    project = make_project()
    disliked = make_trace(project, asked="Where is it?", answered="As an AI I cannot say.")
    make_trace(project, asked="Who?", answered="Me.")
    rate(project, disliked)

    item = make_call_queue(project, SourceKind.DISLIKED).items.get()

    assert item.trace_id == uuid.UUID(disliked)
    assert item.content["messages"] == [["user", "Where is it?"]]
    assert item.content["answers"] == ["As an AI I cannot say."]


def test_a_random_sample_takes_as_many_calls_as_were_asked_for():
    project = make_project()
    for number in range(8):
        make_trace(project, asked=f"Question {number}", answered="Yes.")

    queue = make_call_queue(project, count=5)

    assert queue.items.count() == 5
    assert queues.waiting_count(queue) == 3


def test_calls_without_a_text_are_left_out():
    project = make_project()
    make_trace(project)

    with pytest.raises(NothingToReview):
        make_call_queue(project)


def test_chosen_calls_are_those_and_no_others():
    project = make_project()
    wanted = make_trace(project, asked="One", answered="1")
    make_trace(project, asked="Two", answered="2")

    queue = make_call_queue(project, source=Source(SourceKind.CHOSEN, traces=(wanted,)))

    assert [item.trace_id.hex for item in queue.items.all()] == [wanted]


def test_calls_of_another_project_do_not_come_in():
    foreign = make_trace(make_project(), asked="Secret", answered="Text")

    with pytest.raises(NothingToReview):
        make_call_queue(make_project(), source=Source(SourceKind.CHOSEN, traces=(foreign,)))


def test_disagreements_are_calls_that_a_person_and_an_evaluator_see_differently():
    project = make_project()
    apart, alike = (make_trace(project, asked=f"Q{turn}", answered="A") for turn in range(2))
    for trace_id, judged in ((apart, 1.0), (alike, 0.1)):
        rate(project, trace_id)
        evaluate(project, trace_id, judged)

    queue = make_call_queue(project, SourceKind.DISAGREEMENTS)

    assert [item.trace_id.hex for item in queue.items.all()] == [apart]


def test_disagreements_are_answers_that_people_labelled_otherwise_than_the_judge():
    experiment = make_judged({"Kind": ["10"]})
    labelled = make_calibration(experiment)
    reviewer = make_reviewer(labelled)
    for item in labelled.items.all():
        say(reviewer, item, "yes")

    queue = make_call_queue(experiment.project, SourceKind.DISAGREEMENTS)

    assert queue.items.get().cell_id == labelled.items.get(judge_passed=False).cell_id


def test_only_the_pass_question_disagrees_with_a_judge():
    experiment = make_judged({"Kind": ["0"]})
    also = NewQuestion("yes_no", "Is it long?", "long")
    labelled = make_calibration(experiment, questions=(GOOD, also))
    say(make_reviewer(labelled), labelled.items.get(), "no", more={"1": "yes"})

    with pytest.raises(NothingToReview):
        make_call_queue(experiment.project, SourceKind.DISAGREEMENTS)


# Rules


def test_long_texts_are_cut_and_say_so():
    project = make_project()
    make_trace(project, asked="Long?", answered="x" * 20_000)

    text = make_call_queue(project).items.get().content["answers"][0]

    assert text.endswith("8,000 more characters are not shown.")


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"name": " "}, "needs a name"),
        ({"questions": ()}, "at least one question"),
        ({"questions": (NewQuestion("choice", "Which?", "", ("only one",)),)}, "2 to 9"),
        ({"questions": (GOOD, GOOD)}, "same name"),
        ({"answers_wanted": 12}, "Between 1 and 9"),
    ],
    ids=["no name", "no question", "one choice", "same question", "too many people"],
)
def test_a_queue_that_makes_no_sense_is_refused_with_the_reason(values, why):
    assert why in refused(make_judged({"Kind": ["10"]}), **values)


def test_viewers_make_no_queue():
    experiment = make_judged({"Kind": ["10"]})
    viewer = make_member(project=experiment.project, role=Role.VIEWER)

    with pytest.raises(NotAllowed):
        queues.create(project=experiment.project, plan=plan_of(experiment), by=viewer)


def test_who_decides_must_be_able_to_answer():
    queue = make_queue()
    viewer = make_member(project=queue.project, role=Role.VIEWER)

    with pytest.raises(QueueNotUsable):
        queues.change(queue=queue, adjudicator=viewer, daily_goal=60, is_shared=False, by=None)


def test_the_database_refuses_items_of_another_project():
    queue = make_queue()
    ReviewItem.objects.create(project=make_project(), queue=queue, key="x", rank=1)

    with pytest.raises(IntegrityError):
        connection.check_constraints()
