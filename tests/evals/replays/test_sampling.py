"""The sample of a replay: some of every kind of calls, the same ones every time, standing for all of them together."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evals.replays import sampling
from evals.replays.sampling import FLOOR, NO_TOPIC, SMALLER_TOPICS, Candidate, Stratum

# A busy machine is no failure.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
SIZES = st.dictionaries(
    st.builds(Stratum, st.integers(0, 6), st.booleans()), st.integers(1, 60), min_size=1, max_size=14
)  # fmt: skip


def candidates(sizes: dict[Stratum, int]) -> list[Candidate]:
    """Return every call of these kinds, with lots that are as good as random."""
    return [
        Candidate(UUID(int=hash((stratum, number)) % 2**64), number, hash((number, stratum)) % 2**32, stratum)
        for stratum, size in sizes.items()
        for number in range(size)
    ]


@patient
@given(SIZES, st.integers(1, 300))
def test_together_they_stand_for_all_calls_of_the_kinds_that_were_reached(sizes, wanted):
    taken = sampling.draw(candidates(sizes), sizes, wanted=wanted)

    weights = sampling.weigh(taken, sizes)

    reached = {one.stratum for one in taken}
    assert len(taken) == min(wanted, sum(sizes.values()))
    assert sum(weights) == pytest.approx(sum(size for stratum, size in sizes.items() if stratum in reached))
    assert min(weights) >= 1


@patient
@given(SIZES)
def test_every_kind_is_seen_with_a_few_while_the_sample_lasts(sizes):
    shares = sampling.shares(sizes, wanted=FLOOR * len(sizes))

    assert shares == {stratum: shares[stratum] for stratum in sizes}
    assert all(shares[stratum] >= min(FLOOR, size) for stratum, size in sizes.items())


@patient
@given(SIZES, st.integers(1, 300), st.randoms())
def test_the_order_of_the_calls_does_not_matter(sizes, wanted, random):
    calls = candidates(sizes)
    shuffled = list(calls)
    random.shuffle(shuffled)

    assert sampling.draw(shuffled, sizes, wanted=wanted) == sampling.draw(calls, sizes, wanted=wanted)


def test_calls_with_something_wrong_are_taken_more_often_than_their_share():
    sizes = {Stratum(1, was_wrong=False): 9_000, Stratum(1, was_wrong=True): 1_000}

    assert sampling.shares(sizes, wanted=130) == {Stratum(1, was_wrong=False): 89, Stratum(1, was_wrong=True): 41}


def test_a_small_kind_is_taken_whole_and_its_rest_goes_to_the_others():
    sizes = {Stratum(1, was_wrong=True): 5, Stratum(2, was_wrong=False): 95}

    assert sampling.shares(sizes, wanted=60) == {Stratum(1, was_wrong=True): 5, Stratum(2, was_wrong=False): 55}


def test_the_smallest_topics_go_together():
    sizes = {Stratum(topic, was_wrong=False): topic * 10 for topic in range(1, 6)} | {
        Stratum(NO_TOPIC, was_wrong=True): 1
    }

    assert sampling.gathered(sizes, wanted=24) == {
        NO_TOPIC: NO_TOPIC, 1: SMALLER_TOPICS, 2: SMALLER_TOPICS, 3: SMALLER_TOPICS, 4: 4, 5: 5,
    }  # fmt: skip


def test_of_calls_with_one_question_each_speaks_as_often_as_it_stands_for_others():
    kind = Stratum(1, was_wrong=False)
    spoke = [
        sampling.speaker([(Candidate(UUID(int=2 * number), 1, 0, kind), 3.0), (Candidate(UUID(int=2 * number + 1), 1, 0, kind), 1.0)])
        for number in range(4_000)
    ]  # fmt: skip

    heavy = sum(one.trace_id.int % 2 == 0 for one in spoke)

    assert heavy / 4_000 == pytest.approx(0.75, abs=0.03)
