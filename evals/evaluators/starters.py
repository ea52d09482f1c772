"""A first set of checks that suits most projects, added with one press and changed at will."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from evals.evaluators import catalogue, definitions
from evals.evaluators.models import Evaluator
from evals.judges import catalogue as judges
from projects.models import Project, User
from prompt_registry.models import ProviderConnection

_CRITERIA = (
    ("Answers the question", "It answers what was asked, instead of something near it or nothing."),
    ("Nothing invented", "Every fact in it stands in the input or the context; where they say nothing, it says so."),
    ("Clear", "Somebody who knows nothing of the matter understands it at the first reading; no sentence is superfluous."),
    ("Friendly", "The tone is polite and calm, without flattery and without blame."),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Starter:
    """One check of the set."""

    name: str
    description: str
    kind: str
    settings: Mapping[str, Any]


_QUICK = (
    Starter("No refusal", "The answer helps instead of declining.", "refusal", {}),
    Starter("Grounded in its context", "What the answer says stands in the context that it was given.", "groundedness", {}),
    Starter("Not too long", "At most 150 words.", "length", {"most": 150}),
    Starter("In the language of the question", "Whoever asks in Spanish is answered in Spanish.", "language", {}),
    Starter("Easy to read", "Short sentences and usual words.", "readability", {"hardest": "medium"}),
    Starter("No personal data", "Nothing of the kind that the question did not bring along.", "personal data", {}),
    Starter("Is valid JSON", "For answers that a program reads.", "json", {}),
)  # fmt: skip


def missing(project: Project) -> list[Starter]:
    """Return the checks of the set that the project does not have, by their names."""
    taken = set(Evaluator.objects.for_project(project).values_list("name", flat=True))
    return [one for one in _all(project) if one.name not in taken]


@transaction.atomic
def add(*, project: Project, by: User | None) -> list[Evaluator]:
    """Give the project the checks of the set that it does not have, and return them."""
    return [
        definitions.create(
            project=project, name=one.name, description=one.description, kind=one.kind, settings=one.settings, by=by
        )
        for one in missing(project)
    ]


def _all(project: Project) -> Iterator[Starter]:
    yield from (one for one in _QUICK if one.kind in catalogue.KINDS)
    rows = ProviderConnection.objects.filter(project=project).exclude(default_model="")
    if connection := rows.order_by("is_simulated", "name").first():
        yield _good_answer(connection)


def _good_answer(connection: ProviderConnection) -> Starter:
    criteria = [{"name": name, "definition": definition, "weight": 1.0} for name, definition in _CRITERIA]
    settings = {"connection_id": connection.pk, "model": connection.default_model, "criteria": criteria}
    return Starter("Good answer", "Four questions that a model answers with quotes.", judges.RUBRIC, settings)
