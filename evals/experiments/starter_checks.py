"""A few checks to begin with: none of them asks a model, so none of them costs anything."""

from __future__ import annotations

from django.db import transaction

from evals.errors import EvaluatorNameTaken
from evals.evaluators import catalogue, definitions
from evals.evaluators.models import Evaluator
from projects.models import Project, User

_ANSWERED = ("There is an answer", "At least one word came back.", "length", {"fewest": 1})
_HELPS: tuple[str, str, str, dict[str, object]] = (
    "No refusal",
    "The answer helps instead of declining.",
    "refusal",
    {},
)
_SIMILAR = (
    "Says what is expected", "Shares at least half of its words with the expected answer.", "words in common", {"at_least": 0.5},
)  # fmt: skip


@transaction.atomic
def add(*, project: Project, by: User) -> list[Evaluator]:
    """Add the usual checks to the project; those that are there already are left out."""
    made = []
    for name, description, kind, settings in (_ANSWERED, _HELPS, _SIMILAR):
        if kind not in catalogue.KINDS:
            continue
        try:
            found = definitions.create(
                project=project, name=name, description=description, kind=kind, settings=settings, by=by
            )
        except EvaluatorNameTaken:
            continue
        made.append(found)
    return made
