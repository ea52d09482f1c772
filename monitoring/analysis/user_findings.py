"""What users and documents do to a model, and what users think of an answer: each function is one detector over one call."""

from __future__ import annotations

import math

from monitoring.analysis.calls import CONTEXT, INPUT, NOT_FOUND, OUTPUT, Call, Found, Place, in_part, strongest
from monitoring.detectors import frustration, injection, toxicity
from monitoring.detectors.findings import MOST_EVIDENCE
from monitoring.detectors.injection import Channel

_MOST_DOCUMENTS, _MOST_DOCUMENT_CHARS, _MOST_CHARS = 12, 6_000, 8_000
# Of two questions with different intents from one shop or bank, one pair in three thousand is nearer than this.
_ALIKE, _STEEPNESS = 0.75, 25.0


def tried_to_take_over(call: Call) -> Found:
    """The user tries to override the instructions of the prompt."""
    text = call.texts.parts.input[:_MOST_CHARS]
    return in_part(INPUT, injection.score(text, Channel.USER)) if text.strip() else NOT_FOUND


def hidden_instruction(call: Call) -> Found:
    """A document or the result of a tool gives orders to the model."""
    context = call.texts.parts.context
    found = [
        in_part(CONTEXT, injection.score(context[start : min(end, start + _MOST_DOCUMENT_CHARS)], Channel.DOCUMENT), offset=start)
        for start, end in call.texts.documents[:_MOST_DOCUMENTS]
    ]  # fmt: skip
    return strongest(found, most=MOST_EVIDENCE)


def toxic(call: Call) -> Found:
    """The user or the answer attacks people or groups of people."""
    parts = call.texts.parts
    found = [
        in_part(part, toxicity.score(text[:_MOST_CHARS]))
        for part, text in ((OUTPUT, parts.output), (INPUT, parts.input)) if text.strip()
    ]  # fmt: skip
    return strongest(found, most=MOST_EVIDENCE)


def frustrated(call: Call) -> Found:
    """The user complains about the answer before."""
    if not call.texts.is_follow_up and not call.is_in_session:
        return NOT_FOUND
    return in_part(INPUT, frustration.score(call.texts.parts.input))


def asked_again(call: Call) -> Found:
    """The user asks for the same in other words."""
    if call.likeness <= 0:
        return NOT_FOUND
    probability = 1 / (1 + math.exp(-_STEEPNESS * (call.likeness - _ALIKE)))
    place: Place = (INPUT, 0, len(call.texts.parts.input), "asks for what was asked shortly before")
    return Found(probability, (place,))
