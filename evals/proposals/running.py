"""Takes the next step of a search for a fix: asks for suggestions, starts a round, reads what it showed, decides.

Answers are made by experiments, which survive their workers by themselves. A step is short; whoever dies in the middle of one
leaves a row from which the next goes on.
"""

from __future__ import annotations

import uuid
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import structlog
from django.db import DatabaseError, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from evals import item_care
from evals.errors import EvalsError
from evals.experiments import changes as experiments
from evals.experiments.models import Experiment, ExperimentState
from evals.judges import once
from evals.proposals import asking, lints, materials, rounds, search
from evals.proposals.budgets import ASKS, Items, Sizes
from evals.proposals.lints import Surroundings
from evals.proposals.models import RUNNING, FixProposal, ProposalState
from evals.proposals.search import Round, Verdict
from evals.proposals.suggester import ANSWER, NOTHING, Suggester
from monitoring.issues.fix_models import IssueFix
from projects.errors import ProjectsError
from prompt_registry.errors import PromptRegistryError

log = structlog.get_logger("callboard.proposals")

PURPOSE = "proposed fix"
# Longer than a model may take to answer.
_LEASE = timedelta(seconds=120)


class AskedInVain(EvalsError):
    """The model was asked for suggestions, and no answer came that could be read. Try it again, or with another model."""


class BudgetUsedUp(EvalsError):
    """The money for this search is used up."""


def run(*, proposal_id: int) -> bool:
    """Take the next step, if nobody else does; tell whether something was done."""
    proposal = _taken(proposal_id)
    if proposal is None:
        return False
    try:
        return _step(proposal)
    except DatabaseError:
        raise
    except (EvalsError, ProjectsError, PromptRegistryError) as error:
        _end(proposal, ProposalState.FAILED, str(error))
        return True
    finally:
        _mine(proposal).update(leased_until=None)


def fail(*, proposal_id: int, reason: str) -> None:
    """End a search that broke again and again."""
    rows = FixProposal.objects.filter(pk=proposal_id, state__in=RUNNING)
    rows.update(state=ProposalState.FAILED, reason=reason[:500], ended_at=Now(), leased_until=None, lease_token=None)


def due() -> list[FixProposal]:
    """Return the searches of which a step can be taken now: nobody is at it, and no experiment is waited for."""
    rows = list(_free().filter(state__in=RUNNING))
    waiting = {
        proposal.last_round["experiment"]
        for proposal in rows
        if proposal.last_round and proposal.last_round["outcome"] is None
    }
    under_way = set(
        Experiment.objects.filter(
            pk__in=waiting, state__in=[ExperimentState.RUNNING, ExperimentState.PAUSED]
        ).values_list("pk", flat=True)
    )
    return [
        one
        for one in rows
        if one.last_round is None or one.last_round["outcome"] or one.last_round["experiment"] not in under_way
    ]


def spent_nano_usd(proposal: FixProposal) -> int:
    """Return what the search has cost so far, with what is set aside for calls that are under way."""
    keys = [one["experiment"] for one in proposal.rounds]
    rows = Experiment.objects.filter(pk__in=keys).values_list("spent_nano_usd", "reserved_nano_usd")
    return proposal.asked_nano_usd + sum(spent + reserved for spent, reserved in rows)


def _step(proposal: FixProposal) -> bool:
    if proposal.state == ProposalState.ASKING:
        _ask(proposal)
    elif not _read_last(proposal):
        return False
    step = search.next_step(
        items=Items(**proposal.items),
        sizes=_sizes(proposal),
        added=_added(proposal),
        outcomes=rounds.outcomes_of(proposal),
    )
    if isinstance(step, Round):
        _begin(proposal, step)
    else:
        _decide(proposal, step)
    return True


def _ask(proposal: FixProposal) -> None:
    """Ask for suggestions until an answer can be read; that it was asked is written down before."""
    fix = IssueFix.objects.select_related("project", "issue").get(issue=proposal.issue, number=proposal.fix_number)
    base, items = rounds.base_of(proposal), Items(**proposal.items)
    evidence = materials.evidence_of(fix=fix, items=items)
    why: EvalsError = AskedInVain()
    while proposal.asks < ASKS:
        suggester = Suggester(
            proposal.variant["connection_id"], asking.question(model=proposal.model, base=base, evidence=evidence)
        )
        worst = once.estimate(project=proposal.project, judge=suggester, case=NOTHING).worst.nano_usd
        if worst and spent_nano_usd(proposal) + worst > proposal.cap_nano_usd:
            raise BudgetUsedUp
        # Until it is known what it cost, it counts as the most that it may have.
        _keep(proposal, asks=F("asks") + 1, asked_nano_usd=F("asked_nano_usd") + worst)
        judged = once.ask(
            project=proposal.project, judge=suggester, case=NOTHING, purpose=PURPOSE, by=proposal.started_by
        )
        cost = {"asked_nano_usd": F("asked_nano_usd") - worst + judged.cost.nano_usd}
        try:
            if judged.outcome is None:
                raise AskedInVain(judged.error or str(AskedInVain()))
            found = asking.read(str(judged.outcome.detail[ANSWER]))
        except EvalsError as error:
            why = error
            _keep(proposal, **cost)
            continue
        around = Surroundings(materials.texts_of(items=items), item_care.masker_of(proposal.project).text)
        looked_at = [{"candidate": one.to_json(), "problems": lints.problems_of(base, one, around)} for one in found]
        _keep(proposal, candidates=looked_at, state=ProposalState.TRYING, **cost)
        return
    raise why


