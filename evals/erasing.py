"""The places of tests and reviews that keep texts of calls; a part of every deletion on request."""

from __future__ import annotations

import hashlib
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils import timezone

from evals import revisions
from evals.coverage.models import DatasetCoverage
from evals.experiments.models import (
    OPEN,
    CachedAnswer,
    CellState,
    Experiment,
    ExperimentCell,
    ExperimentScore,
    ExperimentState,
)
from evals.experiments.plans import DRAFT
from evals.models import Dataset, DatasetItem
from evals.online.models import OnlineJudgement
from evals.proposals.models import RUNNING, FixProposal, ProposalState
from evals.reviews.models import ReviewItem, ReviewQueue
from monitoring.clusters.models import Cluster
from monitoring.erasure.targets import Place, Target
from prompt_registry.trial_models import Trial

# What a blanked item notes; its number and what was counted with it stay, so that old results still add up.
MARK = {"deleted": True}
ERASED = "The texts were deleted on request."


def of_evals() -> list[Place]:
    """Return the places in the order in which they are cleared: what was made of an item goes before the item."""
    return [
        Place("trials", "Trials in the playground", _count_trials, _delete_trials),
        Place("reviews", "Items of review queues, with what reviewers said", _count_reviews, _delete_reviews),
        Place("judgements", "What checks said about live calls", _count_judgements, _delete_judgements),
        Place("answers", "Answers in experiments, with what checks said", _count_cells, _blank_cells),
        Place("proposals", "Proposed fixes", _count_proposals, _blank_proposals),
        Place("cached", "Cached answers of models", _count_cached, _delete_cached),
        Place("coverage", "What datasets represent", _count_coverage, _blank_coverage),
        Place("items", "Items of datasets, in all their revisions", _count_items, _blank_items),
    ]


def items_of(target: Target) -> QuerySet[DatasetItem]:
    """Return every version of every item that was made of the calls, and items of other datasets that say the same."""
    if not target.trace_ids:
        return DatasetItem.objects.none()
    own = DatasetItem.objects.filter(project_id=target.project_id, source_trace_id__in=target.trace_ids)
    keys = set(own.values_list("dataset_id", "number"))
    same = _versions(target.project_id, keys).exclude(metadata=MARK)
    hashes = {bytes(digest) for digest in same.values_list("content_hash", flat=True)}
    twins = DatasetItem.objects.filter(project_id=target.project_id, content_hash__in=hashes)
    return _versions(target.project_id, keys | set(twins.values_list("dataset_id", "number")))


def _versions(project_id: int, keys: set[tuple[int, int]]) -> QuerySet[DatasetItem]:
    found = Q(pk__in=[])
    for dataset_id in {dataset for dataset, _ in keys}:
        found |= Q(dataset_id=dataset_id, number__in=[number for dataset, number in keys if dataset == dataset_id])
    return DatasetItem.objects.filter(found, project_id=project_id)


def _count_items(target: Target) -> int:
    return items_of(target).exclude(metadata=MARK).count()


def _blank_items(target: Target) -> int:
    """Take the items out of their datasets as a revision of its own, and their texts out of all revisions."""
    rows = list(items_of(target).exclude(metadata=MARK).order_by("dataset_id", "pk"))
    for dataset_id in sorted({item.dataset_id for item in rows}):
        _remove(dataset_id, [item for item in rows if item.dataset_id == dataset_id])
    for item in rows:
        digest = hashlib.sha256(f"deleted {item.pk}".encode()).digest()
        DatasetItem.objects.filter(pk=item.pk).update(
            input={}, context="", expected_output=None, metadata=MARK, tags=[], content_hash=digest
        )
    return len(rows)


def _remove(dataset_id: int, items: list[DatasetItem]) -> None:
    dataset = Dataset.objects.select_for_update().select_related("project").get(pk=dataset_id)
    current = [item.pk for item in items if item.is_current]
    removed = DatasetItem.objects.filter(pk__in=current, valid_to_revision=None).update(
        valid_to_revision=dataset.revision + 1
    )
    if removed:
        dataset.item_count -= removed
        noun = "item" if removed == 1 else "items"
        revisions.close(dataset=dataset, summary=f"Deleted {removed} {noun} on request", removed=removed, by=None)


