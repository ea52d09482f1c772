"""The next action of a rollout follows from its numbers, harm first, and no data never means «go on»."""

from __future__ import annotations

from dataclasses import replace

import pytest

from prompt_registry.rollouts import plans
from prompt_registry.rollouts.decisions import Action, Metric, Part, Situation, Try, decide
from prompt_registry.rollouts.evidence import HARM, Stage, ln_e
from prompt_registry.rollouts.plans import BUDGETS, HOUR, USUAL_STEPS, Caution
from tests.prompt_registry.rollouts.factories import make_plan

# At 5 %: of units not in the first 1 %, 4.04 % get the candidate.
UNITS = (2_000, 10_000)
CANDIDATES = 20 + 404


def metric(*, candidate: int, events: tuple[int, ...] = (60, 400), name: str = "Disliked", **fields) -> Metric:
    return Metric(name, base_rate=0.04, parts=(Part(candidate, events),), **fields)


def situation(*metrics: Metric, **changes) -> Situation:
    usual = Situation(
        steps=USUAL_STEPS, index=1, budget=BUDGETS[Caution.BALANCED], metrics=metrics or (metric(candidate=17),),
        seconds_at_step=3 * HOUR, candidate_units=404, split_candidates=CANDIDATES, split_units=UNITS,
    )  # fmt: skip
    return replace(usual, **changes)


def test_a_healthy_candidate_goes_on_to_the_next_share():
    assert decide(situation()).action == Action.PROMOTE


def test_in_quiet_hours_nothing_moves_on_and_harm_is_still_undone():
    assert decide(situation(is_quiet=True)).action == Action.WAIT
    assert decide(situation(metric(candidate=60), is_quiet=True)).action == Action.ROLL_BACK


@pytest.mark.parametrize(("quiet", "hours"), [((22, 6), [22, 0, 1, 2, 5]), ((1, 3), [1, 2]), ((0, 0), [])])
def test_quiet_hours_may_go_over_midnight(quiet, hours):
    plan = make_plan(quiet_hours=quiet)

    assert [hour for hour in (22, 0, 1, 2, 5, 6, 12) if plan.is_quiet(hour)] == sorted(
        hours, key=lambda hour: (hour < 22, hour)
    )


def test_the_last_share_completes():
    last = situation(
        metric(candidate=735, events=(60, 400, 300, 700)), index=3, seconds_at_step=25 * HOUR,
        split_units=(0, 0, 0, 10_000), split_candidates=9_333,
    )  # fmt: skip

    assert decide(last).action == Action.COMPLETE


def test_clear_harm_rolls_back_and_names_the_metric():
    decision = decide(situation(metric(candidate=17, name="Errors"), metric(candidate=60, name="Refusals")))

    assert (decision.action, decision.reason) == (Action.ROLL_BACK, "Refusals got worse.")


def test_likely_harm_warns_and_stays():
    assert decide(situation(metric(candidate=29))).action == Action.WARN


def test_harm_counts_even_when_other_data_is_missing_or_the_split_is_broken():
    bad = metric(candidate=60)
    missing = metric(candidate=0, events=(0, 0), missing="the detector does not answer.")

    assert decide(situation(bad, missing, split_candidates=10)).action == Action.ROLL_BACK


def test_a_missing_detector_freezes():
    decision = decide(
        situation(metric(candidate=17), metric(candidate=17, name="Flags", missing="nothing was analysed."))
    )

    assert (decision.action, decision.reason) == (Action.FREEZE, "Flags: nothing was analysed.")


def test_a_broken_split_freezes():
    assert decide(situation(split_candidates=200)).action == Action.FREEZE


@pytest.mark.parametrize(
    "changes",
    [
        {"seconds_at_step": 1 * HOUR}, {"candidate_units": 29}, {"metrics": (metric(candidate=0, events=(0, 0)),)},
        {"metrics": (metric(candidate=1, events=(3, 30)),)},
    ],
    ids=["too early", "too few people", "no events at all", "too few events"],
)  # fmt: skip
def test_without_enough_data_it_waits(changes):
    assert decide(situation(**changes)).action == Action.WAIT


def test_after_three_days_without_an_answer_a_person_is_asked():
    assert decide(situation(metric(candidate=0, events=(0, 0)), seconds_at_step=73 * HOUR)).action == Action.ASK


def test_the_same_numbers_decide_the_same_and_are_kept():
    first, second = decide(situation()), decide(situation())

    assert first == second
    assert [one.name for one in first.evidence] == ["Disliked"]
    assert first.evidence[0].margin == plans.margin(BUDGETS[Caution.BALANCED], next_share=0.25, base_rate=0.04)


