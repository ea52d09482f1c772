"""The kind of failure, from what providers and clients say."""

from __future__ import annotations

import pytest

from monitoring.detectors import errors
from monitoring.detectors.error_phrases import Failure

SAID = {
    "rate": (429, "Rate limit reached for requests", Failure.RATE_LIMITED),
    "credit": (
        429,
        "You exceeded your current quota, please check your plan and billing details.",
        Failure.OUT_OF_CREDIT,
    ),
    "key": (401, "Incorrect API key provided", Failure.NOT_SIGNED_IN),
    "model": (404, "The model `gpt-9` does not exist", Failure.UNKNOWN_MODEL),
    "context": (400, "This model's maximum context length is 8192 tokens", Failure.TOO_LONG),
    "filter": (400, "The response was filtered due to the content management policy", Failure.FILTERED),
    "plain 400": (400, "", Failure.BAD_REQUEST),
    "overloaded": (529, "Overloaded", Failure.OVERLOADED),
    "broken": (500, "", Failure.PROVIDER_BROKEN),
    "timeout": (None, "Request timed out.", Failure.TIMED_OUT),
    "network": (None, "[Errno -2] Name resolution failed", Failure.UNREACHABLE),
    "tool": (None, "Error executing tool search_flights: boom", Failure.TOOL_FAILED),
    "json": (None, "JSONDecodeError: Expecting value: line 1 column 1 (char 0)", Failure.BAD_OUTPUT),
    "strange": (None, "flux capacitor discharged", Failure.OTHER),
}


@pytest.mark.parametrize("case", SAID)
def test_a_failure_is_told_from_status_and_words(case: str) -> None:
    status, message, expected = SAID[case]

    found = errors.diagnose(status_code=status, message=message)

    assert (found.failure, found.is_flagged) == (expected, True)


@pytest.mark.parametrize(
    ("reason", "expected"), [("length", Failure.CUT_OFF), ("MAX_TOKENS", Failure.CUT_OFF), ("SAFETY", Failure.FILTERED)]
)
def test_a_call_without_an_error_may_still_have_been_cut_off(reason: str, expected: Failure) -> None:
    assert errors.diagnose(finish_reason=reason).failure is expected


def test_a_call_that_ended_well_has_no_failure() -> None:
    found = errors.diagnose(status_code=200, finish_reason="stop")

    assert (found.failure, found.is_flagged, found.probability) == (None, False, 0.0)


def test_the_type_of_the_error_counts_when_the_message_says_nothing() -> None:
    assert errors.diagnose(error_type="openai.APITimeoutError", message="?").failure is Failure.TIMED_OUT


def test_the_evidence_stands_in_the_message() -> None:
    message = "Error code: 429 - Too Many Requests"

    (piece,) = errors.diagnose(status_code=429, message=message).evidence

    assert message[piece.start : piece.end] == "Too Many Requests"