def _read_last(proposal: FixProposal) -> bool:
    """Keep what the last round showed; tell whether there is none that is still waited for."""
    last = proposal.last_round
    if last is None or last["outcome"] is not None:
        return True
    experiment = Experiment.objects.select_related("project", "dataset").filter(pk=last["experiment"]).first()
    if experiment is None:
        raise EvalsError("The test of the suggestions is gone. Start again when you want to.")
    if experiment.state == ExperimentState.CANCELLED:
        raise EvalsError(f"The test of the suggestions ended early. {experiment.reason} Start again when you want to.")
    if not experiment.is_over:
        return False
    outcome = rounds.as_json(rounds.outcome_of(proposal, experiment, last))
    _keep(proposal, rounds=[*proposal.rounds[:-1], last | {"outcome": outcome}])
    return True


@transaction.atomic
def _begin(proposal: FixProposal, step: Round) -> None:
    """Start a round: the experiment and the note of it are there together, or neither is."""
    if proposal.started_by is None:
        raise EvalsError("Whoever started this is gone. Start it again.")
    list(_mine(proposal).select_for_update().values_list("pk"))
    left = proposal.cap_nano_usd - spent_nano_usd(proposal)
    if proposal.cap_nano_usd and left <= 0:
        raise BudgetUsedUp
    plan = rounds.plan_of(proposal, step, cap_nano_usd=max(0, left))
    experiment = experiments.start(plan=plan, by=proposal.started_by)
    made: dict[str, Any] = asdict(step) | {"stage": step.stage.value, "experiment": experiment.pk, "outcome": None}
    _keep(proposal, rounds=[*proposal.rounds, made])


def _decide(proposal: FixProposal, verdict: Verdict) -> None:
    gate = None
    if verdict.gate is not None:
        gate = asdict(verdict.gate) | {"state": verdict.gate.state.value}
    state = ProposalState.READY if verdict.is_accepted else ProposalState.REFUSED
    _keep(proposal, finalist=verdict.finalist, gate=gate)
    _end(proposal, state, verdict.why)


def _added(proposal: FixProposal) -> dict[int, int]:
    base = rounds.base_of(proposal)
    return {
        place: lints.added_characters(base, rounds.candidate_of(proposal, place))
        for place, one in enumerate(proposal.candidates)
        if not one["problems"]
    }


def _sizes(proposal: FixProposal) -> Sizes:
    raw = proposal.sizes
    return Sizes(raw["candidates"], tuple(raw["first"]), tuple(raw["second"]), tuple(raw["proof"]))


def _free() -> QuerySet[FixProposal]:
    return FixProposal.objects.filter(Q(leased_until=None) | Q(leased_until__lt=Now()))


def _taken(proposal_id: int) -> FixProposal | None:
    """Take it for a while; None when somebody else has it, or it is over."""
    free = _free().filter(pk=proposal_id, state__in=RUNNING)
    if not free.update(leased_until=Now() + _LEASE, lease_token=uuid.uuid4()):
        return None
    rows = FixProposal.objects.select_related(
        "project", "issue__project", "prompt__project", "base_version__prompt", "dataset__project", "started_by"
    )
    return rows.get(pk=proposal_id)


def _mine(proposal: FixProposal) -> QuerySet[FixProposal]:
    return FixProposal.objects.filter(pk=proposal.pk, lease_token=proposal.lease_token)


def _keep(proposal: FixProposal, **changes: Any) -> None:
    """Store what was found out, as long as the search is still this worker's."""
    if not _mine(proposal).filter(state__in=RUNNING).update(leased_until=Now() + _LEASE, **changes):
        raise Gone
    proposal.refresh_from_db(fields=list(changes))


def _end(proposal: FixProposal, state: ProposalState, reason: str) -> None:
    ended = {"state": state, "reason": reason[:500], "ended_at": Now(), "leased_until": None, "lease_token": None}
    _mine(proposal).filter(state__in=RUNNING).update(**ended)


class Gone(EvalsError):
    """The search was stopped, or another worker goes on with it."""
