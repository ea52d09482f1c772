"""The benchmark of the client, with so few calls that only its figures' presence and order of size mean anything."""

from benchmarks.sdk import Options, run


def test_memory_and_the_end_are_measured_with_the_server_up_down_and_hung():
    found = run(Options(calls=400, paced_calls=3))

    assert found["spans_sent"] > 0
    assert 0 < found["paced_bare_call_us_p50"] < found["paced_call_us_p50"]
    for name in ("rss_growth_mb", "rss_growth_mb_server_down", "rss_growth_mb_server_hung"):
        assert -5 < found[name] < 50
    for name in ("exit_seconds_server_down", "exit_seconds_server_hung"):
        assert 0 < found[name] < 6
