"""Checks that rest on the detectors and embeddings of monitoring: refusals, groundedness, the same meaning."""

from __future__ import annotations

from dataclasses import dataclass

from evals.errors import CannotJudge
from evals.evaluators.cases import Case, Outcome

_LONGEST_QUOTE = 120


@dataclass(frozen=True, slots=True)
class NoRefusal:
    """The answer helps; it neither declines nor dodges."""

    def judge(self, case: Case) -> Outcome:
        # Its weights are read when it is first asked, and many processes never ask.
        from monitoring.detectors import refusal

        found = refusal.score(case.output)
        why = "The answer does not refuse."
        if found.is_flagged:
            said = next((case.output[one.start : one.end] for one in found.evidence), "")
            why = f"The answer refuses: «{said[:_LONGEST_QUOTE]}»." if said else "The answer refuses."
        return Outcome(1.0 - found.probability, not found.is_flagged, why)


@dataclass(frozen=True, slots=True)
class Grounded:
    """What the answer says stands in the context that it was given."""

    def judge(self, case: Case) -> Outcome:
        from monitoring.detectors import groundedness

        if not (case.context or "").strip():
            raise CannotJudge("The item has no context, and this check looks whether the answer stands in it. Add one.")
        question = "\n".join(case.inputs.values())
        found = groundedness.check(case.output, case.context or "", question=question)
        why = "Nothing in the answer goes beyond the context."
        if found.is_flagged:
            doubt = next(iter(found.evidence), None)
            said = case.output[doubt.start : doubt.end][:_LONGEST_QUOTE] if doubt else ""
            why = f"The context does not say so: «{said}»." if said else "The context does not say so."
        return Outcome(1.0 - found.probability, not found.is_flagged, why)


def same_meaning(answer: str, expected: str) -> float:
    """Return how near two texts are in meaning, from 0 to 1; which is not the same as being right."""
    from monitoring.embeddings import embed

    ours, theirs = embed([answer, expected])
    return min(1.0, max(0.0, float(ours @ theirs)))
