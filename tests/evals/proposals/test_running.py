"""A search for a fix finds the planted cure, survives its workers, passes no budget, and is in the hands of people."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest
from django.utils import timezone

from evals import erasing
from evals.errors import EvalsError, LimitIsOfSearch
from evals.experiments import changes as experiments
from evals.experiments.models import Experiment, ExperimentState
from evals.models import DatasetItem
from evals.proposals import changes, running
from evals.proposals.changes import NothingApproved, ProposalOver, ProposalUnderWay
from evals.proposals.models import FixProposal, ProposalState
from monitoring.erasure.targets import Target
from monitoring.issues.fix_models import IssueFix
from projects.models import Job, Notification
from projects.roles import Role
from prompt_registry.errors import ChangedMeanwhile
from prompt_registry.permissions import NotAllowed
from tests.evals.experiments.conftest import _quick_pumps, connection, editor, project, provider, run
from tests.evals.proposals.factories import Planted, is_ask, plant, simulated, step, streamed
from tests.projects.factories import make_member
from tests.prompt_registry.factories import make_version, text

__all__ = ["_quick_pumps", "connection", "editor", "project", "provider"]
pytestmark = pytest.mark.django_db
BY_HEART = "Can I get my money back for the kettle from Leeds, order 31000?"


@pytest.fixture
def planted(project, connection, editor, provider) -> Planted:
    provider.reply = simulated
    return plant(project, connection, editor)


def finish(proposal: FixProposal) -> FixProposal:
    """Take steps and run experiments until the search is over."""
    for _ in range(8):
        if not step(proposal).is_running:
            break
        run()
    return proposal


def suggesting(*sentences: str):
    """Return a provider's reply that suggests these sentences, and answers everything else as the simulated model does."""
    line = "You answer the customers of a web shop."

    def reply(body):
        if not is_ask(body):
            return simulated(body)
        edits = [
            {"edit_message": 1, "find": line, "replacement": f"{line} {sentence}", "reason": "It may help."}
            for sentence in sentences
        ]
        found = [{"title": f"Idea {at}", "side_effect": "", "edits": [edit]} for at, edit in enumerate(edits)]
        return streamed(json.dumps({"prompt_changes": found}))

    return reply


def test_the_planted_cure_is_found_and_waits_for_a_person(planted):
    proposal = finish(planted.start())

    assert (proposal.state, proposal.reason) == (
        ProposalState.READY, "Better on calls with the problem, and no worse on good ones.",
    )  # fmt: skip
    chosen = proposal.candidates[proposal.finalist]
    assert "instead of declining" in chosen["candidate"]["edits"][0]["replacement"]
    assert [one["stage"] for one in proposal.rounds] == ["first", "second", "proof"]


def test_only_the_proof_asks_what_was_held_out(planted):
    proposal = finish(planted.start())

    held_out = set(proposal.items["held_out"])
    for one in proposal.rounds:
        asked = set(Experiment.objects.get(pk=one["experiment"]).cells.values_list("item", flat=True))
        assert bool(asked & held_out) == (one["stage"] == "proof")


def test_no_more_answers_are_paid_than_were_announced(planted, provider):
    wanted = planted.wanted(most_calls=240)
    announced = changes.budget_of(wanted)

    proposal = finish(changes.start(wanted=wanted, by=planted.by))

    assert proposal.state == ProposalState.READY
    assert provider.asked.total() <= announced.sizes.calls <= 240
    assert running.spent_nano_usd(proposal) <= announced.worst.nano_usd


def test_the_money_of_a_search_is_never_passed(planted):
    proposal = planted.start()
    step(proposal)
    run()
    # Enough for what was done, and for the beginning of what comes next.
    cap = running.spent_nano_usd(proposal) * 5 // 4
    FixProposal.objects.filter(pk=proposal.pk).update(cap_nano_usd=cap)

    finish(proposal)

    assert cap * 3 // 4 < running.spent_nano_usd(proposal) <= cap
    assert proposal.state == ProposalState.FAILED
    assert "are spent" in proposal.reason


