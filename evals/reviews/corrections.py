"""Makes dataset items of the better answers that reviewers wrote."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.db import transaction
from django.db.models import QuerySet

from evals import calls, datasets, item_contents
from evals.errors import EvalsError
from evals.item_contents import ItemContent
from evals.models import Dataset, DatasetItem, ItemSource
from evals.reviews import call_sources
from evals.reviews.models import ItemState, QuestionKind, ReviewItem, ReviewQueue
from monitoring.models import Trace
from projects.models import User


@dataclass(frozen=True, slots=True)
class Kept:
    """How many items are new, how many got a better expected answer, and how many could not be kept."""

    added: int = 0
    changed: int = 0
    left_out: int = 0


def corrected(queue: ReviewQueue) -> QuerySet[ReviewItem]:
    """Return the settled items with a better answer, in the order in which they were drawn."""
    name = correction_name(queue)
    rows = queue.items.filter(state=ItemState.SETTLED, accepted__has_key=name) if name else queue.items.none()
    return rows.select_related("cell__item__dataset").order_by("rank")


def correction_name(queue: ReviewQueue) -> str:
    """Return the name of the question for a better answer; empty when the queue has none."""
    return next((asked.name for asked in queue.questions.all() if asked.kind == QuestionKind.CORRECTION), "")


@transaction.atomic
def keep(*, queue: ReviewQueue, items: Iterable[ReviewItem], dataset: Dataset, by: User) -> Kept:
    """Put the items' inputs into the dataset with the better answers as what is expected.

    An item that is in this dataset already gets the better answer; it does not come in twice.
    """
    name, added, changed, left_out = correction_name(queue), 0, 0, 0
    for item in items:
        answer = str(item.accepted.get(name, ""))
        source = item.cell.item if item.cell else None
        try:
            if source and source.dataset_id == dataset.pk:
                changed += _improve(dataset, source, answer, by)
            else:
                added += _add(dataset, item, source, answer, by)
        except EvalsError:
            left_out += 1
    return Kept(added, changed, left_out)


def _improve(dataset: Dataset, source: DatasetItem, answer: str, by: User) -> bool:
    current = datasets.newest_of(dataset, source.number)
    content = replace(item_contents.of_item(current), expected_output=answer)
    datasets.change_item(dataset=dataset, number=source.number, content=content, by=by)
    return current.expected_output != answer


def _add(dataset: Dataset, item: ReviewItem, source: DatasetItem | None, answer: str, by: User) -> bool:
    content = item_contents.of_item(source) if source else _of_call(item)
    stored = datasets.add_item(
        dataset=dataset, input=content.input, expected_output=answer, context=content.context, metadata=content.metadata,
        tags=content.tags, source=ItemSource.CALL if item.trace_id else ItemSource.HAND, source_trace_id=item.trace_id,
        source_span_id=item.span_id, by=by,
    )  # fmt: skip
    return not stored.was_there_already


def _of_call(item: ReviewItem) -> ItemContent:
    rows = Trace.objects.filter(project_id=item.project_id)
    trace = rows.filter(trace_id=item.trace_id).first() if item.trace_id else None
    call = call_sources.step_of(trace, item.span_id) if trace and item.span_id is not None else None
    if call is None:
        # The call is past its retention; the item still has the words that reviewers read.
        return item_contents.checked(input=_kept_words(item))
    return item_contents.checked(input=calls.input_of(call.span), metadata=call.metadata)


def _kept_words(item: ReviewItem) -> object:
    if item.content["inputs"]:
        return dict(item.content["inputs"])
    return [{"role": role, "content": text} for role, text in item.content["messages"]]
