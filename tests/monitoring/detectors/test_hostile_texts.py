"""Any text in: a finite probability out, evidence inside of the text, and soon."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.analysis.flags import SHOWN, Flag
from monitoring.detectors import (
    contradiction,
    errors,
    frustration,
    groundedness,
    injection,
    languages,
    leaks,
    refusal,
    toxicity,
    verbosity,
)
from monitoring.detectors.catalogue import DETECTORS
from monitoring.detectors.errors import Diagnosis
from monitoring.detectors.findings import Finding
from monitoring.detectors.injection import Channel

EVERY: dict[str, Callable[[str], Finding | Diagnosis]] = {
    "refusal": refusal.score,
    "groundedness": lambda text: groundedness.check(text, "The museum opened in 1987. " + text[:50]),
    "groundedness, as source": lambda text: groundedness.check("The museum opened in 1987 and shows 42 ships.", text),
    "injection, user": injection.score,
    "injection, document": lambda text: injection.score(text, Channel.DOCUMENT),
    "toxicity": toxicity.score,
    "repetition": verbosity.repetition,
    "errors": lambda text: errors.diagnose(message=text),
    "frustration": frustration.score,
    "leaks": lambda text: leaks.given_away(text, "Nothing of that."),
    "contradiction": lambda text: contradiction.check(text, "The museum does not open before 10. " + text[:50]),
    "languages": lambda text: languages.another("Wann öffnet das Museum am Sonntag, und was kostet es?", text),
}
# Characters that have ended worse: control, combining, invisible, surrogates, letters that grow when folded.
ODD = st.text(
    alphabet=st.one_of(
        st.characters(), st.sampled_from("aeiou"), st.sampled_from(list("iİıßﬁ\u200b\u0301\ud800\x00\"'“”«»\n.!?| 0123@$=[]<>{}|#*-_")),
    ),
    max_size=400,
)  # fmt: skip
KIB_64 = 65_536
HOSTILE = {
    "one letter": "a" * KIB_64,
    "spaced letters": "a " * (KIB_64 // 2),
    "quotes": '"' * KIB_64,
    "open quotes": '"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' * (KIB_64 // 38),
    "stops": "." * KIB_64,
    "newlines": "\n" * KIB_64,
    "base64": "QUJD" * (KIB_64 // 4),
    "hexadecimal": "61 " * (KIB_64 // 3),
    "ignore": "ignore all the previous " * (KIB_64 // 24),
    "you stupid": "you stupid " * (KIB_64 // 11),
    "I cannot": "I cannot really " * (KIB_64 // 16),
    "numbers": "1,000.5 " * (KIB_64 // 8),
    "names": "Ab1 Bc2 Cd3 De4 " * (KIB_64 // 16),
    "different words": " ".join(f"word{number}" for number in range(7_000)),
    "table": "| a | b |\nDo this now please.\n" * (KIB_64 // 30),
    "invisible": "a\u200b" * (KIB_64 // 2),
    "chinese": "我不能" * (KIB_64 // 3),
    "brackets": "[" * KIB_64,
    "pictures": "![a](http://a" * (KIB_64 // 13),
}


@pytest.mark.parametrize("detector", EVERY)
@given(text=ODD)
@settings(max_examples=60, deadline=None)
def test_any_text_gets_a_probability_and_evidence_within_it(detector: str, text: str) -> None:
    found = EVERY[detector](text)

    assert math.isfinite(found.probability)
    assert 0 <= found.probability <= 1
    assert all(piece.why for piece in found.evidence)
    if detector != "groundedness, as source":
        assert all(0 <= piece.start < piece.end <= len(text) for piece in found.evidence)


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("detector", EVERY)
def test_64_kib_of_hostile_text_take_no_more_than_moments(detector: str, kind: str) -> None:
    EVERY[detector]("warm up")
    started = time.thread_time()

    found = EVERY[detector](HOSTILE[kind])

    # Processor time, far above what is usual: a busy machine must not fail this, a quadratic loop must.
    assert time.thread_time() - started < 3
    assert len(found.evidence) <= 12


@pytest.mark.parametrize("detector", EVERY)
def test_nothing_beyond_64_kib_is_looked_at(detector: str) -> None:
    started = time.thread_time()

    found = EVERY[detector]("A quiet text about rivers. " * 200_000)

    assert time.thread_time() - started < 3
    assert all(piece.end <= KIB_64 for piece in found.evidence)


def test_every_detector_has_words_for_people() -> None:
    assert all(
        detector.title and detector.explanation.endswith(".") and detector.version for detector in DETECTORS.values()
    )
    assert set(DETECTORS) == {flag.name.lower() for flag in Flag if flag in SHOWN}
