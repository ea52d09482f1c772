"""The rounds of a search as experiments: what is started for one, and what one showed when it is over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from evals.evaluators.models import EvaluatorVersion
from evals.experiments import comparisons
from evals.experiments.comparison_values import Comparison
from evals.experiments.fix_gates import right_answers
from evals.experiments.models import Experiment
from evals.experiments.plans import DRAFT, ExperimentPlan, Variant
from evals.proposals import edits
from evals.proposals.edits import Candidate
from evals.proposals.models import FixProposal
from evals.proposals.search import Outcome, Rights, Round, Stage, Tried
from prompt_registry import contents, snippets
from prompt_registry.contents import PromptContent

_NAMES = {Stage.FIRST: "first look", Stage.SECOND: "closer look", Stage.PROOF: "proof"}


def base_of(proposal: FixProposal) -> PromptContent:
    """Return the text as it is, as people wrote it."""
    return contents.of_version(proposal.base_version)


def candidate_of(proposal: FixProposal, place: int) -> Candidate:
    """Return a suggestion by its place."""
    return Candidate.from_json(proposal.candidates[place]["candidate"])


def plan_of(proposal: FixProposal, wanted: Round, *, cap_nano_usd: int) -> ExperimentPlan:
    """Return the experiment that a round is."""
    base = Variant.from_json(proposal.variant)
    checks = EvaluatorVersion.objects.filter(pk__in=proposal.checks).in_bulk()
    return ExperimentPlan(
        name=f"Proposals for #{proposal.issue.number}: {_NAMES[wanted.stage]}", dataset=proposal.dataset,
        revision=proposal.dataset_revision, prompt=proposal.prompt, cap_nano_usd=cap_nano_usd, is_step=True,
        variants=[base, *(_variant(proposal, base, place) for place in wanted.candidates)],
        evaluators=[checks[key] for key in proposal.checks if key in checks], item_ids=(*wanted.problems, *wanted.good),
    )  # fmt: skip


def _variant(proposal: FixProposal, base: Variant, place: int) -> Variant:
    content = edits.apply(base_of(proposal), candidate_of(proposal, place).edits)
    read = snippets.composed(content, project_id=proposal.project_id, name=proposal.prompt.name).content
    return replace(base, kind=DRAFT, is_live=False, content=read.to_json(), label=f"Suggestion {place + 1}")


def outcome_of(proposal: FixProposal, experiment: Experiment, wanted: Mapping[str, Any]) -> Outcome:
    """Return what a round showed, from its answers."""
    comparison = comparisons.compare(experiment=experiment)
    columns = [_tried(proposal, comparison, column, wanted) for column in range(len(experiment.variants))]
    return Outcome(Stage(wanted["stage"]), columns[0], dict(zip(wanted["candidates"], columns[1:], strict=True)))


def _tried(proposal: FixProposal, comparison: Comparison, column: int, wanted: Mapping[str, Any]) -> Tried:
    checks = {check.version_id: check.name for check in comparison.checks}
    telling = [key for key in proposal.problem_checks if key in checks]
    return Tried(
        _rights(comparison, column, telling, wanted["problems"]),
        {f"{name}": _rights(comparison, column, [key], wanted["good"]) for key, name in checks.items()},
    )


def _rights(comparison: Comparison, column: int, checks: Sequence[int], keys: Sequence[int]) -> Rights:
    values = right_answers(comparison, column, checks)
    places = {key: place for place, key in enumerate(comparison.table.item_ids.tolist())}
    found = [values[places[key]] if key in places else np.nan for key in keys]
    return [None if np.isnan(value) else bool(value >= 0.5) for value in found]


def as_json(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome as it is kept."""
    return {
        "base": asdict(outcome.base), "tried": [[place, asdict(tried)] for place, tried in outcome.tried.items()],
    }  # fmt: skip


def outcomes_of(proposal: FixProposal) -> list[Outcome]:
    """Return what the rounds showed that are over."""
    return [
        Outcome(
            Stage(one["stage"]), Tried(**one["outcome"]["base"]),
            {place: Tried(**tried) for place, tried in one["outcome"]["tried"]},
        )
        for one in proposal.rounds
        if one["outcome"] is not None
    ]  # fmt: skip
