"""What the detectors get to see of one call, as plain values, and what one of them says about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from monitoring.analysis.texts import Texts
from monitoring.detectors.findings import NOTHING, Evidence, Finding

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

    from monitoring.analysis.baselines import Usual

INPUT, CONTEXT, OUTPUT, ERROR = "input", "context", "output", "error"

# Part, start, end, why: as it is stored.
Place = tuple[str, int, int, str]


@dataclass(frozen=True, slots=True)
class Call:
    """One call; `usual` is what is usual for its prompt and model, None of whatever nobody knows yet.

    `likeness` tells how like it is what the same user asked, in other words, in the ten minutes before.
    """

    texts: Texts
    has_failed: bool = False
    duration_seconds: float = 0.0
    ttft_seconds: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_nano_usd: int | None = None
    hour: int = 0
    is_in_session: bool = False
    likeness: float = 0.0
    validator: Validator | None = None
    usual: Usual | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What a detector says about a call: how likely the flag is right, and the places that say so."""

    probability: float = 0.0
    places: tuple[Place, ...] = field(default=())


NOT_FOUND = Found()


def in_part(part: str, finding: Finding, *, offset: int = 0, length: int | None = None) -> Found:
    """Return a finding in the text of one part, which began at `offset` of the part; places never leave the part."""
    if finding is NOTHING:
        return NOT_FOUND
    return Found(finding.probability, tuple(_places(part, finding.evidence, offset, length)))


def _places(part: str, evidence: Iterable[Evidence], offset: int, length: int | None) -> Iterable[Place]:
    for piece in evidence:
        end = piece.end if length is None else min(piece.end, length)
        if piece.start < end:
            yield part, offset + piece.start, offset + end, piece.why


def strongest(found: Iterable[Found], *, most: int) -> Found:
    """Return the highest probability of several findings, with the places of all that come near to it."""
    some = [one for one in found if one.probability > 0]
    if not some:
        return NOT_FOUND
    highest = max(one.probability for one in some)
    near = [one for one in some if one.probability >= highest / 2]
    near.sort(key=lambda one: -one.probability)
    return Found(highest, tuple(place for one in near for place in one.places)[:most])
