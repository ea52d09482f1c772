"""Better answers become expected ones, and queues become files."""

from __future__ import annotations

import pytest

from evals.reviews import corrections, documents
from evals.reviews.questions import LEFT, RIGHT
from projects.roles import Role
from tests.evals.experiment_factories import make_judged
from tests.evals.factories import make_dataset
from tests.evals.reviews.factories import make_call_queue, make_pairs, make_queue, make_reviewer, say
from tests.monitoring.factories import make_trace
from tests.projects.factories import make_member, make_project

pytestmark = pytest.mark.django_db


def corrected_queue(queue, text: str = "Better."):
    reviewer = make_reviewer(queue)
    say(reviewer, queue.items.order_by("rank").first(), "no", more={"1": text})
    return queue


def test_an_item_of_the_experiments_own_dataset_gets_the_better_answer():
    queue = corrected_queue(make_queue(items=2))
    dataset, editor = queue.experiment.dataset, make_member(project=queue.project, role=Role.EDITOR)
    before = dataset.item_count

    done = corrections.keep(queue=queue, items=corrections.corrected(queue), dataset=dataset, by=editor)

    assert (done.added, done.changed) == (0, 1)
    assert (
        dataset.items.current().get(expected_output="Better.").number
        == queue.items.get(accepted__correction="Better.").cell.item.number
    )
    assert dataset.items.current().count() == before


def test_another_dataset_gets_a_new_item_once():
    queue = corrected_queue(make_queue(items=2))
    dataset, editor = make_dataset(queue.project), make_member(project=queue.project, role=Role.EDITOR)
    items = corrections.corrected(queue)

    first = corrections.keep(queue=queue, items=items, dataset=dataset, by=editor)
    second = corrections.keep(queue=queue, items=items, dataset=dataset, by=editor)

    assert (first.added, second.added) == (1, 0)
    assert dataset.items.current().get().input == items[0].cell.item.input


def test_a_recorded_call_becomes_an_item_with_its_link_back():
    project = make_project()
    trace_id = make_trace(project, asked="Where is it?", answered="No idea.")
    queue = corrected_queue(make_call_queue(project))
    dataset, editor = make_dataset(project), make_member(project=project, role=Role.EDITOR)

    corrections.keep(queue=queue, items=corrections.corrected(queue), dataset=dataset, by=editor)

    item = dataset.items.current().get()
    assert (item.expected_output, item.source, item.source_trace_id.hex) == ("Better.", "call", trace_id)
    assert item.input == {"messages": [{"role": "user", "content": "Where is it?"}]}


def test_items_without_a_better_answer_are_not_offered():
    queue = make_queue(items=2)
    say(make_reviewer(queue), queue.items.first(), "yes")

    assert not corrections.corrected(queue).exists()


def test_a_file_holds_what_each_reviewer_said_and_what_was_accepted():
    queue = corrected_queue(make_queue(items=2))

    answered, waiting = sorted(documents.of_items(queue), key=lambda found: found["state"], reverse=True)

    assert answered["accepted"] == {"good answer": "no", "correction": "Better."}
    assert answered["reviews"][0]["values"] == {"good answer": "no", "correction": "Better."}
    assert (waiting["state"], waiting["reviews"]) == ("open", [])


def test_a_table_has_a_head_and_a_row_for_each_item():
    head, *rows = documents.table(corrected_queue(make_queue(items=4)))

    assert {"good answer", "correction", "state"} <= set(head)
    assert [len(row) for row in rows] == [len(head)] * 4


def test_a_pair_names_the_variant_that_won_whichever_side_it_stood_on():
    queue = make_pairs(make_judged({"Kind": ["1" * 20, "1" * 20]}))
    reviewer = make_reviewer(queue)
    for item in queue.items.all():
        say(reviewer, item, RIGHT if item.is_swapped else LEFT)

    assert {found["better_variant"] for found in documents.of_items(queue)} == {"v1 live"}