def test_the_limit_of_a_step_is_that_of_its_search_and_its_end_is_no_news(planted):
    proposal = planted.start()
    step(proposal)
    experiment = Experiment.objects.get(pk=proposal.last_round["experiment"])

    with pytest.raises(LimitIsOfSearch):
        experiments.raise_cap(experiment=experiment, cap_nano_usd=experiment.cap_nano_usd * 2, by=planted.by)
    run()

    experiment.refresh_from_db()
    assert experiment.state == ExperimentState.DONE
    assert not Notification.objects.filter(kind="experiment:finished").exists()


def test_a_search_that_learned_its_calls_by_heart_is_refused_before_it_is_tried(planted, provider):
    provider.reply = suggesting(f"Learn by heart: {BY_HEART}")

    proposal = finish(planted.start())

    assert (proposal.state, proposal.rounds) == (ProposalState.REFUSED, [])
    assert proposal.candidates[0]["problems"]


def test_suggestions_that_do_not_help_end_without_a_proposal(planted, provider):
    provider.reply = suggesting("Be friendly.", "Thank people.", "Write as a colleague would.")

    proposal = finish(planted.start())

    assert (proposal.state, proposal.finalist) == (ProposalState.REFUSED, None)


@pytest.mark.parametrize("said", ["I would rather not.", '{"prompt_changes": []}', '{"prompt_changes": "accept"}'])
def test_an_unreadable_answer_is_asked_for_once_more_and_then_given_up(planted, provider, said):
    provider.reply = lambda body: streamed(said) if is_ask(body) else simulated(body)

    proposal = finish(planted.start())

    assert (proposal.state, proposal.asks, Experiment.objects.count()) == (ProposalState.FAILED, 2, 0)


class Killed(BaseException):
    """What a worker does not survive."""


def test_a_worker_that_dies_while_a_round_begins_begins_no_second_one(planted, monkeypatch):
    proposal = planted.start()
    real = experiments.start

    def dies(**values):
        real(**values)
        raise Killed

    monkeypatch.setattr("evals.proposals.running.experiments.start", dies)
    with pytest.raises(Killed):
        running.run(proposal_id=proposal.pk)
    monkeypatch.setattr("evals.proposals.running.experiments.start", real)

    step(proposal)

    assert (Experiment.objects.count(), len(proposal.rounds)) == (1, 1)


def test_what_was_suggested_before_a_worker_died_is_not_asked_for_again(planted, provider, monkeypatch):
    proposal = planted.start()
    monkeypatch.setattr("evals.proposals.running._begin", _die)
    with pytest.raises(Killed):
        running.run(proposal_id=proposal.pk)
    monkeypatch.undo()
    FixProposal.objects.update(leased_until=timezone.now())

    step(proposal)

    assert (proposal.asks, proposal.state, len(proposal.rounds)) == (1, ProposalState.TRYING, 1)


def _die(*_):
    raise Killed


def test_a_death_while_the_model_is_asked_counts_as_paid(planted, monkeypatch):
    proposal = planted.start()
    monkeypatch.setattr("evals.proposals.running.once.ask", lambda **_: _die())
    with pytest.raises(Killed):
        running.run(proposal_id=proposal.pk)

    proposal.refresh_from_db()
    assert proposal.asks == 1
    assert proposal.asked_nano_usd > 0


def test_two_workers_never_take_the_same_step(planted):
    proposal = planted.start()
    FixProposal.objects.update(leased_until=timezone.now() + timezone.timedelta(minutes=1))

    assert not running.run(proposal_id=proposal.pk)
    assert running.due() == []


def test_a_search_is_due_when_its_round_is_over_and_not_before(planted):
    proposal = step(planted.start())
    assert running.due() == []

    run()

    assert [one.pk for one in running.due()] == [proposal.pk]


def test_starting_asks_for_a_worker(planted):
    proposal = planted.start()

    assert Job.objects.filter(kind=changes.RUN_KIND, payload__proposal=proposal.pk).count() == 1


