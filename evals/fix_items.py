"""Makes items of the calls of an issue: those to write the fix by and those to test it on never mix, and nothing private gets in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256

import orjson

from evals import item_care
from evals.calls import RecordedCall
from projects.models import Project

TUNE, HOLD_OUT = "tune", "hold-out"
PROBLEM, GOOD = "problem", "good"


def part_of(call: RecordedCall) -> str:
    """Return on which side a call is: equal questions are always on the same one, whatever the order or the number of calls."""
    asked = orjson.dumps(call.input, option=orjson.OPT_SORT_KEYS)
    return TUNE if sha256(asked).digest()[0] % 2 else HOLD_OUT


def prepared(*, project: Project, calls: Sequence[RecordedCall]) -> list[RecordedCall]:
    """Return the calls masked, each with the side it is on."""
    masker = item_care.masker_of(project)
    masked = [item_care.masked_call(masker, call) for call in calls]
    # Questions that only differ in a number or a name are the same now.
    return [replace(call, split=part_of(call)) for call in masked]
