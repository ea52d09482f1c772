"""A search for a fix as its page shows it: the rounds, how each suggestion did, and the edits of what was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from evals.experiments.models import OPEN, Experiment, ExperimentState
from evals.experiments.plans import Variant
from evals.proposals import edits, rounds, running, search
from evals.proposals.edits import Edit
from evals.proposals.models import FixProposal, ProposalState
from evals.proposals.search import Outcome, Stage
from projects import spending
from prompt_registry import diffs
from prompt_registry.diffs import Piece
from prompt_registry.errors import PromptRegistryError
from prompt_registry.trial_plans import Variant as TrialVariant

_ROUNDS = {
    Stage.FIRST: "First look", Stage.SECOND: "Closer look at the best two", Stage.PROOF: "Proof on calls that were held out",
}  # fmt: skip
_KINDS = {
    ProposalState.READY: "good", ProposalState.TAKEN: "good", ProposalState.FAILED: "bad", ProposalState.REFUSED: "warn",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class RoundShown:
    """One round, with the test behind it."""

    title: str
    suggestions: int
    items: int
    done: int
    cells: int
    url: str
    waits: str


@dataclass(frozen=True, slots=True)
class SuggestionShown:
    """One suggestion: what it would change, and what became of it."""

    number: int
    title: str
    side_effect: str
    problems: Sequence[str]
    became: str
    is_best: bool


@dataclass(frozen=True, slots=True)
class Hunk:
    """One edit of what was found, as the words that go and come."""

    place: int
    where: str
    pieces: Sequence[Piece]
    reason: str


@dataclass(frozen=True, slots=True)
class Shown:
    """Everything that the page says about one search."""

    proposal: FixProposal
    kind: str
    spent_nano_usd: int
    rounds: Sequence[RoundShown]
    suggestions: Sequence[SuggestionShown]
    hunks: Sequence[Hunk]
    numbers: Sequence[str]

    @property
    def spent_usd(self) -> float:
        return self.spent_nano_usd / spending.NANO

    @property
    def cap_usd(self) -> float:
        return self.proposal.cap_nano_usd / spending.NANO

    @property
    def is_ready(self) -> bool:
        return self.proposal.state == ProposalState.READY


def shown(proposal: FixProposal) -> Shown:
    """Return a search as it is shown."""
    return Shown(
        proposal, _KINDS.get(ProposalState(proposal.state), "info"), running.spent_nano_usd(proposal), _rounds(proposal),
        _suggestions(proposal), _hunks(proposal), _numbers(proposal.gate),
    )  # fmt: skip


def as_variant(made: TrialVariant) -> Variant:
    """Return what can be tried as a column of a test."""
    return Variant(
        kind=made.kind, number=made.number, is_live=made.is_live, content=made.content, connection_id=made.connection_id,
        connection_name=made.connection_name, model=made.model, is_simulated=made.is_simulated,
    )  # fmt: skip


def _rounds(proposal: FixProposal) -> list[RoundShown]:
    experiments = Experiment.objects.in_bulk([one["experiment"] for one in proposal.rounds])
    found = []
    for one in proposal.rounds:
        experiment = experiments.get(one["experiment"])
        cells = experiment.cells.count() if experiment else 0
        done = experiment.cells.exclude(state__in=OPEN).count() if experiment else 0
        waits = experiment.reason if experiment and experiment.state == ExperimentState.PAUSED else ""
        url = reverse("experiment", args=[proposal.project.slug, experiment.pk]) if experiment else ""
        items = len(one["problems"]) + len(one["good"])
        found.append(RoundShown(_ROUNDS[Stage(one["stage"])], len(one["candidates"]), items, done, cells, url, waits))
    return found


def _suggestions(proposal: FixProposal) -> list[SuggestionShown]:
    outcomes = rounds.outcomes_of(proposal)
    return [
        SuggestionShown(
            place + 1, one["candidate"]["title"], one["candidate"]["side_effect"], one["problems"],
            "" if one["problems"] else _became(place, outcomes), place == proposal.finalist,
        )
        for place, one in enumerate(proposal.candidates)
    ]  # fmt: skip


def _became(place: int, outcomes: Sequence[Outcome]) -> str:
    for outcome in reversed(outcomes):
        if place in outcome.tried:
            rank = search.rank(place, outcome.base, outcome.tried[place])
            harm = f", and {_points(rank.harm)} on good ones" if rank.harm else ", and none worse on good ones"
            if outcome.stage == Stage.PROOF:
                # What the gate says of the same answers counts; one share more of them would only puzzle.
                return f"{_ROUNDS[outcome.stage]}: the numbers stand above"
            return f"{_points(rank.gain)} on calls with the problem{harm} ({_ROUNDS[outcome.stage].lower()})"
    return "Not tried yet"


def _hunks(proposal: FixProposal) -> list[Hunk]:
    if proposal.finalist is None or proposal.finalist >= len(proposal.candidates):
        return []
    try:
        parts = edits.parts_of(rounds.base_of(proposal))
    except PromptRegistryError:
        return []
    found = rounds.candidate_of(proposal, proposal.finalist).edits
    return [
        Hunk(place, f"Message {edit.place + 1}" if len(parts) > 1 else "The text", _pieces(edit), edit.reason)
        for place, edit in enumerate(found)
    ]  # fmt: skip


def _pieces(edit: Edit) -> Sequence[Piece]:
    return diffs.words(edit.find, edit.replacement)


def _numbers(gate: dict[str, Any] | None) -> list[str]:
    if not gate:
        return []
    names = (("problems", "held-out calls with the problem"), ("good", "good calls"))
    return [
        f"Right answers on {found['items']} {what}: {_points(found['estimate'])} "
        f"(between {_points(found['interval']['low'])} and {_points(found['interval']['high'])}, with 95 % certainty)."
        for name, what in names
        if (found := gate.get(name)) and found["items"]
    ]  # fmt: skip


def _points(share: float) -> str:
    return f"{share * 100:+.0f} points".replace("-", "−")
