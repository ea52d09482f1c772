"""Starts the search for a fix, stops it, and makes a version of the edits that a person approved."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass, replace

from django.db import IntegrityError, transaction
from django.utils import timezone

from evals.errors import EvalsError, EvaluatorsMissing
from evals.experiments import changes as experiments
from evals.experiments import money
from evals.experiments.models import Experiment
from evals.experiments.plans import ExperimentPlan, Variant
from evals.judges import once
from evals.models import Dataset
from evals.proposals import asking, budgets, edits, materials, rounds
from evals.proposals.budgets import ASKS, Items, Sizes
from evals.proposals.models import RUNNING, FixProposal, ProposalState
from evals.proposals.suggester import NOTHING, Suggester
from monitoring.issues import fixes
from monitoring.issues.fix_models import IssueFix
from projects import audit, jobs
from projects.models import User
from projects.roles import Action
from prompt_registry import contents, versions
from prompt_registry.models import PromptVersion
from prompt_registry.permissions import demand
from prompt_registry.trial_money import Cost

RUN_KIND = "proposal.run"
LEAST_CALLS, MOST_CALLS = 50, 2_000


class FixNotUsable(EvalsError):
    """A fix can be proposed when its dataset is made and its problem is of one prompt. Do those steps first."""


class ProposalUnderWay(EvalsError):
    """A fix of this prompt is being looked for already. One at a time, or nobody knows which change helped."""


class ProposalOver(EvalsError):
    """Nothing waits for a decision here any more."""


class NothingApproved(EvalsError):
    """No edit is approved, so there is nothing to make a version of. Approve one, or say that you take none."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Everything that is chosen before a search: the text as it is with who answers, who suggests, and how far it may go."""

    fix: IssueFix
    version: PromptVersion
    variant: Variant
    model: str
    most_calls: int = budgets.USUAL_ANSWERS
    cap_nano_usd: int = 0


@dataclass(frozen=True, slots=True)
class Budget:
    """What a search takes at most, and what it will about cost and costs at most."""

    sizes: Sizes
    expected: Cost
    worst: Cost


@dataclass(frozen=True, slots=True)
class _Plan:
    dataset: Dataset
    items: Items
    budget: Budget


def budget_of(wanted: Wanted) -> Budget:
    """Return what the search takes, or the reason why there can be none."""
    return _plan(wanted).budget


@transaction.atomic
def start(*, wanted: Wanted, by: User) -> FixProposal:
    """Look for a fix; nothing is asked before this is committed."""
    fix = wanted.fix
    demand(project=fix.project, action=Action.EDIT_ISSUES, by=by)
    demand(project=fix.project, action=Action.RUN_MODELS, by=by)
    plan = _plan(wanted)
    checks, telling = materials.checks_of(prompt=wanted.version.prompt, issue=fix.issue)
    if not checks:
        raise EvaluatorsMissing(
            "No check of this project can tell good answers from bad ones without asking a model. Add one."
        )
    if plan.budget.worst.nano_usd and wanted.cap_nano_usd <= 0:
        raise EvalsError("Say how much the search may cost at most.")
    try:
        with transaction.atomic():
            made = FixProposal.objects.create(
                project=fix.project, issue=fix.issue, fix_number=fix.number, prompt=wanted.version.prompt,
                base_version=wanted.version, newest_number=versions.newest_number(wanted.version.prompt), dataset=plan.dataset,
                dataset_revision=plan.dataset.revision, variant=wanted.variant.to_json(), model=wanted.model,
                checks=[version.pk for version in checks], problem_checks=telling, items=asdict(plan.items),
                sizes=asdict(plan.budget.sizes), most_calls=wanted.most_calls, cap_nano_usd=wanted.cap_nano_usd, started_by=by,
                started_at=timezone.now(),
            )  # fmt: skip
    except IntegrityError as error:
        raise ProposalUnderWay from error
    audit.record(
        action="proposal.started", subject=f"#{fix.issue.number}", by=by, project=fix.project, calls=wanted.most_calls,
        cap_nano_usd=wanted.cap_nano_usd,
    )  # fmt: skip
    wake(made, "start")
    return made


@transaction.atomic
def stop(*, proposal: FixProposal, by: User) -> FixProposal:
    """End the search; what was answered and paid stays."""
    locked = _locked(proposal, by)
    if not locked.is_running:
        raise ProposalOver
    _end(locked, ProposalState.STOPPED, by, reason=f"{by.display_name} stopped it.")
    last = locked.last_round
    running = Experiment.objects.filter(pk=last["experiment"]).first() if last else None
    if running is not None and not running.is_over:
        experiments.cancel(experiment=running, by=by)
    return locked