def _cells(target: Target) -> QuerySet[ExperimentCell]:
    if not target.trace_ids:
        return ExperimentCell.objects.none()
    of_items = Q(item_id__in=list(items_of(target).values_list("pk", flat=True)))
    return ExperimentCell.objects.filter(
        of_items | Q(trace_id__in=target.trace_ids), project_id=target.project_id
    )  # fmt: skip


def _with_text(target: Target) -> QuerySet[ExperimentCell]:
    said = ~Q(output="") | ~Q(detail="") | ~Q(error__in=("", ERASED)) | Q(state__in=OPEN)
    judged = Q(scores__in=ExperimentScore.objects.filter(_score_has_text()))
    return ExperimentCell.objects.filter(pk__in=_cells(target).filter(said | judged).values("pk"))


def _score_has_text() -> Q:
    return ~Q(why="") | ~Q(error__in=("", ERASED)) | ~Q(detail={})


def _count_cells(target: Target) -> int:
    return _with_text(target).count()


def _blank_cells(target: Target) -> int:
    """Take the texts out of the answers and verdicts; the numbers stay, and what is not answered yet never will be."""
    pks = list(_with_text(target).order_by("pk").select_for_update().values_list("pk", flat=True))
    rows = ExperimentCell.objects.filter(pk__in=pks)
    rows.filter(state__in=OPEN).update(state=CellState.SKIPPED, ended_at=timezone.now(), lease_until=None)
    rows.exclude(error="").update(error=ERASED)
    rows.filter(state=CellState.SKIPPED, error="").update(error=ERASED)
    rows.update(output="", detail="")
    scores = ExperimentScore.objects.filter(cell_id__in=pks)
    scores.exclude(error="").update(error=ERASED)
    scores.update(why="", detail={})
    return len(pks)


def _reviews(target: Target) -> QuerySet[ReviewItem]:
    if not target.trace_ids:
        return ReviewItem.objects.none()
    cells = list(_cells(target).values_list("pk", flat=True))
    about = Q(trace_id__in=target.trace_ids) | Q(cell_id__in=cells) | Q(rival_cell_id__in=cells)
    return ReviewItem.objects.filter(about, project_id=target.project_id)


def _count_reviews(target: Target) -> int:
    return _reviews(target).count()


def _delete_reviews(target: Target) -> int:
    found = _reviews(target).delete()[1].get("evals.ReviewItem", 0)
    return found + _unname_queues(target)


def _unname_queues(target: Target) -> int:
    """Take the words of a choice away that name the person; the queue and its other items stay."""
    changed = 0
    for queue in ReviewQueue.objects.filter(project_id=target.project_id) if target.ids else ():
        if any(one in str(queue.source) for one in target.ids):
            ReviewQueue.objects.filter(pk=queue.pk).update(source={**queue.source, "words": "", "traces": []})
            changed += 1
    return changed


def _judgements(target: Target) -> QuerySet[OnlineJudgement]:
    return OnlineJudgement.objects.filter(project_id=target.project_id, trace_id__in=target.trace_ids)


def _count_judgements(target: Target) -> int:
    return _judgements(target).count()


def _delete_judgements(target: Target) -> int:
    return _judgements(target).delete()[0]


def _trials(target: Target) -> QuerySet[Trial]:
    """Return the trials with one of the calls among their inputs, or with any item when items are deleted."""
    if not target.trace_ids:
        return Trial.objects.none()
    statement = """
        SELECT id FROM trial WHERE project_id = %s AND (
            EXISTS (SELECT FROM jsonb_array_elements(inputs) AS one WHERE one ->> 'trace_id' = ANY(%s))
            OR (%s AND touched_at < %s AND EXISTS (
                SELECT FROM jsonb_array_elements(inputs) AS one WHERE one ->> 'source' = 'item')))
    """
    spelled = [text for trace_id in target.trace_ids for text in (trace_id.hex, str(trace_id))]
    with connection.cursor() as cursor:
        cursor.execute(statement, [target.project_id, spelled, items_of(target).exists(), target.made_before])
        return Trial.objects.filter(pk__in=[pk for (pk,) in cursor.fetchall()])


def _count_trials(target: Target) -> int:
    return _trials(target).count()


