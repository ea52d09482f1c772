from datetime import UTC, datetime, timedelta

from monitoring import usage_findings, usage_periods
from monitoring.usage import Report, Usage
from monitoring.usage_findings import Kind
from monitoring.usage_latency import bucket_of_ms, from_packed

NOW = datetime(2026, 11, 20, 14, tzinfo=UTC)


def lasting(duration_ms, calls):
    return from_packed([bucket_of_ms(duration_ms) << 40 | calls])


def make_usage(*, calls=1000, took_ms=800, **fields):
    return Usage(call_count=calls, latency=lasting(took_ms, calls), **fields)


def make_report(now, before, versions=(), versions_before=()):
    return Report(
        period=usage_periods.fit(NOW - timedelta(days=1), NOW),
        total=now,
        total_before=before,
        points=[],
        versions=list(versions),
        versions_before={(row.prompt_name, row.prompt_version): row for row in versions_before},
        models=[],
        models_before={},
    )


def kinds(now, before):
    return [finding.kind for finding in usage_findings.find(make_report(now, before))]


def test_equal_periods_are_unremarkable():
    assert kinds(make_usage(error_count=10), make_usage(error_count=10)) == []


def test_doubled_errors_are_found():
    assert kinds(make_usage(error_count=60), make_usage(error_count=20)) == [Kind.ERRORS_UP]


def test_first_errors_after_none_are_found():
    assert kinds(make_usage(error_count=20), make_usage()) == [Kind.ERRORS_UP]


def test_a_doubling_that_chance_explains_is_not_a_finding():
    assert kinds(make_usage(error_count=4), make_usage(error_count=2)) == []


def test_less_than_a_doubling_of_errors_is_not_a_finding():
    assert kinds(make_usage(calls=100_000, error_count=1_900), make_usage(calls=100_000, error_count=1_000)) == []


def test_errors_among_few_calls_say_nothing():
    assert kinds(make_usage(calls=49, error_count=40), make_usage()) == []
    assert kinds(make_usage(error_count=500), make_usage(calls=49)) == []


def test_dislikes_count_only_when_the_intervals_part():
    before = make_usage(thumbs_up=160, thumbs_down=40)

    assert kinds(make_usage(thumbs_up=100, thumbs_down=100), before) == [Kind.DISLIKES_UP]
    assert kinds(make_usage(thumbs_up=155, thumbs_down=45), before) == []
    assert kinds(make_usage(thumbs_up=2, thumbs_down=17), before) == []


def test_slower_answers_are_found_from_two_hundred_calls_on():
    assert kinds(make_usage(took_ms=1600), make_usage(took_ms=800)) == [Kind.SLOWER]
    assert kinds(make_usage(took_ms=1600, calls=199), make_usage(took_ms=800)) == []


def test_dearer_calls_are_found_among_those_with_a_price():
    before = make_usage(cost_nano_usd=1_000_000)

    assert kinds(make_usage(cost_nano_usd=2_000_000), before) == [Kind.DEARER]
    assert kinds(make_usage(cost_nano_usd=1_000_000, unpriced_count=500), before) == [Kind.DEARER]
    assert kinds(make_usage(cost_nano_usd=0, unpriced_count=1000), before) == []


def test_silence_after_traffic_is_the_only_thing_worth_saying():
    assert kinds(Usage(), make_usage()) == [Kind.SILENCE]
    assert kinds(Usage(), make_usage(calls=49)) == []


def test_the_version_that_brought_the_harm_is_named():
    old = make_usage(calls=500, prompt_name="refund", prompt_version=12, error_count=5)
    new = make_usage(calls=500, prompt_name="refund", prompt_version=13, error_count=95)
    report = make_report(
        make_usage(error_count=100), make_usage(error_count=10), versions=[old, new], versions_before=[old]
    )

    finding = usage_findings.find(report)[0]

    assert (finding.culprit, finding.is_culprit_new, finding.culprit_share) == (new, True, 0.95)


def test_harm_spread_evenly_names_nobody():
    versions = [make_usage(calls=500, prompt_name="refund", prompt_version=n, error_count=50) for n in (12, 13)]
    report = make_report(make_usage(error_count=100), make_usage(error_count=10), versions=versions)

    assert usage_findings.find(report)[0].culprit is None


def test_calls_without_a_prompt_are_never_the_culprit():
    versions = [
        make_usage(calls=500, error_count=95),
        make_usage(calls=500, prompt_name="refund", prompt_version=1, error_count=5),
    ]
    report = make_report(make_usage(error_count=100), make_usage(error_count=10), versions=versions)

    assert usage_findings.find(report)[0].culprit is None


def test_a_version_that_fails_more_than_its_siblings_is_found_though_the_total_hides_it():
    old = make_usage(calls=4_000, prompt_name="refund", prompt_version=12, error_count=40)
    new = make_usage(calls=200, prompt_name="refund", prompt_version=13, error_count=20)
    report = make_report(
        make_usage(calls=10_000, error_count=160), make_usage(calls=10_000, error_count=140), [old, new], [old]
    )

    found = usage_findings.find(report)

    assert [(finding.kind, finding.culprit, finding.is_culprit_new) for finding in found] == [
        (Kind.VERSION_FAILS, new, True)
    ]
    assert found[0].before.call_count == 8_000


def test_a_version_that_people_dislike_more_than_its_siblings_is_found():
    old = make_usage(prompt_name="refund", prompt_version=12, thumbs_up=90, thumbs_down=10)
    new = make_usage(calls=200, prompt_name="refund", prompt_version=13, thumbs_up=20, thumbs_down=20)
    report = make_report(
        make_usage(calls=5_000, thumbs_up=400, thumbs_down=60),
        make_usage(thumbs_up=90, thumbs_down=10),
        [old, new],
        [old],
    )

    assert [finding.kind for finding in usage_findings.find(report)] == [Kind.VERSION_DISLIKED]


def test_a_version_is_compared_with_its_own_prompt_only():
    other = make_usage(calls=4_000, prompt_name="greet", prompt_version=1)
    new = make_usage(calls=200, prompt_name="refund", prompt_version=13, error_count=20)

    assert (
        usage_findings.find(
            make_report(make_usage(calls=4_200, error_count=20), make_usage(error_count=4), [other, new])
        )
        == []
    )


def test_a_version_of_few_calls_is_not_judged():
    old = make_usage(prompt_name="refund", prompt_version=12)
    new = make_usage(calls=49, prompt_name="refund", prompt_version=13, error_count=20)

    assert (
        usage_findings.find(
            make_report(make_usage(calls=1_049, error_count=20), make_usage(error_count=15), [old, new], [old])
        )
        == []
    )


def test_a_version_named_for_one_harm_is_still_found_for_another():
    old = make_usage(calls=800, prompt_name="refund", prompt_version=12, error_count=8, thumbs_up=95, thumbs_down=5)
    new = make_usage(calls=200, prompt_name="refund", prompt_version=13, error_count=60, thumbs_up=20, thumbs_down=20)
    before = make_usage(error_count=10, thumbs_up=119, thumbs_down=6)
    report = make_report(make_usage(error_count=68, thumbs_up=115, thumbs_down=25), before, [old, new], [old])

    found = usage_findings.find(report)

    assert [finding.kind for finding in found] == [Kind.ERRORS_UP, Kind.DISLIKES_UP]
    assert {finding.culprit.prompt_version for finding in found} == {13}