def test_four_thresholds_of_a_cost_are_averaged():
    calm, dear = Part(17, (60, 400)), Part(60, (60, 400))
    one = decide(situation(Metric("Cost", 0.1, (dear,))))
    among_four = decide(situation(Metric("Cost", 0.1, (dear, calm, calm, calm))))

    assert among_four.evidence[0].harm < one.evidence[0].harm


@pytest.mark.parametrize(("index", "share"), [(0, 0.01), (1, 0.0404), (2, 0.2105), (3, 0.9333)])
def test_only_units_new_to_the_candidate_count_at_a_step(index, share):
    assert plans.new_share([step.share for step in USUAL_STEPS], index) == pytest.approx(share, abs=5e-5)


@pytest.mark.parametrize(
    ("caution", "base_rate", "margins"),
    [
        (Caution.CAUTIOUS, 0.005, (21, 5, 2)), (Caution.BALANCED, 0.04, (6, 2, 1.5)), (Caution.BALANCED, 0.10, (3, 1.5, 1.5)),
        (Caution.FAST, 0.04, (11, 3, 2)),
    ],
)  # fmt: skip
def test_the_margin_narrows_as_the_share_grows(caution, base_rate, margins):
    found = [plans.margin(BUDGETS[caution], next_share=share, base_rate=base_rate) for share in (0.05, 0.25, 1.0)]

    assert found == pytest.approx(margins)


def test_what_an_earlier_try_found_counts_as_if_it_had_happened_before_the_first_share():
    now, before = metric(candidate=22), Try(shares=(0.01, 0.0404), parts=(Part(30, (60, 400)),))
    shares = [plans.new_share([step.share for step in USUAL_STEPS], index) for index in range(2)]
    stages = [Stage(0.01, 60), Stage(0.0404, 400), Stage(shares[0], 60), Stage(shares[1], 400)]

    decision = decide(situation(replace(now, earlier=(before,))))

    assert decision.evidence[0].harm == pytest.approx(ln_e(52, stages, tolerated=1.0, alternatives=HARM))
    assert decide(situation(now)).action == Action.WAIT
    assert decision.action == Action.ROLL_BACK


def test_a_good_first_try_cannot_be_forgotten_either_and_a_bad_one_keeps_the_next_share_closed():
    bad = Try(shares=(0.01, 0.0404), parts=(Part(30, (60, 400)),))

    assert decide(situation(metric(candidate=17))).action == Action.PROMOTE
    assert decide(situation(metric(candidate=17, earlier=(bad,)))).action != Action.PROMOTE


def test_the_first_calls_of_an_earlier_try_count_as_well():
    rare = Metric("Errors", 0.01, (Part(0, (0, 0)),), call_rate=0.01)
    failed = Try(shares=(0.01,), parts=(Part(0, (0,)),), candidate_units=100, first_call_events=20)

    alone, after = (decide(situation(one)).evidence[0].not_worse for one in (rare, replace(rare, earlier=(failed,))))

    assert after < alone


def test_small_traffic_gets_fewer_and_larger_steps():
    assert [step.share for step in plans.steps_for(300)] == [0.10, 0.50]
    assert plans.steps_for(2_000)[0].share == 0.025
    assert plans.steps_for(20_000) == USUAL_STEPS


def _last_share(issue: Metric, **changes) -> Situation:
    fine = metric(candidate=735, events=(60, 400, 300, 700))
    return situation(
        fine,
        issue,
        index=3,
        seconds_at_step=25 * HOUR,
        split_units=(0, 0, 0, 10_000),
        split_candidates=9_333,
        **changes,
    )


def test_a_control_group_stays_until_what_the_version_is_meant_to_make_rarer_did_get_rarer():
    same = metric(candidate=735, events=(60, 400, 300, 700), name="#7", is_benefit=True)
    fell = metric(candidate=300, events=(60, 400, 300, 300), name="#7", is_benefit=True)

    waiting = decide(_last_share(same))

    assert waiting.action == Action.WAIT
    assert "#7" in waiting.reason
    assert decide(_last_share(fell)).action == Action.COMPLETE


def test_a_benefit_that_never_comes_keeps_nobody_from_the_version_for_ever():
    same = metric(candidate=735, events=(60, 400, 300, 700), name="#7", is_benefit=True)

    assert decide(replace(_last_share(same), seconds_at_step=73 * HOUR)).action == Action.COMPLETE