def test_only_one_fix_of_a_prompt_is_looked_for_at_a_time(planted):
    planted.start()

    with pytest.raises(ProposalUnderWay):
        planted.start()


def test_stopping_ends_the_search_and_its_experiment(planted):
    proposal = step(planted.start())

    changes.stop(proposal=proposal, by=planted.by)

    assert step(proposal).state == ProposalState.STOPPED
    assert Experiment.objects.get().state == "cancelled"
    with pytest.raises(ProposalOver):
        changes.stop(proposal=proposal, by=planted.by)


def test_an_experiment_that_somebody_stopped_ends_the_search(planted):
    proposal = step(planted.start())
    experiments.cancel(experiment=Experiment.objects.get(), by=planted.by)

    assert step(proposal).state == ProposalState.FAILED


def test_approved_edits_become_the_new_version_of_the_fix(planted):
    proposal = finish(planted.start())

    version = changes.take(proposal=proposal, approved={0}, by=planted.by)

    assert "instead of declining" in version.text
    assert IssueFix.objects.get().version == version
    assert FixProposal.objects.get().state == ProposalState.TAKEN
    with pytest.raises(ProposalOver):
        changes.take(proposal=proposal, approved={0}, by=planted.by)


def test_without_an_approved_edit_no_version_is_made(planted):
    proposal = finish(planted.start())

    with pytest.raises(NothingApproved):
        changes.take(proposal=proposal, approved=set(), by=planted.by)
    assert planted.version.prompt.versions.count() == 1


def test_a_version_that_somebody_saved_meanwhile_is_not_lost(planted):
    proposal = finish(planted.start())
    make_version(planted.version.prompt, text("Something else: {{question}}"))

    with pytest.raises(ChangedMeanwhile):
        changes.take(proposal=proposal, approved={0}, by=planted.by)


def test_a_proposal_can_be_left(planted):
    proposal = finish(planted.start())

    changes.discard(proposal=proposal, by=planted.by)

    assert step(proposal).state == ProposalState.DISCARDED


def test_who_may_only_look_starts_nothing(planted, project):
    viewer = make_member(project=project, role=Role.VIEWER)

    with pytest.raises(NotAllowed):
        changes.start(wanted=planted.wanted(), by=viewer)


def test_a_search_needs_a_limit_where_it_costs_something(planted):
    with pytest.raises(EvalsError, match="at most"):
        planted.start(cap_nano_usd=0)


def erase_item(proposal: FixProposal) -> None:
    """Delete the person behind one of the calls that the suggestions were written by."""
    trace_id = uuid4()
    DatasetItem.objects.filter(pk=proposal.items["tune_problems"][0]).update(source_trace_id=trace_id, source_span_id=1)
    target = Target(project_id=proposal.project_id, made_before=timezone.now(), trace_ids=(trace_id,))
    place = next(one for one in erasing.of_evals() if one.name == "proposals")

    assert place.count(target) == 1
    assert place.erase(target) == 1
    assert place.count(target) == 0


def test_deleting_a_person_takes_what_was_suggested_from_their_calls(planted):
    proposal = step(planted.start())

    erase_item(proposal)

    assert step(proposal).candidates == []


def test_deleting_a_person_takes_the_suggested_texts_out_of_their_tests_too(planted):
    proposal = step(planted.start())
    suggested = proposal.candidates[0]["candidate"]["edits"][0]["replacement"]
    experiment = Experiment.objects.get()
    assert suggested in experiment.variants[1]["content"]["text"]

    erase_item(proposal)

    experiment.refresh_from_db()
    assert all(one["content"] == {} for one in experiment.variants[1:])
    assert experiment.variants[0]["content"]


def test_deleting_a_person_ends_the_test_of_what_was_suggested_and_its_cost(planted, provider):
    proposal = step(planted.start())
    asked = provider.asked.total()

    erase_item(proposal)
    run()

    experiment = Experiment.objects.get()
    assert (experiment.state, provider.asked.total()) == (ExperimentState.CANCELLED, asked)
    assert not experiment.cells.exclude(state="skipped").exists()
