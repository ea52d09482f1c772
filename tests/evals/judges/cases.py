"""Judges and what they are asked about, for tests."""

from __future__ import annotations

import json

from evals.evaluators.cases import Case, ModelEvaluator
from evals.judges.catalogue import build

WHO = {"connection_id": 7, "model": "gpt-5-mini"}
CRITERIA = [
    {"name": "Right period", "definition": "It says that refunds take 14 days.", "weight": 2},
    {"name": "Polite", "definition": "The tone is friendly.", "weight": 1},
    {"name": "Short", "definition": "At most three sentences.", "weight": 1},
]
SETTINGS = {
    "judge own words": {"criterion": "It names the next step."}, "judge rubric": {"criteria": CRITERIA}, "judge reference": {},
    "judge better": {}, "judge feedback": {},
}  # fmt: skip
CASE = Case(
    "Refunds take 14 days. Thank you for asking.", expected="14 days", context="Refunds: 14 days after the return.",
    inputs={"question": "How long does a refund take?"}, rival="I cannot say.",
    notes={"feedback": "Say how many days it takes.", "old_answer": "You will get it soon."},
)  # fmt: skip


def make(kind: str, **settings: object) -> ModelEvaluator:
    return build(kind, {**WHO, **SETTINGS[kind], **settings})


def said(verdict: str, *, reason: str = "Because.", quote: str = "14 days") -> str:
    return json.dumps({"judge_reason": reason, "judge_quote": quote, "judge_verdict": verdict})


def rubric_said(*verdicts: str) -> str:
    return json.dumps({f"criterion_{place}": json.loads(said(one)) for place, one in enumerate(verdicts, start=1)})
