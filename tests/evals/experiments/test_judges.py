"""Answers are judged by models through the same calls, money and attempts as they are made."""

from __future__ import annotations

import json
from typing import Any

import pytest

from evals.evaluators import definitions
from evals.evaluators.models import EvaluatorVersion
from evals.experiments import cells
from evals.experiments.models import AttemptOutcome, CellState, ExperimentAttempt, ExperimentState, Purpose
from evals.judges import catalogue
from tests.evals.experiments.conftest import run, states, variant, version_of
from tests.evals.experiments.provider import last_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def better(project, connection, editor) -> EvaluatorVersion:
    """A judge that compares an answer with that of the first variant, in both orders."""
    settings = {"connection_id": connection.pk, "model": "gpt-5-mini"}
    return definitions.current_of(
        definitions.create(project=project, name="Better", kind=catalogue.BETTER, settings=settings, by=editor)
    )


@pytest.fixture
def custom(project, connection, editor) -> EvaluatorVersion:
    """A judge that says yes or no in answer to a question of our own."""
    settings = {"connection_id": connection.pk, "model": "gpt-5-mini", "criterion": "Is it polite?"}
    return definitions.current_of(
        definitions.create(project=project, name="Polite", kind=catalogue.OWN_WORDS, settings=settings, by=editor)
    )


def is_judge(body: dict[str, Any]) -> bool:
    return "response_format" in body


def form_of(body: dict[str, Any]) -> dict[str, Any]:
    schema: dict[str, Any] = body["response_format"]["json_schema"]["schema"]
    return schema


def filled(schema: dict[str, Any], **said: Any) -> Any:
    """Return something that follows the schema, with these values where their names stand."""
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            return {name: said.get(name, filled(one, **said)) for name, one in schema["properties"].items()}
        case "array":
            return []
        case "boolean":
            return True
        case "integer" | "number":
            return 1
    return "Polite."


def test_a_judge_is_asked_after_the_answer_and_its_price_stands_on_the_score(start, custom, provider):
    provider.reply = lambda body: json.dumps(filled(form_of(body))) if is_judge(body) else "Dear answer"
    experiment = start(3, evaluators=[custom])

    run()

    experiment.refresh_from_db()
    assert states(experiment) == [CellState.DONE] * 3
    scores = [cell.scores.get() for cell in experiment.cells.all()]
    assert [score.error for score in scores] == [""] * 3
    assert all(
        score.value is not None and score.judge_model == "fake-1" and score.cost_nano_usd > 0 for score in scores
    )
    purposes = ExperimentAttempt.objects.values_list("purpose", flat=True)
    assert sorted(purposes) == [Purpose.ANSWER] * 3 + [Purpose.JUDGE] * 3
    paid = sum(score.cost_nano_usd for score in scores) + sum(cell.cost_nano_usd for cell in experiment.cells.all())
    assert (experiment.spent_nano_usd, experiment.reserved_nano_usd) == (paid, 0)


def test_a_judge_that_answers_something_else_is_an_error_and_no_score(start, custom, provider):
    provider.reply = lambda body: "It is fine, 10 of 10." if is_judge(body) else "Dear answer"
    experiment = start(1, evaluators=[custom])

    run()

    score = experiment.cells.get().scores.get()
    assert score.value is None
    assert score.error
    assert experiment.cells.get().state == CellState.DONE


def test_a_comparison_waits_for_the_answer_of_the_first_variant(start, connection, better, provider):
    seen = []

    def reply(body: dict[str, Any]) -> str:
        seen.append("judge" if is_judge(body) else last_of(body)[:1])
        return json.dumps(filled(form_of(body))) if is_judge(body) else f"Answer {len(seen)}"

    provider.reply = reply
    experiment = start(3, variants=[variant(connection), variant(connection, "B: {{question}}")], evaluators=[better])

    run()

    assert states(experiment) == [CellState.DONE] * 6
    assert not experiment.cells.filter(column=0, scores__isnull=False).exists()
    assert experiment.cells.filter(column=1, scores__isnull=False).count() == 3
    assert seen.count("judge") == 6


def test_a_comparison_with_an_answer_that_failed_is_an_error(start, connection, better, provider):
    provider.reply = lambda body: "400" if last_of(body).startswith("A") else "Answer"
    experiment = start(1, variants=[variant(connection), variant(connection, "B: {{question}}")], evaluators=[better])

    run()

    assert states(experiment) == [CellState.FAILED, CellState.DONE]
    assert "nothing to compare" in experiment.cells.get(column=1).scores.get().error


