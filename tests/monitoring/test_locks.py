"""Locks of the database are told apart by their numbers alone: one number for two of them makes strangers wait for each other."""

from __future__ import annotations

import re
from collections import Counter

from webapp.cli.layouts import ROOT

PACKAGES = ("webapp", "workers", "evals", "monitoring", "prompt_registry", "projects")
_NUMBER = re.compile(r"^_?LOCK = ([\d_]+)$", re.MULTILINE)


def test_no_two_locks_have_the_same_number():
    found = Counter(
        number
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        for number in _NUMBER.findall(path.read_text(encoding="utf-8"))
    )

    assert len(found) >= 8
    assert [number for number, count in found.items() if count > 1] == []
