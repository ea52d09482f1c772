"""Builds the items that tell Callboard what became of a user, a session or a trace."""

import datetime
import math
import uuid
from typing import Any, Final

_MAX_ID: Final = 255
_MAX_NAME: Final = 80


def build(
    name: str, value: float | bool, *, unit: object, happened_at: datetime.datetime | None, now: datetime.datetime
) -> dict[str, Any]:
    """Return the item to send; raises ValueError when it means nothing."""
    name, unit_id = str(name).strip(), "" if unit is None else str(unit).strip()
    if not 1 <= len(name) <= _MAX_NAME:
        raise ValueError(f"name has 1 to {_MAX_NAME} characters, not {name!r}")
    if not unit_id:
        raise ValueError("there is no user or session at hand, so pass the unit: the user id that your calls carry")
    if len(unit_id) > _MAX_ID:
        raise ValueError(f"unit has at most {_MAX_ID} characters")
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"value is a number, True or False, not {value!r}")
    return {
        # The same id on every try, so that a repeated request changes nothing.
        "id": str(uuid.uuid4()),
        "unit_id": unit_id,
        "name": name,
        "value": value,
        "happened_at": _in_words(happened_at or now),
    }


def _in_words(moment: datetime.datetime) -> str:
    # A moment without a zone is meant in the zone of the machine, as everywhere in Python.
    return moment.astimezone(datetime.UTC).isoformat().replace("+00:00", "Z")