def test_a_comparison_whose_rival_failed_is_judged_when_that_is_tried_again(start, connection, better, editor):
    from evals.experiments import changes

    experiment = start(1, variants=[variant(connection), variant(connection, "B: {{question}}")], evaluators=[better])
    experiment.cells.filter(column=0).update(state=CellState.FAILED)
    experiment.cells.filter(column=1).update(state=CellState.ANSWERED)
    run()

    changes.retry_failed(experiment=experiment, by=editor)

    assert list(experiment.cells.order_by("column").values_list("state", flat=True)) == [
        CellState.READY, CellState.ANSWERED,
    ]  # fmt: skip
    assert not experiment.cells.get(column=1).scores.exists()


def test_half_a_comparison_that_was_answered_is_not_paid_for_again(start, connection, better, provider, monkeypatch):
    usual, judged = provider.reply, []

    def failing_once(body):
        if not is_judge(body):
            return "Answer"
        judged.append(body)
        return "500" if len(judged) == 2 else usual(body)

    provider.reply = failing_once
    experiment = start(1, variants=[variant(connection), variant(connection, "B: {{question}}")], evaluators=[better])

    run()

    assert experiment.cells.get(column=1).scores.count() == 1
    assert len(judged) == 3


def test_a_comparison_is_not_taken_up_before_its_rival_is_there(start, connection, better):
    experiment = start(1, variants=[variant(connection), variant(connection, "B: {{question}}")], evaluators=[better])
    experiment.cells.filter(column=1).update(state=CellState.ANSWERED, output="B")

    early = cells.claim(experiment_id=experiment.pk, limit=5, to_judge=True, waits_for_rival=True)
    experiment.cells.filter(column=0).update(state=CellState.ANSWERED, output="A")
    late = cells.claim(experiment_id=experiment.pk, limit=5, to_judge=True, waits_for_rival=True)

    assert early == []
    assert {cell.column for cell in late} == {0, 1}


def test_an_answer_that_waits_for_its_judge_is_never_asked_again(start, custom, provider):
    experiment = start(1, evaluators=[custom])
    experiment.cells.update(state=CellState.ANSWERED, output="Stored before the worker died")
    provider.reply = lambda body: json.dumps(filled(form_of(body)))

    run()

    assert [is_judge(body) for _, _, body in provider.requests] == [True]
    cell = experiment.cells.get()
    assert (cell.state, cell.output) == (CellState.DONE, "Stored before the worker died")


def test_a_judge_that_has_spoken_is_not_paid_twice(start, custom, project, connection, editor, provider):
    settings = {"connection_id": connection.pk, "model": "gpt-5-mini", "criterion": "Is it short?"}
    other = definitions.current_of(
        definitions.create(project=project, name="Short", kind=catalogue.OWN_WORDS, settings=settings, by=editor)
    )
    failures = iter(["500"])

    def reply(body: dict[str, Any]) -> str:
        if not is_judge(body):
            return "Answer"
        if "Is it short?" in str(body):
            return next(failures, None) or json.dumps(filled(form_of(body)))
        return json.dumps(filled(form_of(body)))

    provider.reply = reply
    experiment = start(1, evaluators=[custom, other])

    run()

    asked = [body for _, _, body in provider.requests if is_judge(body)]
    assert sum("Is it polite?" in str(body) for body in asked) == 1
    assert sum("Is it short?" in str(body) for body in asked) == 2
    assert experiment.cells.get().scores.count() == 2
    assert all(score.error == "" for score in experiment.cells.get().scores.all())


def test_a_judge_whose_provider_is_gone_is_an_error_and_can_be_tried_again(start, custom, project, editor, provider):
    from evals.experiments import changes
    from prompt_registry.models import ProviderConnection

    gone = ProviderConnection.objects.create(project=project, name="Gone", base_url=provider.url, default_model="x")
    changed = definitions.change(
        evaluator=custom.evaluator, kind=custom.kind, settings={**custom.settings, "connection_id": gone.pk}, by=editor
    )
    experiment = start(1, evaluators=[changed])
    gone.delete()

    run()

    score = experiment.cells.get().scores.get()
    assert "no longer connected" in score.error
    assert changes.retry_failed(experiment=experiment, by=editor) == 1
    assert experiment.cells.get().state == CellState.ANSWERED


def test_checks_without_a_model_speak_at_once_beside_a_judge(start, custom, project, provider):
    provider.reply = lambda body: "400" if is_judge(body) else "Answer"
    experiment = start(1, evaluators=[version_of(project), custom])

    run()

    first, second = experiment.cells.get().scores.order_by("evaluator_version__kind")
    assert (first.value, second.value) == (1.0, None)
    assert "refused the request" in second.error
    experiment.refresh_from_db()
    assert experiment.state == ExperimentState.DONE
    judged = ExperimentAttempt.objects.get(purpose=Purpose.JUDGE)
    assert (judged.outcome, judged.cost_nano_usd) == (AttemptOutcome.FAILED, 0)
