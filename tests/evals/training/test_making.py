"""Training data from real calls: chosen, masked, checked, each once, and nothing that a test holds."""

from __future__ import annotations

import gzip
from datetime import timedelta

import orjson
import pytest
from django.utils import timezone

from evals.training import checks, estimating, making, splits
from monitoring import scores
from monitoring.exports import parts, requests, running
from monitoring.exports.models import Export, ExportedText, ExportKind
from monitoring.trace_filters import TraceFilter
from tests.evals.experiment_factories import make_judged
from tests.evals.factories import add, make_dataset
from tests.evals.reviews.factories import make_pairs, make_reviewer, say
from tests.monitoring.factories import make_trace, rate
from tests.projects.factories import make_project, make_user

pytestmark = pytest.mark.django_db
OPTIONS = {"which": "all", "reviews": False, "masks": True, "validation_share": 0}


@pytest.fixture
def project():
    return make_project(by=make_user())


def last_day() -> TraceFilter:
    now = timezone.now()
    return TraceFilter(start=now - timedelta(days=1), end=now + timedelta(minutes=1))


def make(project, kind=ExportKind.TUNING, **options) -> Export:
    export = requests.ask(project=project, kind=kind, wanted=last_day(), words="", options=OPTIONS | options, by=None)
    running.run(export_id=export.pk, make=making.maker_of, keep=lambda: True)
    export.refresh_from_db()
    return export


def lines(export: Export, file: str = splits.TRAIN) -> list[dict]:
    packed = gzip.decompress(b"".join(parts.read(export, file)))
    return [orjson.loads(line) for line in packed.splitlines()]


def correct(project, trace_id: str, text: str) -> None:
    item = {"trace_id": trace_id, "name": "better", "data_type": "correction", "string_value": text, "source": "human"}
    scores.record(project_id=project.pk, scores=[scores.checked(item, now=timezone.now())])


def test_a_call_becomes_a_chat_that_ends_with_its_answer(project):
    make_trace(project, asked="Where is it?", answered="On its way.")

    [line] = lines(make(project))

    assert line == {
        "messages": [{"role": "user", "content": "Where is it?"}, {"role": "assistant", "content": "On its way."}]
    }
    assert checks.tuning_problems(line) == []


def test_a_correction_stands_in_for_the_answer(project):
    correct(project, make_trace(project, asked="Where is it?", answered="No idea."), "It comes on Monday.")

    [line] = lines(make(project, which="corrected"))

    assert line["messages"][-1]["content"] == "It comes on Monday."


def test_only_the_wanted_answers_are_taken(project):
    rate(project, make_trace(project, asked="A?", answered="1"), up=True)
    rate(project, make_trace(project, asked="B?", answered="2"), up=False)
    make_trace(project, asked="C?", answered="3")

    liked, all_but_disliked = make(project, which="good"), make(project, which="all")

    assert [line["messages"][0]["content"] for line in lines(liked)] == ["A?"]
    assert {line["messages"][0]["content"] for line in lines(all_but_disliked)} == {"A?", "C?"}
    assert liked.counts["not_chosen"] == 2


def test_personal_data_is_masked_beyond_what_was_masked_when_it_was_stored(project):
    make_trace(project, asked="Write to jo@example.com", answered="I wrote to jo@example.com")

    assert "jo@example.com" not in str(lines(make(project)))
    assert "jo@example.com" in str(lines(make(project, masks=False)))


def test_the_same_chat_is_in_the_file_once(project):
    for _ in range(3):
        make_trace(project, asked="Where?", answered="Here.")

    export = make(project)

    assert (len(lines(export)), export.counts["duplicates"]) == (1, 2)
    assert not ExportedText.objects.exists()


def test_what_a_dataset_holds_is_left_out_word_for_word_and_nearly(project):
    question = "Can I return a pair of shoes that I bought forty days ago without the box?"
    add(make_dataset(project), question)
    make_trace(project, asked=question, answered="Yes.")
    make_trace(project, asked=f"Hello there! {question} Thanks a lot.", answered="Yes.")
    make_trace(project, asked="Where is my parcel?", answered="On its way.")

    export = make(project)

    assert [line["messages"][0]["content"] for line in lines(export)] == ["Where is my parcel?"]
    assert (export.counts["leaks_exact"], export.counts["leaks_near"]) == (1, 1)


def test_all_calls_of_a_user_are_on_the_same_side_of_the_split(project):
    for number in range(40):
        make_trace(
            project, user=f"user-{number % 8}", asked=f"I am user-{number % 8}: question {number}", answered="Yes."
        )

    export = make(project, validation_share=0.5)

    train, validation = (
        {line["messages"][0]["content"].split(":")[0] for line in lines(export, file)} for file in export_files()
    )
    assert train
    assert validation
    assert train.isdisjoint(validation)
    assert len(train | validation) == 8


def export_files() -> tuple[str, str]:
    return splits.TRAIN, splits.VALIDATION


def test_a_call_without_an_answer_is_left_out_and_counted(project):
    make_trace(project, asked="Where?", answered="")

    export = make(project)

    assert lines(export) == []
    assert export.row_count == 0


def test_a_correction_makes_a_pair_with_the_answer_it_corrects(project):
    correct(project, make_trace(project, asked="Where is it?", answered="No idea."), "It comes on Monday.")

    [line] = lines(make(project, ExportKind.PREFERENCES))

    assert line["preferred_output"][0]["content"] == "It comes on Monday."
    assert line["non_preferred_output"][0]["content"] == "No idea."
    assert checks.preference_problems(line) == []


@pytest.mark.parametrize("liked_first", [True, False])
def test_a_liked_and_a_disliked_answer_to_the_same_make_a_pair(project, liked_first):
    for is_up in (liked_first, not liked_first):
        rate(project, make_trace(project, asked="Where?", answered="Good." if is_up else "Bad."), up=is_up)
    rate(project, make_trace(project, asked="Another?", answered="Bad."), up=False)

    export = make(project, ExportKind.PREFERENCES)

    [line] = lines(export)
    assert (line["preferred_output"][0]["content"], line["non_preferred_output"][0]["content"]) == ("Good.", "Bad.")
    assert export.counts["without_counterpart"] == 1


def test_pairs_that_reviewers_judged_are_taken_the_way_they_stood(project):
    experiment = make_judged({"Kind": ["10", "01"]}, project)
    queue = make_pairs(experiment)
    for item in queue.items.all():
        say(make_reviewer(queue), item, "Left is better")
    left = {item.content["answers"][0] for item in queue.items.all()}

    found = lines(make(project, ExportKind.PREFERENCES, reviews=True))

    assert {line["preferred_output"][0]["content"] for line in found} == left
    assert len(found) == 2


def test_an_estimate_counts_what_would_be_made_and_keeps_nothing(project):
    make_trace(project, asked="Where?", answered="Here.")

    found = estimating.estimate(project=project, kind=ExportKind.TUNING, wanted=last_day(), options=OPTIONS)

    assert (found.rows, found.expected_rows, found.is_whole) == (1, 1, True)
    assert found.expected_tokens > 10
    assert "Where?" in found.examples[0]
    assert not Export.objects.exists()