def _delete_trials(target: Target) -> int:
    return _trials(target).delete()[1].get("prompt_registry.Trial", 0)


def _proposals(target: Target) -> QuerySet[FixProposal]:
    """Return the searches that were written by one of the items, and still hold what was suggested."""
    if not target.trace_ids:
        return FixProposal.objects.none()
    keys = list(items_of(target).values_list("pk", flat=True))
    used = Q(pk__in=[])
    for use in ("tune_problems", "tune_good"):
        for key in keys:
            used |= Q(**{f"items__{use}__contains": [key]})
    still = ~Q(candidates=[]) | Q(state__in=RUNNING)
    return FixProposal.objects.filter(used & still, project_id=target.project_id)


def _count_proposals(target: Target) -> int:
    return _proposals(target).count()


def _blank_proposals(target: Target) -> int:
    """Take away what was suggested, for it may repeat an example; a version that somebody made of it is a text of theirs."""
    found = list(_proposals(target).order_by("pk").select_for_update())
    rows = FixProposal.objects.filter(pk__in=[proposal.pk for proposal in found])
    open_states = [*RUNNING, ProposalState.READY]
    rows.filter(state__in=open_states).update(
        state=ProposalState.STOPPED, reason=ERASED, ended_at=timezone.now(), leased_until=None, lease_token=None
    )
    rows.update(candidates=[], finalist=None)
    _blank_rounds([one["experiment"] for proposal in found for one in proposal.rounds])
    return len(found)


def _blank_rounds(experiment_ids: list[int]) -> None:
    """Stop the tests of what was suggested, and take the suggested texts out of them; their numbers stay."""
    rows = Experiment.objects.filter(pk__in=experiment_ids)
    rows.exclude(state__in=[ExperimentState.DONE, ExperimentState.CANCELLED]).update(
        state=ExperimentState.CANCELLED, reason=ERASED, ended_at=timezone.now()
    )
    # Locked in the order in which workers lock them.
    cells = ExperimentCell.objects.filter(experiment__in=experiment_ids, state__in=OPEN).order_by("pk")
    pks = list(cells.select_for_update().values_list("pk", flat=True))
    ExperimentCell.objects.filter(pk__in=pks).update(
        state=CellState.SKIPPED, error=ERASED, ended_at=timezone.now(), lease_until=None
    )
    for experiment in rows:
        variants = [one | {"content": {}} if one["kind"] == DRAFT else one for one in experiment.variants]
        Experiment.objects.filter(pk=experiment.pk).update(variants=variants)


def _cached(target: Target) -> QuerySet[CachedAnswer]:
    """Return every cached answer of before: a cache says by no key whose question it was, and it fills itself again."""
    if target.is_empty:
        return CachedAnswer.objects.none()
    return CachedAnswer.objects.filter(project_id=target.project_id, created_at__lt=target.made_before)


def _count_cached(target: Target) -> int:
    return _cached(target).count()


def _delete_cached(target: Target) -> int:
    return _cached(target).delete()[0]


def _coverage(target: Target) -> list[DatasetCoverage]:
    """Return the measurements that name one of the groups or point at one of the calls."""
    names = set(
        Cluster.objects.filter(project_id=target.project_id, pk__in=target.cluster_ids).values_list("name", flat=True)
    )
    if not names and not target.trace_ids:
        return []
    traces = {text for trace_id in target.trace_ids for text in (trace_id.hex, str(trace_id))}
    rows = DatasetCoverage.objects.filter(project_id=target.project_id, measured_at__lt=target.made_before)
    return [row for row in rows.exclude(groups=[], suggestions=[]) if _mentions(row, names, traces)]


def _mentions(row: DatasetCoverage, names: set[str], traces: set[str]) -> bool:
    if any(group.get("name") in names for group in row.groups):
        return True
    pointed: list[Any] = [*row.suggestions, *(group.get("example") or [""] for group in row.groups)]
    return any(str(one[0]) in traces for one in pointed if one)


def _count_coverage(target: Target) -> int:
    return len(_coverage(target))


def _blank_coverage(target: Target) -> int:
    rows = _coverage(target)
    DatasetCoverage.objects.filter(pk__in=[row.pk for row in rows]).update(groups=[], suggestions=[])
    return len(rows)
