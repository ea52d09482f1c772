import math

from hypothesis import given
from hypothesis import strategies as st

from monitoring import usage_latency
from monitoring.usage_latency import BASE, LAST_BUCKET, bucket_middle_ms, bucket_of_ms, from_packed, from_sent

DURATIONS = st.floats(min_value=0.11, max_value=3e7)


def pack(durations: list[float]) -> list[int]:
    counts: dict[int, int] = {}
    for duration in durations:
        bucket = bucket_of_ms(duration)
        counts[bucket] = counts.get(bucket, 0) + 1
    return [bucket << 40 | count for bucket, count in sorted(counts.items())]


def sent(elements: list[int]) -> bytes:
    return b"".join((8).to_bytes(4, "big") + element.to_bytes(8, "big") for element in elements)


def exact_percentile(durations: list[float], share: float) -> float:
    return sorted(durations)[max(1, math.ceil(share * len(durations))) - 1]


@given(st.lists(DURATIONS, min_size=1, max_size=300), st.sampled_from([0.5, 0.9, 0.95, 0.99, 1.0]))
def test_percentiles_are_at_most_two_percent_off(durations, share):
    read = from_packed(pack(durations)).percentile_ms(share)

    assert abs(read / exact_percentile(durations, share) - 1) <= 0.02


@given(st.lists(DURATIONS, max_size=100), st.lists(DURATIONS, max_size=100))
def test_glued_elements_of_several_rows_are_added(first, second):
    together = from_sent(sent(pack(first)) + sent(pack(second)))

    assert together.counts.tolist() == from_packed(pack(first + second)).counts.tolist()


@given(DURATIONS)
def test_a_bucket_holds_what_lies_between_its_edges(duration):
    middle = bucket_middle_ms(bucket_of_ms(duration))

    assert middle / math.sqrt(BASE) * 0.999999 < duration <= middle * math.sqrt(BASE) * 1.000001


@given(st.lists(DURATIONS, min_size=1, max_size=100))
def test_a_higher_share_never_answers_with_a_shorter_duration(durations):
    histogram = from_packed(pack(durations))

    found = [histogram.percentile_ms(share) for share in (0.1, 0.5, 0.9, 0.95, 0.99, 1)]

    assert found == sorted(found)


def test_no_durations_have_no_percentile():
    assert usage_latency.EMPTY.percentile_ms(0.95) is None
    assert from_sent(None).percentile_ms(0.5) is None
    assert from_sent(b"").total == 0


def test_counts_beyond_what_a_small_integer_holds_are_kept():
    assert from_packed([7 << 40 | 3_000_000_000]).total == 3_000_000_000


def test_everything_up_to_a_tenth_of_a_millisecond_shares_the_lowest_bucket():
    assert bucket_of_ms(0) == bucket_of_ms(0.1) == 0
    assert bucket_middle_ms(0) == 0.05


def test_days_long_durations_stay_in_the_last_bucket():
    assert bucket_of_ms(1e12) == LAST_BUCKET


def test_the_interval_of_a_percentile_narrows_with_more_durations():
    def width(count):
        low, high = from_packed(pack([1000 * 1.01**index for index in range(200)] * count)).interval_ms(0.95)
        return high / low

    assert width(100) < width(1)


def test_a_percentile_of_few_durations_has_no_interval():
    assert from_packed(pack([100.0] * 70)).interval_ms(0.95) is None
    assert usage_latency.EMPTY.interval_ms(0.95) is None


@given(st.lists(DURATIONS, min_size=200, max_size=400))
def test_the_interval_holds_the_percentile(durations):
    histogram = from_packed(pack(durations))

    low, high = histogram.interval_ms(0.95)

    assert low <= histogram.percentile_ms(0.95) <= high
