"""The items of a dataset that an experiment takes."""

from __future__ import annotations

from django.db import connection

from evals import datasets
from evals.experiments.plans import ExperimentPlan
from evals.models import DatasetItem, DatasetItemQuerySet


def items_of(plan: ExperimentPlan) -> DatasetItemQuerySet:
    """Return the items of the plan's revision and part; with a limit the same ones every time, chosen by hash."""
    items = datasets.items_at(dataset=plan.dataset, revision=plan.revision)
    if plan.split:
        items = items.filter(split=plan.split)
    if plan.item_ids:
        items = items.filter(pk__in=list(plan.item_ids))
    if plan.limit:
        chosen = items.order_by("content_hash").values_list("pk", flat=True)[: plan.limit]
        items = DatasetItem.objects.filter(pk__in=list(chosen)).by_number()
    return items


def blanks_of(items: DatasetItemQuerySet) -> set[str]:
    """Return the blanks that at least one of the items fills."""
    ids = list(items.values_list("pk", flat=True))
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT jsonb_object_keys(input) FROM dataset_item WHERE id = ANY(%s)", [ids])
        return {row[0] for row in cursor.fetchall()}
