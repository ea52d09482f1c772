"""Evaluators on live calls: which are judged, what it may cost, and what happens when it cannot go on."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from django.utils import timezone

from evals.errors import CannotJudge, OnlineEvaluationNotUsable
from evals.evaluators import definitions
from evals.online import changes, live_calls, running
from evals.online.changes import Wanted
from evals.online.models import OnlineEvaluation, OnlineJudgement, OnlineState
from monitoring.analysis import running as analyses
from monitoring.kinds import Kind
from monitoring.models import Score, Trace
from projects.spending_models import Expense, SpendingLimit
from tests.evals.judges.cases import said as said_by_judge
from tests.evals.judges.conftest import make_version
from tests.monitoring.factories import make_span, make_trace, new_trace_id, send
from tests.prompt_registry.providers.fake_provider import SAY
from workers import tasks

pytestmark = pytest.mark.django_db


@pytest.fixture
def polite(project, editor):
    """A check that needs no model."""
    return definitions.create(
        project=project, name="Polite", kind="contains", settings={"texts": ["please"], "wanted": "any"}, by=editor
    )


def watch(project, evaluator, editor, **wanted) -> OnlineEvaluation:
    """Let it watch the calls of the last hour."""
    online = changes.create(project=project, evaluator=evaluator, wanted=Wanted(**wanted), by=editor)
    earlier = timezone.now() - timedelta(hours=1)
    OnlineEvaluation.objects.filter(pk=online.pk).update(cursor_at=earlier, since_at=earlier)
    return again(online)


def again(online) -> OnlineEvaluation:
    return OnlineEvaluation.objects.get(pk=online.pk)


def record_call(project, answer="Yes, please.", **fields) -> str:
    at = timezone.now() - timedelta(minutes=5)
    return make_trace(project, **{"asked": "Can I pay later?", "answered": answer, "at": at} | fields)


def said(online) -> list[tuple[bool | None, str]]:
    return list(
        OnlineJudgement.objects.filter(online_evaluation=online).order_by("call_at").values_list("passed", "why")
    )


def test_a_live_call_gets_a_score_of_the_evaluator(project, polite, editor):
    online = watch(project, polite, editor)
    trace_id = record_call(project)

    running.run(online_id=online.pk)

    score = Score.objects.get(project=project, trace_id=UUID(trace_id))
    assert (score.name, score.source, score.value) == ("Polite", "evaluator", 1.0)
    assert [passed for passed, _ in said(online)] == [True]


def test_no_call_is_judged_twice(project, polite, editor):
    online = watch(project, polite, editor)
    record_call(project)

    for _ in range(3):
        running.run(online_id=online.pk)

    assert Score.objects.filter(project=project).count() == 1


def test_calls_from_before_it_began_are_not_judged(project, polite, editor):
    record_call(project)
    online = changes.create(project=project, evaluator=polite, wanted=Wanted(), by=editor)

    running.run(online_id=online.pk)

    assert said(online) == []


@pytest.mark.parametrize(
    ("wanted", "fields"),
    [
        ({"environment": "production"}, {"environment": "staging"}),
        ({"prompt_name": "support/answer"}, {"prompt": "fun/joke", "version": 1}),
        ({"model": "gpt-5-mini"}, {"model": "gpt-5"}),
    ],
    ids=["environment", "prompt", "model"],
)
def test_only_calls_that_pass_the_filter_are_judged(project, polite, editor, wanted, fields):
    online = watch(project, polite, editor, **wanted)
    record_call(project, **fields)
    record_call(project, prompt="support/answer", version=1)

    running.run(online_id=online.pk)

    assert len(said(online)) == 1


def test_a_share_of_the_calls_is_drawn_by_the_trace_alone(project, polite, editor):
    online = watch(project, polite, editor, share_ppm=300_000)
    at = timezone.now() - timedelta(minutes=5)
    send(project, *(make_span(asked="Hi", answered="please", at=at) for _ in range(60)))

    running.run(online_id=online.pk)

    judged = set(OnlineJudgement.objects.values_list("trace_id", flat=True))
    ids = Trace.objects.for_project(project).values_list("trace_id", flat=True)
    assert judged == {one for one in ids if analyses.draw_of(one) < analyses.ALL * 3 // 10}
    assert 0 < len(judged) < 60


def test_what_was_looked_up_is_the_context_of_the_answer(project, polite, editor):
    trace_id = new_trace_id()
    at = timezone.now() - timedelta(minutes=5)
    send(
        project,
        make_span(
            trace_id=trace_id, kind=Kind.RETRIEVER, asked="later", answered="Invoices are due in 14 days.", at=at
        ),
        make_span(trace_id=trace_id, asked="Can I pay later?", answered="Yes, please.", at=at),
    )
    online = watch(project, polite, editor)

    _, (call,) = live_calls.batch(online, since=live_calls.begin(online))

    assert "due in 14 days" in call.case.context
    assert "Can I pay later?" in str(call.case.inputs)


def test_a_failed_call_is_told_apart_from_a_bad_answer(project, polite, editor):
    online = watch(project, polite, editor)
    record_call(project, answer=None, error="timeout")

    running.run(online_id=online.pk)

    assert said(online) == [(None, "The call failed: there is no answer to judge.")]
    assert not Score.objects.filter(project=project).exists()


def test_deleting_a_call_deletes_what_was_said_about_it(project, polite, editor):
    online = watch(project, polite, editor)
    record_call(project)
    running.run(online_id=online.pk)

    Trace.objects.for_project(project).delete()

    assert said(online) == []


def test_a_paused_one_judges_nothing_and_a_resumed_one_only_what_comes_after(project, polite, editor):
    online = watch(project, polite, editor)
    changes.pause(online=online, by=editor)
    record_call(project)
    running.run(online_id=online.pk)
    changes.resume(online=online, by=editor)

    running.run(online_id=online.pk)

    assert again(online).state == OnlineState.ACTIVE
    assert said(online) == []


def test_two_workers_never_judge_for_the_same_one_at_once(project, polite, editor):
    online = watch(project, polite, editor)
    record_call(project)
    OnlineEvaluation.objects.filter(pk=online.pk).update(leased_until=timezone.now() + timedelta(minutes=1))

    running.run(online_id=online.pk)

    assert said(online) == []


def test_a_judge_is_asked_about_a_live_call_and_paid(provider, project, version, editor):
    provider.script = [SAY + said_by_judge("yes")]
    online = watch(project, version.evaluator, editor)
    record_call(project)

    running.run(online_id=online.pk)

    (row,) = OnlineJudgement.objects.all()
    assert (row.passed, row.is_simulated) == (True, False)
    assert row.cost_nano_usd == running.spent_today(online) > 0
    assert Expense.objects.get().purpose == running.PURPOSE


def test_without_money_for_today_it_waits_until_midnight_and_says_so(provider, project, version, editor):
    online = watch(project, version.evaluator, editor, cap_nano_usd=1_000)
    record_call(project)

    running.run(online_id=online.pk)

    found = again(online)
    assert found.state == OnlineState.BLOCKED
    assert "midnight UTC" in found.reason
    assert found.blocked_until > timezone.now()
    assert said(online) == []
    assert provider.requests == []


def test_the_limit_of_the_project_holds_too(provider, project, version, editor):
    SpendingLimit.objects.create(project=project, project_nano_usd=0, person_nano_usd=0)
    online = watch(project, version.evaluator, editor)
    record_call(project)

    running.run(online_id=online.pk)

    assert "raise the limit" in again(online).reason
    assert provider.requests == []


def test_what_waited_goes_on_by_itself_when_the_time_is_over(project, polite, editor):
    online = watch(project, polite, editor)
    record_call(project)
    OnlineEvaluation.objects.filter(pk=online.pk).update(
        state=OnlineState.BLOCKED, reason="No money.", blocked_until=timezone.now() - timedelta(seconds=1)
    )

    running.run(online_id=online.pk)

    assert (again(online).state, again(online).reason) == (OnlineState.ACTIVE, "")
    assert len(said(online)) == 1


def test_a_judge_that_keeps_failing_makes_a_pause_with_the_reason(provider, project, version, editor):
    provider.script = ["401"]
    online = watch(project, version.evaluator, editor)
    for _ in range(8):
        record_call(project)

    running.run(online_id=online.pk)

    assert again(online).state == OnlineState.BLOCKED
    assert "refused the key" in again(online).reason
    assert len(said(online)) == 5


def test_a_judge_whose_provider_is_gone_waits_until_somebody_acts(project, version, connection, editor):
    online = watch(project, version.evaluator, editor)
    record_call(project)
    connection.delete()

    running.run(online_id=online.pk)

    assert (again(online).state, again(online).blocked_until) == (OnlineState.BLOCKED, None)


def test_the_preview_counts_the_calls_of_a_day_by_filter_and_share(project, polite, editor):
    at = timezone.now() - timedelta(minutes=5)
    send(project, *(make_span(asked="Hi", at=at, environment="production") for _ in range(40)))
    send(project, *(make_span(asked="Hi", at=at, environment="staging") for _ in range(10)))

    online = watch(project, polite, editor, environment="production", share_ppm=250_000)

    assert live_calls.count_of_a_day(online) == 10


def test_a_check_that_needs_an_expected_answer_cannot_watch(project, editor):
    exact = definitions.create(project=project, name="Exact", kind="exact", settings={}, by=editor)

    with pytest.raises(OnlineEvaluationNotUsable, match="live call has none"):
        changes.create(project=project, evaluator=exact, wanted=Wanted(), by=editor)

    assert exact not in changes.usable(project)


@pytest.mark.parametrize("kind", ["judge better", "judge feedback", "judge reference"])
def test_a_judge_that_needs_more_than_a_live_call_has_cannot_watch(project, editor, connection, kind):
    evaluator = make_version(project, editor, connection, kind).evaluator

    with pytest.raises(OnlineEvaluationNotUsable):
        changes.create(project=project, evaluator=evaluator, wanted=Wanted(), by=editor)


def test_a_change_of_the_check_is_used_when_somebody_says_so(project, polite, editor):
    online = watch(project, polite, editor)
    definitions.change(evaluator=polite, kind="contains", settings={"texts": ["thanks"], "wanted": "any"}, by=editor)
    record_call(project)
    running.run(online_id=online.pk)

    changes.use_newest(online=again(online), by=editor)
    record_call(project)
    running.run(online_id=online.pk)

    assert [passed for passed, _ in said(online)] == [True, False]


def test_the_clock_lets_live_calls_be_judged(project, polite, editor):
    online = watch(project, polite, editor)
    record_call(project)

    tasks.tick("online.plan", 60)
    tasks.run_ready("evals")

    assert len(said(online)) == 1


def test_a_call_that_breaks_the_check_does_not_keep_the_others_waiting(project, polite, editor, monkeypatch):
    online = watch(project, polite, editor)
    record_call(project, answer="odd")
    record_call(project)
    kind = type(definitions.built(online.evaluator_version))
    judge = kind.judge

    def breaking(self, case):
        if case.output == "odd":
            raise RecursionError
        return judge(self, case)

    monkeypatch.setattr(kind, "judge", breaking)

    running.run(online_id=online.pk)

    assert sorted(passed is True for passed, _ in said(online)) == [False, True]
    assert again(online).state == OnlineState.ACTIVE


def test_an_answer_that_is_too_long_for_the_judge_is_told_and_the_next_is_judged(
    provider, project, version, editor, monkeypatch
):
    provider.script = [SAY + said_by_judge("yes")]
    online = watch(project, version.evaluator, editor)
    record_call(project, answer="odd")
    record_call(project)
    kind = type(definitions.built(online.evaluator_version))
    questions = kind.questions

    def refusing(self, case):
        if case.output == "odd":
            raise CannotJudge("It is too long.")
        return questions(self, case)

    monkeypatch.setattr(kind, "questions", refusing)

    running.run(online_id=online.pk)

    assert sorted(said(online), key=lambda row: row[0] is True)[0] == (None, "It is too long.")
    assert [passed for passed, _ in said(online)].count(True) == 1


def test_many_calls_of_one_moment_are_all_looked_at(project, polite, editor, monkeypatch):
    monkeypatch.setattr(live_calls, "AT_ONCE", 3)
    online = watch(project, polite, editor, model="wanted")
    at = timezone.now() - timedelta(minutes=5)
    send(project, *(make_span(asked="Hi", answered="please", at=at, model="other") for _ in range(8)))

    assert not running.run(online_id=online.pk, seconds=5)
    assert again(online).cursor_at > at


def test_whoever_lost_it_to_another_worker_judges_nothing_more(project, polite, editor, monkeypatch):
    online = watch(project, polite, editor)
    record_call(project)
    batch = live_calls.batch

    def taken_over(*args, **values):
        OnlineEvaluation.objects.filter(pk=online.pk).update(lease_token=new_trace_id())
        return batch(*args, **values)

    monkeypatch.setattr(live_calls, "batch", taken_over)

    assert not running.run(online_id=online.pk)
    assert said(online) == []
    assert again(online).leased_until is not None


def test_what_was_spent_today_stays_when_calls_are_deleted(provider, project, version, editor):
    provider.script = [SAY + said_by_judge("yes")]
    online = watch(project, version.evaluator, editor)
    record_call(project)
    running.run(online_id=online.pk)

    Trace.objects.for_project(project).delete()

    assert running.spent_today(online) > 0
    OnlineEvaluation.objects.update(spent_on=timezone.now().date() - timedelta(days=1))
    assert running.spent_today(online) == 0
