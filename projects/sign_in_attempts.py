"""Slows down password guessing; the counters live in PostgreSQL, so losing Redis resets nothing."""

from __future__ import annotations

import hashlib
import ipaddress
from datetime import timedelta

from django.utils import timezone

from projects.models import SignInAttempt

PER_ACCOUNT = 5
PER_ACCOUNT_WINDOW = timedelta(minutes=15)
PER_ADDRESS = 100
PER_ADDRESS_WINDOW = timedelta(hours=1)


def note_failure(*, account: str, address: str) -> None:
    """Count one failed sign-in."""
    SignInAttempt.objects.create(account_hash=_hash(account), address_prefix=address_prefix(address))


def is_blocked(*, account: str, address: str) -> bool:
    """Tell whether this account from this network, or this network at all, has failed too often."""
    now = timezone.now()
    here = SignInAttempt.objects.filter(address_prefix=address_prefix(address))
    of_account = here.filter(account_hash=_hash(account), created_at__gt=now - PER_ACCOUNT_WINDOW)
    return (
        of_account.count() >= PER_ACCOUNT or here.filter(created_at__gt=now - PER_ADDRESS_WINDOW).count() >= PER_ADDRESS
    )


def delete_old() -> int:
    """Remove the attempts that no longer count; return how many."""
    deleted, _ = SignInAttempt.objects.filter(created_at__lt=timezone.now() - PER_ADDRESS_WINDOW).delete()
    return deleted


def address_prefix(address: str) -> str:
    """Return the network an address belongs to: /24 for IPv4, /64 for IPv6."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    # A socket for both kinds spells IPv4 so, and all of it would be one network.
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    bits = 24 if parsed.version == 4 else 64
    return str(ipaddress.ip_network((parsed, bits), strict=False).network_address)


def _hash(account: str) -> bytes:
    return hashlib.sha256(account.encode()).digest()
