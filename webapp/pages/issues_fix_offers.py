"""What is there already that may be a step of a fix: datasets, versions, tests and rollouts, to choose from by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from evals.experiments.models import Experiment
from evals.models import Dataset
from monitoring.issues import fixes
from monitoring.issues.fix_models import FixStep, IssueFix
from prompt_registry.models import PromptVersion, Rollout
from webapp.access import one

_MOST = 20


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that is there already and may be that of the fix."""

    value: str
    label: str


def of(fix: IssueFix) -> dict[str, list[Offer]]:
    """Return by step what there is."""
    datasets = Dataset.objects.for_project(fix.project).active().order_by("-changed_at")[:_MOST]
    of_prompt = {"prompt_id": fix.prompt_id or 0}
    versions = PromptVersion.objects.filter(**of_prompt).order_by("-number")[:_MOST]
    tests = Experiment.objects.filter(project_id=fix.project_id, **of_prompt).newest_first()[:_MOST]
    return {
        FixStep.DATASET.value: [Offer(str(row.pk), row.name) for row in datasets],
        FixStep.VERSION.value: [Offer(str(row.pk), f"v{row.number} {row.note}".strip()[:80]) for row in versions],
        FixStep.TEST.value: [Offer(str(row.pk), row.name[:80]) for row in tests],
        FixStep.ROLLOUT.value: [
            Offer(str(row.pk), f"v{row.candidate.number}, {row.get_state_display().lower()}")
            for row in fixes.rollouts_of(fix)
        ],
    }


def _dataset(fix: IssueFix, what: str) -> dict[str, Any]:
    return {"dataset_id": one(Dataset.objects.for_project(fix.project).active(), pk=_whole(what)).pk}


def _version(fix: IssueFix, what: str) -> dict[str, Any]:
    return {"version": one(PromptVersion.objects.filter(prompt_id=fix.prompt_id or 0), pk=_whole(what))}


def _test(fix: IssueFix, what: str) -> dict[str, Any]:
    return {"experiment_id": one(Experiment.objects.filter(project_id=fix.project_id), pk=_whole(what)).pk}


def _rollout(fix: IssueFix, what: str) -> dict[str, Any]:
    try:
        key = UUID(what)
    except ValueError:
        key = UUID(int=0)
    rollout = one(Rollout.objects.filter(project_id=fix.project_id, prompt_id=fix.prompt_id or 0), pk=key)
    # By its version the rollout is found, frozen and followed as any other.
    return {"version": rollout.candidate}


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


LINKS: dict[str, Callable[[IssueFix, str], dict[str, Any]]] = {
    FixStep.DATASET: _dataset, FixStep.VERSION: _version, FixStep.TEST: _test, FixStep.ROLLOUT: _rollout,
}  # fmt: skip
