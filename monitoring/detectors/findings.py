"""What a detector says about one text: how likely it is, whether that is enough to flag it, and which words say so."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Evidence:
    """A part of the text that was looked at, from `start` up to `end` in characters, and why it matters."""

    start: int
    end: int
    why: str


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer of a detector; `evidence` stands in the order of the text and is never outside of it."""

    probability: float
    is_flagged: bool
    evidence: tuple[Evidence, ...] = ()


NOTHING = Finding(0.0, is_flagged=False)
# Enough for a person to see why; a hostile text could earn thousands.
MOST_EVIDENCE = 12


def in_order(evidence: list[Evidence]) -> tuple[Evidence, ...]:
    """Return the first pieces of evidence in the order of the text, without those that say the same of the same words."""
    kept: list[Evidence] = []
    for piece in sorted(set(evidence), key=lambda piece: (piece.start, -piece.end, piece.why)):
        if kept and kept[-1].end >= piece.end and kept[-1].why == piece.why:
            continue
        kept.append(piece)
    return tuple(kept[:MOST_EVIDENCE])
