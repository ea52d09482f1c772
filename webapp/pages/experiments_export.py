"""The results of a test to take away: a line for each answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.http import HttpResponseBase
from django.urls import URLPattern, path

from evals.experiments.documents import in_chunks, of_cell
from evals.experiments.models import Experiment
from evals.experiments.plans import Variant
from projects.roles import Action
from webapp import exports
from webapp.access import ProjectRequest, requires
from webapp.pages.datasets_words import in_words
from webapp.pages.experiments_frame import experiment_of

_HEAD = (
    "item", "input", "expected", "column", "variant", "model", "repetition", "state", "error", "answer", "latency_ms",
    "cost_usd", "input_tokens", "output_tokens",
)  # fmt: skip


@requires(Action.READ_PROMPTS)
def export(request: ProjectRequest, experiment_id: int, kind: str) -> HttpResponseBase:
    """Hand over every answer with what the checks said, as a table or as lines of JSON."""
    experiment = experiment_of(request, experiment_id)
    name = f"callboard-test-{experiment.pk}.{kind}"
    documents = (of_cell(cell) for cell in in_chunks(experiment))
    if kind == "csv":
        lines = exports.csv_lines(_table(experiment, documents))
        return exports.download(lines, name=name, content_type="text/csv; charset=utf-8")
    return exports.download(exports.json_lines(documents), name=name, content_type="application/x-ndjson")


def _table(experiment: Experiment, documents: Iterator[dict[str, Any]]) -> Iterator[Sequence[object]]:
    chosen = experiment.evaluators.select_related("evaluator_version__evaluator").order_by("position")
    checks = [(entry.evaluator_version.evaluator.name, entry.evaluator_version.number) for entry in chosen]
    titles = [Variant.from_json(raw).title for raw in experiment.variants]
    yield [*_HEAD, *(f"{name}: {part}" for name in _names(checks) for part in ("value", "passed", "why"))]
    for document in documents:
        said = {(score["check"], score["check_version"]): score for score in document["scores"]}
        yield [
            document["item"], in_words(document["input"]), in_words(document["expected_output"]), document["column"],
            titles[document["column"]], *(document[name] for name in _HEAD[5:]),
            *(cell for check in checks for cell in _score_cells(said.get(check))),
        ]  # fmt: skip


def _names(checks: Sequence[tuple[str, int]]) -> list[str]:
    """Return the names of the checks, with the version where several of one check are there."""
    names = [name for name, _ in checks]
    return [name if names.count(name) == 1 else f"{name} v{number}" for name, number in checks]


def _score_cells(score: dict[str, Any] | None) -> tuple[object, object, object]:
    if score is None:
        return None, None, None
    passed = None if score["passed"] is None else "yes" if score["passed"] else "no"
    return score["value"], passed, score["error"] or score["why"]


urlpatterns: list[URLPattern] = [
    path("experiments/<int:experiment_id>/results.csv", export, {"kind": "csv"}, name="experiment-export"),
    path("experiments/<int:experiment_id>/results.jsonl", export, {"kind": "jsonl"}, name="experiment-export-jsonl"),
]
