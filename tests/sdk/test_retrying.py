"""What follows an attempt to send."""

import datetime

import pytest
from callboard.retrying import Action, backoff_ceiling, next_step, parse_retry_after

NOW = datetime.datetime(2026, 11, 20, 12, 0, 0, tzinfo=datetime.UTC)


def step(status: int | None, **facts: object):
    usual = {"retry_after": None, "attempt": 1, "elapsed": 0.0, "items": 10, "chance": 1.0}
    return next_step(status=status, **(usual | facts))


@pytest.mark.parametrize("status", [200, 202, 204])
def test_an_accepted_batch_is_forgotten(status):
    assert step(status).action is Action.FORGET


@pytest.mark.parametrize("status", [408, 429, 502, 503, 504, None])
def test_overload_and_silence_are_tried_again(status):
    assert step(status).action is Action.WAIT


def test_the_wait_doubles_up_to_thirty_seconds():
    waits = [step(503, attempt=attempt).seconds for attempt in (1, 2, 3, 7, 8, 50)]

    assert waits == [0.5, 1.0, 2.0, 30.0, 30.0, 30.0]


def test_the_wait_is_anything_down_to_nothing():
    assert step(503, attempt=5, chance=0.0).seconds == 0.0
    assert step(503, attempt=5, chance=0.25).seconds == 2.0


def test_the_server_may_name_the_wait_up_to_two_minutes():
    assert step(503, retry_after=7.0, chance=0.0).seconds == 7.0
    assert step(429, retry_after=3600.0).seconds == 120.0


def test_after_ten_minutes_a_batch_is_given_up():
    assert step(503, elapsed=599.0).action is Action.WAIT
    assert step(503, elapsed=600.0).action is Action.DROP
    assert step(None, elapsed=600.0).action is Action.DROP
    assert step(401, elapsed=600.0).action is Action.DROP


@pytest.mark.parametrize("status", [401, 403, 404, 302])
def test_a_wrong_key_or_address_pauses_for_a_minute(status):
    refused = step(status)

    assert (refused.action, refused.seconds, refused.is_ordered) == (Action.PAUSE, 60.0, True)


@pytest.mark.parametrize("status", [400, 413])
def test_a_batch_refused_as_a_whole_is_split_and_a_single_item_dropped(status):
    assert step(status, items=2).action is Action.SPLIT
    assert step(status, items=1).action is Action.DROP


@pytest.mark.parametrize("status", [500, 501, 415, 418])
def test_other_errors_are_not_tried_again(status):
    assert step(status).action is Action.DROP


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("5", 5.0),
        (" 1.5 ", 1.5),
        ("Fri, 20 Nov 2026 12:00:30 GMT", 30.0),
        ("Fri, 20 Nov 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("", None),
        (None, None),
        ("1e9999", None),
        ("Mon, 1 Jan 2026 00:00:00 +99999999999999999999", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_date(value, seconds):
    assert parse_retry_after(value, now=NOW) == seconds


def test_the_ceiling_does_not_overflow():
    assert backoff_ceiling(100_000, base=1.0, cap=60.0) == 60.0
