"""A judge that is asked once costs what it costs, and what is set aside is freed again."""

from __future__ import annotations

import pytest

from evals.errors import JudgeUnreachable
from evals.evaluators import definitions
from evals.judges import once
from projects import spending
from projects.spending import SpendingLimitReached
from projects.spending_models import Expense
from tests.evals.judges.cases import CASE, said
from tests.evals.judges.conftest import make_version
from tests.prompt_registry.providers.fake_provider import SAY


def ask(version, by):
    return once.ask(project=version.project, judge=definitions.built(version), case=CASE, by=by)


def test_the_outcome_comes_with_its_cost(provider, version, editor):
    provider.script = [SAY + said("yes")]

    found = ask(version, editor)

    assert found.outcome.passed
    assert found.cost.nano_usd > 0
    expense = Expense.objects.get()
    assert (expense.purpose, expense.settled_nano_usd) == ("judge", found.cost.nano_usd)
    assert spending.today(project=version.project, user=editor).person.reserved_nano_usd == 0


def test_what_the_judge_is_asked_is_bound_to_a_form(provider, version, editor):
    provider.script = [SAY + said("yes")]
    ask(version, editor)

    (_, _, body) = provider.requests[0]
    assert body["temperature"] == 0
    assert body["response_format"]["json_schema"]["strict"] is True
    assert CASE.output in body["messages"][1]["content"]


def test_an_answer_out_of_form_is_an_error_and_costs_all_the_same(provider, version, editor):
    provider.script = [SAY + "The verdict is yes."]

    found = ask(version, editor)

    assert found.outcome is None
    assert "not answer in the form" in found.error
    assert found.cost.nano_usd > 0


def test_a_provider_that_refuses_costs_nothing(provider, version, editor):
    provider.script = ["401"]

    found = ask(version, editor)

    assert "refused the key" in found.error
    assert Expense.objects.get().settled_nano_usd == 0


def test_a_comparison_is_asked_twice_and_paid_twice(provider, project, editor, connection):
    provider.script = [SAY + said("same")]
    version = make_version(project, editor, connection, "judge better")

    found = ask(version, editor)

    assert found.outcome.value == 0.5
    assert len(provider.requests) == 2
    assert Expense.objects.count() == 2


def test_without_money_for_both_orders_none_is_asked(provider, project, editor, connection):
    version = make_version(project, editor, connection, "judge better")
    judge = definitions.built(version)
    worst = once.estimate(project=project, judge=judge, case=CASE).worst.nano_usd
    spending.change_limits(project=project, project_nano_usd=worst * 2 // 3, person_nano_usd=worst * 2 // 3, by=editor)

    with pytest.raises(SpendingLimitReached):
        ask(version, editor)

    assert provider.requests == []
    assert spending.today(project=project, user=editor).project.reserved_nano_usd == 0


def test_a_judge_without_its_provider_says_so(version, editor, connection):
    connection.delete()

    with pytest.raises(JudgeUnreachable, match="no longer connected"):
        ask(version, editor)


def test_the_price_is_known_before(version):
    found = once.estimate(project=version.project, judge=definitions.built(version), case=CASE)

    assert 0 < found.expected.nano_usd < found.worst.nano_usd
