"""What people made of an issue elsewhere, written into its history: so far datasets of its calls."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from monitoring.issues.models import Issue, IssueEvent
from projects.models import User

DATASET_MADE = "dataset_made"
# The notes of a dataset item that was made from a call of an issue.
ISSUE, ISSUE_TITLE = "issue", "issue_title"


@dataclass(frozen=True, slots=True)
class MadeDataset:
    """A dataset that calls of the issue were put into, and how many."""

    dataset_id: int
    name: str
    item_count: int
    at: datetime


def dataset_made(*, issue: Issue, dataset_id: int, name: str, item_count: int, by: User) -> IssueEvent:
    """Write down that calls of the issue were put into a dataset."""
    return IssueEvent.objects.create(
        project_id=issue.project_id, issue=issue, kind=DATASET_MADE, new=name[:300], by=by,
        numbers={"dataset": dataset_id, "items": item_count},
    )  # fmt: skip


def datasets_of(issue: Issue) -> list[MadeDataset]:
    """Return the datasets that calls of the issue were put into, the newest first."""
    events = IssueEvent.objects.filter(issue=issue, kind=DATASET_MADE).order_by("-at", "-pk")
    return [
        MadeDataset(int(event.numbers["dataset"]), event.new, int(event.numbers["items"]), event.at)
        for event in events
    ]  # fmt: skip
