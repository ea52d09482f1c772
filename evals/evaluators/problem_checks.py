"""The checks that tell whether an answer has a problem that detectors find in calls; none of them asks a model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from evals.evaluators import definitions, queries
from evals.evaluators.models import Evaluator, EvaluatorVersion
from monitoring.issues.models import Signal
from projects.models import Project, User

# One kind that looks for several things; what is set says for which.
_BY_SETTINGS = frozenset({"length", "language"})


@dataclass(frozen=True, slots=True)
class ProblemCheck:
    """A check as it is made where a project has none like it, what it finds, and what a call got that does not pass."""

    kind: str
    name: str
    description: str
    settings: Mapping[str, Any]
    title: str
    problem: str

    def is_like(self, version: EvaluatorVersion) -> bool:
        """Tell whether an evaluator looks for the same, whatever its limits are."""
        if version.kind != self.kind:
            return False
        said = {name for name, value in version.settings.items() if value}
        return self.kind not in _BY_SETTINGS or said == self.settings.keys()


# What is wrong with an answer by itself can be tested before anybody gets it; that users dislike it, only roughly.
CHECKS: Mapping[str, ProblemCheck] = {
    Signal.REFUSED: ProblemCheck(
        "refusal", "No refusal", "The answer helps instead of declining.", {},
        title="Refusals", problem="an answer that refuses",
    ),
    Signal.UNSUPPORTED: ProblemCheck(
        "groundedness", "Grounded in its context", "What the answer says stands in the context that it was given.", {},
        title="Unsupported answers", problem="an answer that its documents do not support",
    ),
    Signal.LONG_WINDED: ProblemCheck(
        "length", "Not too long", "At most 150 words.", {"most": 150},
        title="Long answers", problem="an answer that is too long",
    ),
    Signal.WRONG_LANGUAGE: ProblemCheck(
        "language", "In the language of the question", "Whoever asks in Spanish is answered in Spanish.", {},
        title="Wrong language", problem="an answer in another language than the question",
    ),
    Signal.EMPTY: ProblemCheck(
        "length", "There is an answer", "At least one word came back.", {"fewest": 1},
        title="Empty answers", problem="an empty answer",
    ),
    Signal.LEAKED_DATA: ProblemCheck(
        "personal data", "No personal data", "Nothing that the question did not bring along.", {},
        title="Personal data", problem="an answer with personal data",
    ),
    Signal.BAD_FORMAT: ProblemCheck(
        "json", "Is valid JSON", "For answers that a program reads.", {},
        title="Bad format", problem="an answer that is no valid JSON",
    ),
}  # fmt: skip


def like(version: EvaluatorVersion) -> ProblemCheck | None:
    """Return the check that looks for the same as an evaluator of a project, or None."""
    return next((one for one in CHECKS.values() if one.is_like(version)), None)


def known(project: Project) -> dict[str, EvaluatorVersion]:
    """Return the evaluators of the project that look for these problems, the oldest of each, by the signal."""
    rows = sorted(queries.usable(project), key=lambda row: row.evaluator.pk)
    found: dict[str, EvaluatorVersion] = {}
    for signal, check in CHECKS.items():
        if version := next((row.version for row in rows if check.is_like(row.version)), None):
            found[signal] = version
    return found


@transaction.atomic
def of_project(*, project: Project, signals: Iterable[str], by: User) -> list[EvaluatorVersion]:
    """Return the evaluators for these problems, and make those that the project does not have."""
    there, found = known(project), []
    for signal in signals:
        check = CHECKS[signal]
        found.append(there[signal] if signal in there else definitions.current_of(_made(project, check, by)))
    return found


def free_name(project: Project, name: str) -> str:
    """Return the name, with a number behind it when a check of the project has it already."""
    taken = set(Evaluator.objects.for_project(project).values_list("name", flat=True))
    names = (name, *(f"{name} {number}" for number in range(2, 1_000)))
    return next(one for one in names if one not in taken)


def _made(project: Project, check: ProblemCheck, by: User) -> Evaluator:
    return definitions.create(
        project=project, name=free_name(project, check.name), description=check.description, kind=check.kind,
        settings=check.settings, by=by,
    )  # fmt: skip