@transaction.atomic
def take(*, proposal: FixProposal, approved: Collection[int], by: User) -> PromptVersion:
    """Make a version of the approved edits; it is the new text of the fix, and nobody gets it yet."""
    locked = _locked(proposal, by)
    if locked.state != ProposalState.READY or locked.finalist is None:
        raise ProposalOver
    candidate = rounds.candidate_of(locked, locked.finalist)
    kept = [place for place in range(len(candidate.edits)) if place in approved]
    if not kept:
        raise NothingApproved
    content = edits.apply(rounds.base_of(locked), [candidate.edits[place] for place in kept])
    made = versions.save(
        prompt=locked.prompt, content=content, note=f"Proposed fix of #{locked.issue.number}: {candidate.title}"[:200],
        base_number=locked.newest_number, by=by,
    )  # fmt: skip
    locked.version, locked.approved = made, kept
    _end(locked, ProposalState.TAKEN, by)
    fix = fixes.current(locked.issue)
    if fix is not None and fix.number == locked.fix_number:
        fixes.link(fix=fix, by=by, version=made)
    return made


@transaction.atomic
def discard(*, proposal: FixProposal, by: User) -> FixProposal:
    """Take none of it."""
    locked = _locked(proposal, by)
    if locked.state != ProposalState.READY:
        raise ProposalOver
    return _end(locked, ProposalState.DISCARDED, by)


def wake(proposal: FixProposal, key: str) -> bool:
    """Ask for a worker that takes the next step."""
    return jobs.add(
        kind=RUN_KIND, dedupe_key=f"proposal {proposal.pk} {key}", payload={"proposal": proposal.pk}, project_id=proposal.project_id
    )  # fmt: skip


def _plan(wanted: Wanted) -> _Plan:
    fix, prompt = wanted.fix, wanted.version.prompt
    dataset = (
        Dataset.objects.for_project(fix.project)
        .active()
        .filter(pk=fix.dataset_id or 0)
        .select_related("project")
        .first()
    )
    if dataset is None or fix.prompt_id != prompt.pk or not fix.is_open:
        raise FixNotUsable
    items = materials.items_of(dataset=dataset, fix=fix)
    sizes = budgets.sizes_for(items, most_calls=min(wanted.most_calls, MOST_CALLS))
    budget = _priced(wanted, dataset, items, sizes)
    return _Plan(dataset, items, budget)


def _priced(wanted: Wanted, dataset: Dataset, items: Items, sizes: Sizes) -> Budget:
    """Return the price: that of the text as it is on some items, as many times as answers are made."""
    some = (*items.held_out[: sizes.proof[0]], *items.good[: sizes.proof[1]])
    plan = ExperimentPlan(
        name="", dataset=dataset, revision=dataset.revision, prompt=wanted.version.prompt, variants=[wanted.variant], evaluators=[],
        uses_cache=False, item_ids=some,
    )  # fmt: skip
    answers, times = money.estimate(plan=plan), sizes.answers / len(some)
    base = contents.of_version(wanted.version)
    asked = asking.question(model=wanted.model, base=base, evidence=materials.evidence_of(fix=wanted.fix, items=items))
    suggester = Suggester(wanted.variant.connection_id, asked)
    one = once.estimate(project=wanted.fix.project, judge=suggester, case=NOTHING)
    expected, worst = (
        replace(answer, nano_usd=round(answer.nano_usd * times) + ask.nano_usd * count)
        for answer, ask, count in ((answers.expected, one.expected, 1), (answers.worst, one.worst, ASKS))
    )
    return Budget(sizes, expected, worst)


def _locked(proposal: FixProposal, by: User) -> FixProposal:
    demand(project=proposal.project, action=Action.EDIT_ISSUES, by=by)
    rows = FixProposal.objects.select_for_update(of=("self",)).select_related(
        "project", "issue__project", "prompt__project", "base_version__prompt", "dataset"
    )
    return rows.get(pk=proposal.pk)


def _end(locked: FixProposal, state: ProposalState, by: User, *, reason: str = "") -> FixProposal:
    before = locked.state
    locked.state, locked.reason, locked.ended_at = state, reason[:500], timezone.now()
    # Whoever is at work on it finds that it is not theirs any more.
    locked.leased_until = locked.lease_token = None
    locked.save(update_fields=["state", "reason", "ended_at", "leased_until", "lease_token", "version", "approved"])
    audit.record(
        action=f"proposal.{state.value}", subject=f"#{locked.issue.number}", by=by, project=locked.project, before=before,
        after=state.value,
    )  # fmt: skip
    return locked


def running() -> list[FixProposal]:
    """Return the searches that are not over."""
    return list(FixProposal.objects.filter(state__in=RUNNING))
