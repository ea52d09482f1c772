"""Replays run to their end: nobody is asked for what was answered then, and both answers are judged by the same checks."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from evals.errors import BlanksNeverFilled, CapMissing
from evals.evaluators import problem_checks
from evals.experiments import cells, changes, comparisons, matching, suggestions
from evals.experiments.models import CellState, Experiment, ExperimentAttempt, ExperimentState
from evals.experiments.plans import RECORDED
from evals.models import Dataset
from evals.replays import queries, reading, starting
from evals.replays.reading import Traffic
from evals.replays.starting import NothingToReplay, Wish
from evals.statistics.verdicts import Verdict
from monitoring.analysis.flags import Flag
from monitoring.analysis.models import CallAnalysis
from monitoring.issues.models import Signal
from monitoring.kinds import Arm
from projects.models import Project
from projects.roles import Role
from projects.spending import NANO
from prompt_registry import contents, labels
from prompt_registry.errors import NotAllowed
from prompt_registry.models import PRODUCTION, Prompt
from tests.evals.experiments.conftest import run, variant
from tests.evals.replays.factories import PROMPT, make_call
from tests.monitoring.factories import rate
from tests.monitoring.issue_factories import make_cluster
from tests.projects.factories import make_member
from tests.prompt_registry.factories import chat, make_prompt, make_version
from tests.prompt_registry.rollouts.factories import make_rollout

pytestmark = pytest.mark.django_db
REFUSAL = "I am sorry, but I can't help with that."


@pytest.fixture
def prompt(project: Project) -> Prompt:
    prompt = make_prompt(project, name=PROMPT)
    version = make_version(prompt, chat(("user", "A: {{question}}")))
    labels.publish(prompt=prompt, version=version, label=PRODUCTION, by=make_member(project=project, role=Role.ADMIN))
    return prompt


def traffic(prompt: Prompt, *, days: int = 1) -> Traffic:
    now = timezone.now()
    return reading.traffic(prompt=prompt, since=now - timedelta(days=days), until=now)


@pytest.fixture
def wish(prompt, connection, editor):
    def make(
        wanted: int = 50,
        *,
        signals: tuple[str, ...] = (Signal.REFUSED,),
        text: str = "B: {{question}}",
        **values: object,
    ) -> Wish:
        return Wish(
            prompt=prompt, variant=variant(connection, text, kind="draft", number=1, is_live=False), traffic=traffic(prompt),
            wanted=wanted, evaluators=problem_checks.of_project(project=prompt.project, signals=signals, by=editor),
            cap_nano_usd=10 * NANO, **values,
        )  # fmt: skip

    return make


def test_what_was_answered_is_judged_like_the_new_answers_and_nobody_is_asked_for_it(project, wish, editor, provider):
    make_call(project, "Can I return it?", REFUSAL, cost_usd=0.02, took_ms=1_500)
    make_call(project, "Where is it?", "It is on its way.")
    provider.reply = lambda body: "You can send it back within 30 days."

    experiment = starting.start(wish=wish(), by=editor)
    run()

    experiment.refresh_from_db()
    assert experiment.state == ExperimentState.DONE
    assert sum(provider.asked.values()) == 2
    assert all(question.startswith("B: ") for question in provider.asked)
    old = experiment.cells.get(column=0, item__input={"question": "Can I return it?"})
    assert (old.output, old.state, old.model, old.latency_ms, old.cost_nano_usd) == (
        REFUSAL, CellState.DONE, "gpt-5-mini", 1_500.0, 20_000_000,
    )  # fmt: skip
    passed = experiment.cells.order_by("item_id", "column").values_list(
        "item__input__question", "column", "scores__passed"
    )
    assert sorted(passed) == [
        ("Can I return it?", 0, False), ("Can I return it?", 1, True), ("Where is it?", 0, True), ("Where is it?", 1, True),
    ]  # fmt: skip


def test_what_the_calls_cost_then_is_not_spent_again(project, wish, editor, provider):
    make_call(project, "Where is it?", cost_usd=5.0)

    experiment = starting.start(wish=wish(), by=editor)
    run()

    experiment.refresh_from_db()
    new = experiment.cells.get(column=1)
    assert experiment.spent_nano_usd == new.cost_nano_usd
    assert set(ExperimentAttempt.objects.values_list("cell__column", flat=True)) == {1}


def test_the_price_is_that_of_the_new_answers_alone(project, wish, editor):
    for number in range(3):
        make_call(project, f"Where is order {number}?", cost_usd=5.0)
    wanted = wish()
    drawn = reading.sample(wanted.traffic, wanted=wanted.wanted)

    priced = starting.estimate(wanted, drawn, reading.read(wanted.traffic, drawn))

    assert priced.calls == 3
    assert 0 < priced.expected.nano_usd < NANO
    experiment = starting.start(wish=wanted, by=editor)
    assert experiment.estimated_nano_usd == priced.expected.nano_usd


def test_a_worker_that_dies_over_recorded_answers_leaves_them_to_be_judged_once(project, wish, editor, provider):
    make_call(project, "Can I return it?", REFUSAL)
    experiment = starting.start(wish=wish(), by=editor)
    held = cells.claim(experiment_id=experiment.pk, limit=5, to_judge=True)
    experiment.cells.filter(pk__in=[cell.id for cell in held]).update(lease_until=timezone.now() - timedelta(seconds=1))

    run()
    run()

    assert experiment.cells.get(column=0).scores.count() == 1
    assert experiment.cells.get(column=0).output == REFUSAL
    assert sum(provider.asked.values()) == 1


def test_it_can_be_stopped_and_the_recorded_answers_stay(project, wish, editor):
    make_call(project, "Can I return it?", REFUSAL)
    experiment = starting.start(wish=wish(), by=editor)

    changes.cancel(experiment=experiment, by=editor)

    assert list(experiment.cells.order_by("column").values_list("state", "output")) == [
        ("done", REFUSAL),
        ("skipped", ""),
    ]


def test_the_same_question_is_asked_once_and_stands_for_all_of_them(project, wish, editor):
    for _ in range(5):
        make_call(project, "Where is it?")
    make_call(project, "Can I return it?")

    experiment = starting.start(wish=wish(), by=editor)

    notes = dict(experiment.dataset.items.values_list("input__question", "metadata__stands_for"))
    assert notes == {"Where is it?": 5.0, "Can I return it?": 1.0}


def test_items_are_masked_and_so_are_the_answers_of_then(project, wish, editor):
    make_call(project, "My mail is bob@example.com", "I wrote to bob@example.com.")

    experiment = starting.start(wish=wish(), by=editor)

    item, cell = experiment.dataset.items.get(), experiment.cells.get(column=0)
    assert "bob@example.com" not in str(item.input)
    assert "bob@example.com" not in cell.output


def test_calls_that_failed_had_no_text_or_came_from_elsewhere_are_left_out_and_counted(project, wish, editor, prompt):
    make_call(project, "Where is it?")
    make_call(project, "Broken?", error="timeout")
    CallAnalysis.objects.filter(text="Broken?").update(status=2)
    hidden = make_call(project, "Hidden?")
    CallAnalysis.objects.filter(pk=hidden.pk).update(text="")
    make_call(project, "Another prompt?", prompt="support/other")
    make_call(project, "Long ago?", at=timezone.now() - timedelta(days=3))

    experiment = starting.start(wish=wish(), by=editor)

    assert experiment.item_count == 1
    assert experiment.note.startswith("1 call from ")
    assert experiment.note.endswith("Left out: 1 that failed, 1 without a recorded text.")


def test_without_calls_there_is_nothing_to_replay(wish, editor):
    with pytest.raises(NothingToReplay):
        starting.start(wish=wish(), by=editor)

    assert not Dataset.objects.exists()


def test_a_viewer_may_not_start_one(project, wish):
    make_call(project, "Where is it?")
    wanted = wish()

    with pytest.raises(NotAllowed):
        starting.start(wish=wanted, by=make_member(project=project, role=Role.VIEWER))


def test_a_blank_that_no_call_filled_is_named(project, wish, editor):
    make_call(project, "Where is it?")

    with pytest.raises(BlanksNeverFilled, match="«tone»"):
        starting.start(wish=wish(text="{{question}} in the tone {{tone}}"), by=editor)


def test_disliked_calls_count_as_such_with_something_wrong(project, prompt):
    call = make_call(project, "Where is it?")
    make_call(project, "Can I return it?", flags=Flag.REFUSED)
    make_call(project, "Do you ship?", flags=Flag.SLOW)
    rate(project, call.trace_id.hex, up=False)

    found = traffic(prompt)

    assert (found.calls, found.wrong) == (3, 2)


def test_the_other_arm_of_a_running_rollout_is_left_out(project, prompt):
    make_version(prompt)
    rollout = make_rollout(prompt)
    for arm in (Arm.CONTROL, Arm.CANDIDATE):
        call = make_call(project, f"Arm {arm}?")
        CallAnalysis.objects.filter(pk=call.pk).update(arm=arm, rollout_id=rollout.pk)

    assert traffic(prompt).calls == 1


def test_a_replay_is_no_test_of_a_publish_and_no_example_for_the_next_test(project, wish, editor, prompt, provider):
    make_call(project, "Where is it?")
    wanted = wish()
    experiment = starting.start(wish=wanted, by=editor)
    run()

    live = prompt.versions.get(number=1)
    draft = contents.read(wanted.variant.content)[0]
    assert matching.find(prompt=prompt, before=live.content_hash, after=draft.hash) is None
    assert suggestions.last_of(prompt) is None
    assert experiment.variants[0]["kind"] == RECORDED


def test_a_draft_that_refuses_less_is_seen_in_the_topic_in_which_it_does(project, wish, editor, provider):
    returns, parcels = make_cluster(project, name="Returns"), make_cluster(project, name="Parcels")
    for number in range(30):
        make_call(project, f"Can I return number {number}?", REFUSAL, topic=returns, flags=Flag.REFUSED)
        make_call(project, f"Where is parcel {number}?", topic=parcels)
    provider.reply = lambda body: "You can send it back within 30 days."

    experiment = starting.start(wish=wish(60), by=editor)
    run()

    found = queries.result(comparisons.compare(experiment=Experiment.objects.get(pk=experiment.pk)))
    (problem,) = found.better
    assert problem.title == "Refusals"
    assert (problem.effect.then, problem.effect.now) == (0.5, 0.0)
    by_name = {line.name: line.found.effects[0] for line in found.topics}
    hidden = [name for name in by_name if name not in ("Returns", "Parcels")]
    assert not hidden
    assert by_name["Returns"].verdict == Verdict.BETTER
    assert by_name["Parcels"].verdict != Verdict.BETTER


def test_a_draft_that_refuses_more_is_seen_as_worse(project, wish, editor, provider):
    for number in range(40):
        make_call(project, f"Where is parcel {number}?")
    provider.reply = lambda body: REFUSAL

    experiment = starting.start(wish=wish(60), by=editor)
    run()

    found = queries.result(comparisons.compare(experiment=Experiment.objects.get(pk=experiment.pk)))
    assert [problem.title for problem in found.worse] == ["Refusals"]


def test_a_cap_is_needed_when_it_costs_something(project, wish, editor):
    make_call(project, "Where is it?")

    with pytest.raises(CapMissing):
        starting.start(wish=replace(wish(), cap_nano_usd=0), by=editor)


def test_two_replays_of_a_day_have_two_datasets(project, wish, editor):
    make_call(project, "Where is it?")

    first, second = (starting.start(wish=wish(), by=editor) for _ in range(2))

    assert first.dataset_id != second.dataset_id
    assert second.dataset.name == f"{first.dataset.name} 2"
