"""A ticket opens exactly one trial for exactly one person, for a minute."""

from __future__ import annotations

import pytest

from webapp.live_tickets import Ticket, check

SECRET = "a secret of this installation"
TICKET = Ticket(project_id=1, trial_id=22, user_id=333, expires_at=1_000)


def test_a_ticket_is_read_back():
    assert check(TICKET.signed(SECRET), secret=SECRET, now=999) == TICKET


@pytest.mark.parametrize(
    "text",
    [
        "",
        "....",
        "1.22.333.1000",
        "1.22.333.1000.",
        TICKET.signed("another secret"),
        TICKET.signed(SECRET).replace("22", "23", 1),
        TICKET.signed(SECRET).replace("333", "334", 1),
        TICKET.signed(SECRET) + "0",
        "é" * 40,
    ],
)
def test_a_ticket_that_was_made_up_or_changed_opens_nothing(text):
    assert check(text, secret=SECRET, now=999) is None


def test_an_old_ticket_opens_nothing():
    assert check(TICKET.signed(SECRET), secret=SECRET, now=1_001) is None


def test_without_a_secret_nothing_opens():
    assert check(TICKET.signed(""), secret="", now=999) is None
