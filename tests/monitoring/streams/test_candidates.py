"""Each planted problem is found once, where it is; calls without a problem give nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from monitoring.streams import candidates, harm
from monitoring.streams.families import Part, Region
from monitoring.streams.scopes import SIGNALS, Scope
from tests.monitoring.streams.traffic import Traffic


def problems(traffic: Traffic) -> list[harm.Harm]:
    found = candidates.findings(traffic.calls(), signals=SIGNALS)
    return [one for one in harm.merged(found) if one.is_significant]


def test_calls_without_a_problem_give_less_than_one_finding_in_ten_thousand_calls():
    found = [problems(Traffic(size=10_000, seed=seed)) for seed in range(12)]

    assert sum(len(one) for one in found) <= 3


def test_very_many_small_groups_give_no_finding():
    found = [problems(Traffic(size=10_000, seed=seed, clusters=600)) for seed in range(6)]

    assert sum(len(one) for one in found) <= 1


def test_one_user_who_dislikes_everything_is_no_problem_of_a_group():
    traffic = Traffic(size=10_000, seed=1)
    theirs = (traffic.cluster == 9) & (np.arange(traffic.size) % 2 == 0)
    traffic.unit[theirs] = 3
    traffic.spoil(theirs, "disliked", 0.9)

    assert problems(traffic) == []


def test_a_version_that_refuses_one_question_is_one_problem():
    traffic = Traffic(size=12_000, seed=2)
    where = (traffic.cluster == 7) & (traffic.version == 11)
    traffic.spoil(where, "refused", 0.6)
    refused = where & traffic.is_bad["refused"]
    traffic.spoil(refused, "disliked", 0.5)
    traffic.spoil(refused, "asked_again", 0.4)

    (found,) = problems(traffic)

    assert found.scope == Scope("refused", cluster_id=7, prompt_name="search")
    assert found.part == Part("prompt version", "11")
    assert found.users >= 5


def test_a_question_that_every_version_refuses_is_not_blamed_on_the_one_used_most():
    traffic = Traffic(size=12_000, seed=2)
    where = traffic.cluster == 7
    traffic.version[:] = np.where(traffic.random.random(traffic.size) < 0.03, 10, 11)
    traffic.spoil(where, "refused", 0.4)
    traffic.is_bad["refused"][where & (traffic.version == 10)] = False

    assert [one.scope.cluster_id for one in problems(traffic)] == [7]
    traffic.spoil(where & (traffic.version == 10), "refused", 0.4)
    assert [one.part for one in problems(traffic)] == [None]


def test_a_model_that_is_slow_at_some_hours_is_one_problem():
    traffic = Traffic(size=12_000, seed=3)
    where = (traffic.model == 1) & (traffic.hour >= 14) & (traffic.hour < 16)
    traffic.spoil(where, "slow", 0.6)
    traffic.spoil(where, "late_start", 0.5)

    (found,) = problems(traffic)

    assert found.scope == Scope("slow", model="large")
    assert found.part == Part("hour of day", "14:00–16:00")
    assert found.also == (Scope("late_start", model="large"),)


def test_a_retriever_that_finds_nothing_is_one_problem():
    traffic = Traffic(size=12_000, seed=4)
    where = (traffic.prompt == 0) & (traffic.random.random(traffic.size) < 0.08)
    traffic.retrieval[where] = 1
    traffic.spoil(where, "unsupported", 0.5)
    traffic.spoil(where, "disliked", 0.3)

    (found,) = problems(traffic)

    assert found.scope == Scope("unsupported", prompt_name="answer")
    assert found.part == Part("retrieval", "find pages found nothing")


def test_a_prompt_that_is_bad_everywhere_is_one_problem_and_not_one_for_each_group():
    traffic = Traffic(size=12_000, seed=5)
    traffic.spoil(traffic.prompt == 2, "bad_format", 0.2)

    (found,) = problems(traffic)

    assert found.scope == Scope("bad_format", prompt_name="summary")


def test_a_model_that_fails_with_one_prompt_is_a_problem_of_both():
    traffic = Traffic(size=12_000, seed=9)
    traffic.spoil((traffic.prompt == 1) & (traffic.model == 1), "bad_format", 0.15)

    (found,) = problems(traffic)

    assert found.scope == Scope("bad_format", prompt_name="search", model="large")


def test_a_model_that_fails_with_every_prompt_is_a_problem_of_the_model():
    traffic = Traffic(size=12_000, seed=10)
    traffic.spoil(traffic.model == 1, "bad_format", 0.15)

    (found,) = problems(traffic)

    assert found.scope == Scope("bad_format", model="large")


def test_models_of_different_prompts_are_not_compared():
    traffic = Traffic(size=12_000, seed=11)
    # One prompt answers from documents, where alone something can be unsupported; the others use another model.
    traffic.model[:] = np.where(traffic.prompt == 0, 0, 1)
    traffic.is_bad["unsupported"][:] = False
    traffic.spoil(traffic.prompt == 0, "unsupported", 0.2)

    assert {one.scope for one in problems(traffic)} == {Scope("unsupported", prompt_name="answer")}


def test_a_model_is_held_against_others_only_where_a_prompt_uses_both():
    traffic = Traffic(size=12_000, seed=12)
    traffic.model[traffic.prompt == 2] = 1
    traffic.spoil((traffic.model == 1) & (traffic.prompt < 2), "bad_format", 0.15)
    traffic.is_bad["bad_format"][traffic.prompt == 2] = False

    (found,) = problems(traffic)

    assert found.scope == Scope("bad_format", model="large")
    assert found.calls == ((traffic.model == 1) & (traffic.prompt < 2)).sum()


def test_three_problems_at_a_time_are_three():
    traffic = Traffic(size=12_000, seed=6)
    traffic.spoil((traffic.cluster == 7) & (traffic.version == 11), "refused", 0.7)
    traffic.spoil((traffic.model == 1) & (traffic.hour == 14), "slow", 0.7)
    traffic.spoil((traffic.cluster == 3), "wrong_language", 0.3)

    found = {one.scope for one in problems(traffic)}

    assert found == {
        Scope("refused", cluster_id=7, prompt_name="search"), Scope("slow", model="large"),
        Scope("wrong_language", cluster_id=3, prompt_name="answer"),
    }  # fmt: skip


def test_a_prompt_that_became_worse_than_it_was_is_found_without_others_to_compare():
    traffic = Traffic(size=4_000, seed=7, clusters=1)
    traffic.prompt[:] = 0
    traffic.spoil(np.ones(traffic.size, dtype=bool), "refused", 0.08)
    calls = traffic.calls()
    before = {(0, signal): (8_000, 160) for signal in SIGNALS}

    unknown = candidates.findings(calls, signals=["refused"])
    found = candidates.findings(replace(calls, past_of_prompt=before), signals=["refused"])

    assert not any(one.is_significant for one in unknown)
    assert found[0].is_significant
    assert found[0].region == Region(prompt_name="answer")


def test_fewer_than_fifteen_bad_calls_or_five_users_are_not_enough():
    traffic = Traffic(size=6_000, seed=8)
    few = np.flatnonzero(traffic.cluster == 40)[:14]
    traffic.is_bad["toxic"][:] = False
    traffic.is_bad["toxic"][few] = True
    many = np.flatnonzero(traffic.cluster == 12)[:40]
    traffic.is_bad["empty"][:] = False
    traffic.is_bad["empty"][many] = True
    traffic.unit[many] = np.arange(40) % 4

    assert problems(traffic) == []


@pytest.mark.parametrize(
    "case",
    [(5, 100, 40, 4_000), (1, 10, 3, 20), (0, 10, 3, 20), (8, 10, 15, 20), (60, 400, 90, 900_000), (4, 10, 3, 20)],
)
def test_chance_is_what_the_tables_say(case):
    least, drawn, marked, whole = case

    expected = stats.hypergeom.sf(least - 1, whole, marked, drawn)

    assert candidates.at_least_by_chance(least, drawn, marked, whole) == pytest.approx(expected, rel=1e-6)


def test_no_calls_give_nothing():
    assert candidates.findings(Traffic(size=0, seed=1).calls(), signals=SIGNALS) == []


def test_calls_of_one_unit_that_are_all_alike_count_little():
    alone, alike = np.full(100, 1), np.array([50, 50])

    assert candidates.design_effect(alone, np.repeat([1.0, 0.0], 50)) == pytest.approx(1, abs=0.05)
    assert candidates.design_effect(alike, np.array([50.0, 0.0])) > 40


def test_the_bound_is_shrunk_where_little_is_expected():
    few, many = candidates.times_at_least(np.array([3, 300]), np.array([1.0, 100.0]))

    assert few < 1.2
    assert 2.6 < many < 3
