"""Behaviour of the counters against guessing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from projects import sign_in_attempts
from projects.models import SignInAttempt

ACCOUNT, HERE = "dana@example.com", "203.0.113.9"


def fail(times: int, *, account: str = ACCOUNT, address: str = HERE) -> None:
    for _ in range(times):
        sign_in_attempts.note_failure(account=account, address=address)


@pytest.mark.django_db
def test_four_failures_do_not_block():
    fail(4)

    assert not sign_in_attempts.is_blocked(account=ACCOUNT, address=HERE)


@pytest.mark.django_db
def test_five_failures_block_the_account_in_the_whole_network():
    fail(5)

    assert sign_in_attempts.is_blocked(account=ACCOUNT, address="203.0.113.200")
    assert not sign_in_attempts.is_blocked(account=ACCOUNT, address="198.51.100.1")
    assert not sign_in_attempts.is_blocked(account="sam@example.com", address=HERE)


@pytest.mark.django_db
def test_failures_are_forgiven_after_a_quarter_of_an_hour():
    fail(5)
    SignInAttempt.objects.update(created_at=timezone.now() - timedelta(minutes=16))

    assert not sign_in_attempts.is_blocked(account=ACCOUNT, address=HERE)


@pytest.mark.django_db
def test_a_hundred_failures_block_a_network_for_every_account():
    for number in range(100):
        fail(1, account=f"guess{number}@example.com")

    assert sign_in_attempts.is_blocked(account="sam@example.com", address=HERE)


@pytest.mark.django_db
def test_the_account_is_stored_as_a_hash():
    fail(1)

    assert ACCOUNT.encode() not in bytes(SignInAttempt.objects.get().account_hash)


@pytest.mark.django_db
def test_old_attempts_are_removed():
    fail(2)
    SignInAttempt.objects.update(created_at=timezone.now() - timedelta(hours=2))
    fail(1)

    assert (sign_in_attempts.delete_old(), SignInAttempt.objects.count()) == (2, 1)


@pytest.mark.parametrize(
    ("address", "prefix"),
    [
        ("203.0.113.9", "203.0.113.0"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("::ffff:203.0.113.9", "203.0.113.0"),
        ("", "unknown"),
        ("nonsense", "unknown"),
    ],
)
def test_addresses_are_counted_by_network(address, prefix):
    assert sign_in_attempts.address_prefix(address) == prefix
