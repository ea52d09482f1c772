"""`callboard bench masking`: what masking adds to storing a span, on the traffic of the ingest benchmark."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks import figures
from benchmarks.figures import Figures
from benchmarks.traffic import Traffic
from monitoring.ingest import protobuf
from monitoring.ingest.masking import Masker
from monitoring.ingest.masking_rules import Rule
from monitoring.ingest.masking_texts import Policy
from monitoring.ingest.spans import RawSpan
from monitoring.kinds import MaskMode, Sensitive

_TEXTS = ("input.value", "gen_ai.input.messages")
_PERSONAL = "Jo Doe, jo.doe@example.com, +49 151 12345678, 4111 1111 1111 1111, CN-123456."
_DEFAULTS = dict.fromkeys((Sensitive.SECRET, Sensitive.TOKEN, Sensitive.CARD), MaskMode.MASK)
_ALL: Mapping[Sensitive, MaskMode] = dict.fromkeys(Sensitive, MaskMode.MASK)
_RULES = tuple(Rule(name=f"rule {number}", pattern=f"C{number}-[0-9]{{6}}", mode=MaskMode.MASK) for number in range(3))
_POLICIES = {
    "defaults": Policy(modes=_DEFAULTS),
    "all_kinds": Policy(modes=_ALL),
    "all_kinds_and_3_rules": Policy(modes=_ALL, rules=_RULES),
}


@dataclass(frozen=True)
class Options:
    """How often each case is measured; the best round counts, because other work only ever adds."""

    rounds: int = 15


def run(options: Options) -> Figures:
    """Mask batches of spans that hold nothing sensitive, and batches that hold some of it in every span."""
    machine = figures.machine()
    body = bytes(Traffic().request().body)
    found: Figures = {}
    for name, policy in _POLICIES.items():
        masker = Masker(policy, key=bytes(32))
        for case, is_personal in (("nothing_found", False), ("found_in_every_span", True)):
            seconds, spans = _best(masker, body, is_personal=is_personal, rounds=options.rounds)
            found[f"{name}_{case}"] = {
                "us_per_span": round(seconds / len(spans) * 1e6, 1), "us_per_kb": round(seconds / len(body) * 1024 * 1e6, 1),
            }  # fmt: skip
    return {**found, "kb_per_span": round(len(body) / 1024 / len(protobuf.decode(body)), 2), "machine": machine}


def _best(masker: Masker, body: bytes, *, is_personal: bool, rounds: int) -> tuple[float, list[RawSpan]]:
    best, spans = float("inf"), []
    for _ in range(rounds):
        spans = protobuf.decode(body)
        if is_personal:
            _make_personal(spans)
        started = time.thread_time()
        masker.apply(spans)
        best = min(best, time.thread_time() - started)
    return best, spans


def _make_personal(spans: list[RawSpan]) -> None:
    for span in spans:
        for key in _TEXTS:
            if key in span.attributes:
                span.attributes[key] = span.attributes[key].replace(".", f". {_PERSONAL}", 1)
