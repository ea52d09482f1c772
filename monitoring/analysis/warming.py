"""Loads all that a look at calls needs, once, in the process that others are forked from: they share its memory."""

from __future__ import annotations

from monitoring import embeddings
from monitoring.analysis import detecting
from monitoring.analysis.calls import Call
from monitoring.analysis.settings import DetectorChoice
from monitoring.analysis.texts import Parts, Texts
from monitoring.detectors import languages
from monitoring.detectors.catalogue import DETECTORS, shipped_threshold

_ASKED = "How long does it take until I get my money back, please?"
_GIVEN = "Refunds: The money is sent back within fourteen days after the parcel has arrived."
_ANSWERED = "I am sorry, but your refund is going to be transferred to the account on Tuesday."


def load() -> None:
    """Look at a made-up call: whatever is loaded when it is first needed is there afterwards."""
    choices = {name: DetectorChoice(is_enabled=True, threshold=shipped_threshold(name)) for name in DETECTORS}
    parts = Parts(input=_ASKED, context=_GIVEN, output=_ANSWERED, error="Rate limit reached")
    call = Call(Texts(parts=parts, documents=((0, len(_GIVEN)),), is_follow_up=True), likeness=0.5, has_failed=False)
    detecting.look(call, choices)
    languages.language_of(_ASKED)
    embeddings.embed([_ASKED])
