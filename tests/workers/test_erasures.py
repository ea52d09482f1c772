"""A person whose data is deleted is nowhere in the database any more, and others are still there."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import timedelta
from uuid import UUID

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from evals import calls, datasets
from evals.coverage.models import DatasetCoverage
from evals.evaluators import definitions
from evals.experiments import answer_cache
from evals.experiments.models import ExperimentCell, ExperimentScore
from evals.experiments.openings import Said
from evals.item_contents import ItemContent
from evals.models import Dataset, DatasetItem
from evals.online import changes as online
from evals.online.changes import Wanted
from evals.online.models import OnlineJudgement
from evals.reviews.models import ReviewItem
from evals.reviews.sources import Source, SourceKind
from monitoring import scores
from monitoring.alerts import sending
from monitoring.alerts.models import AlertEvent
from monitoring.analysis.models import CallAnalysis, SecondOpinion
from monitoring.dashboards import changes as dashboards
from monitoring.dashboards import questions
from monitoring.dashboards.models import SavedChart
from monitoring.erasure import requests, running
from monitoring.erasure.models import Erasure, ErasureState
from monitoring.exploring import views
from monitoring.exports import requests as export_requests
from monitoring.exports import running as exporting
from monitoring.ingest.spans import Rejected
from monitoring.issues import changes as issue_changes
from monitoring.issues import proof
from monitoring.issues.fix_models import IssueFix
from monitoring.issues.models import Issue, IssueTheme, ThemeComment
from monitoring.kinds import Kind
from monitoring.models import Score, Span, Trace
from monitoring.talk import comments as trace_comments
from monitoring.talk import links as trace_links
from monitoring.trace_filters import TraceFilter
from projects import jobs, webhooks
from projects.models import Job, Notification, Project, User, WebhookDelivery
from projects.roles import Role
from prompt_registry import connections, trials
from prompt_registry.models import Rollout
from prompt_registry.rollouts import changes as rollout_changes
from prompt_registry.rollouts.guardrails import ISSUE, Guardrail
from prompt_registry.rollouts.models import RolloutDecision
from prompt_registry.trial_plans import CALL, TrialInput
from tests.evals.experiment_factories import make_judged
from tests.evals.reviews.factories import make_call_queue, make_reviewer, say
from tests.monitoring.alerts.factories import make_alert
from tests.monitoring.analysis.factories import look
from tests.monitoring.factories import make_span, make_trace, rate, send
from tests.monitoring.issue_factories import DIMENSIONS, make_cluster, make_issue
from tests.monitoring.outcomes.factories import tell
from tests.projects.factories import make_member, make_project, make_user
from tests.prompt_registry.factories import make_prompt, make_version
from tests.prompt_registry.rollouts.factories import make_live_prompt, make_plan, make_rollout
from tests.webapp.worlds import make_trial
from webapp.embedded import binaries
from workers import erasure_jobs
from workers.job_kinds import KINDS

CANARY = "Zanzibarquokka"
USER = f"{CANARY}@example.com"
OTHER = "somebody@example.com"


def run_request(made: Erasure) -> Erasure:
    """Run the jobs of a request until it is over, as workers would over some seconds."""
    work(running.KIND)
    Erasure.objects.filter(pk=made.pk).update(requested_at=timezone.now() - timedelta(minutes=1))
    Job.objects.filter(kind=running.KIND).update(run_at=timezone.now())
    work(running.KIND)
    made.refresh_from_db()
    return made


def work(kind: str) -> None:
    for job in jobs.claim(kinds=[kind], limit=10):
        KINDS[kind](job)
        jobs.finish(job=job)


def erase_user(project: Project, by: User, user: str = USER) -> Erasure:
    subject = requests.checked(kind="user", subject=user)
    return run_request(requests.ask(project=project, subject=subject, by=by, typed=user))


class Planted:
    """A person whose words stand everywhere that words of calls may stand, put there by what puts them there in earnest."""

    def __init__(self) -> None:
        self.admin = make_user()
        self.project = make_project(by=self.admin)
        self.trace_id = self._call()
        self._feedback()
        self._rejected()
        self._found()
        self.items = self._items()
        self._tested()
        self._reviewed()
        self._judged()
        self._tried()
        self._talked()
        self._issue()
        self._concluded()
        self._exported()
        self._kept()
        self._rolled_out()

    def _rolled_out(self) -> None:
        issue = Issue.objects.get(project=self.project, number=77)
        watched = Guardrail(ISSUE, base_rate=0.1, first_calls=3, subject=proof.title_of(issue))
        plan = make_plan(guardrails=(watched,))
        self.rollout = make_rollout(make_live_prompt(project=self.project), plan=plan)
        said = f"People met «{watched.title}» more often."
        Rollout.objects.filter(pk=self.rollout.pk).update(reason=said, started_at=timezone.now() - timedelta(minutes=5))
        RolloutDecision.objects.create(
            project=self.project, rollout=self.rollout, action="freeze", reason=said, step=0, share_ppm=1,
            evidence={"guardrails": [{"name": watched.title}]},
        )  # fmt: skip

    def _call(self) -> str:
        trace_id = make_trace(
            self.project, user=USER, session=f"session of {CANARY}", asked=f"My name is {CANARY}, where is my order?",
            answered=f"Dear {CANARY}, it is on its way.", prompt="support/answer", version=1,
            attributes={"customer": CANARY, "callboard.prompt.variables": json.dumps({"question": CANARY})},
        )  # fmt: skip
        send(self.project, make_span(trace_id=trace_id, kind=Kind.TOOL, error=f"{CANARY} hung up"))
        return trace_id

    def _talked(self) -> None:
        trace = Trace.objects.get(trace_id=UUID(self.trace_id))
        trace_comments.add(project=self.project, trace=trace, text=f"{CANARY} called us", by=self.admin)
        trace_links.allow(project=self.project, is_allowed=True, by=self.admin)
        trace_links.make(project=self.project, trace=trace, label=f"Lawyer of {CANARY}", days=7, by=self.admin)

    def _feedback(self) -> None:
        rate(self.project, self.trace_id, user=USER, comment=f"{CANARY} did not like that")
        correction = {
            "trace_id": self.trace_id, "name": "better", "data_type": "correction", "string_value": f"Hello {CANARY}",
            "value": f"Hello {CANARY}", "source": "human",
        }  # fmt: skip
        scores.record(project_id=self.project.pk, scores=[scores.checked(correction, now=timezone.now())])
        rate(self.project, make_trace(self.project, user=OTHER), user=USER, comment=f"{CANARY} on another call")
        for unit in (USER, f"session of {CANARY}", self.trace_id):
            tell(self.project, unit, name="order")

    def _kept(self) -> None:
        views.save(project=self.project, name="One user", line=f"user:{USER}", by=self.admin)
        board = dashboards.create(project=self.project, name="Users", by=self.admin)
        question = questions.read({"q": f"user:{USER}"})
        dashboards.keep(dashboard=board, question=question, title=f"Calls of {USER}", by=self.admin)
        dashboards.keep(dashboard=board, question=questions.read({"q": "version:>=1"}), title="Others", by=self.admin)

    def _rejected(self) -> None:
        stored = send(self.project, make_span(trace_id="0" * 32, user=USER, asked=CANARY))
        assert [type(one) for one in stored.rejected] == [Rejected]

    def _found(self) -> None:
        look(self.project)
        group = make_cluster(self.project, name=f"Orders of {CANARY}", terms=[CANARY], summary=f"{CANARY} asks")
        CallAnalysis.objects.filter(trace_id=UUID(self.trace_id)).update(cluster_id=group.pk)
        self.group = group

    def _items(self) -> Dataset:
        dataset = datasets.create(project=self.project, name="orders", by=self.admin)
        traces = list(Trace.objects.filter(trace_id=UUID(self.trace_id)))
        calls.add(dataset=dataset, calls=[call for _, call in calls.of_traces(traces)], with_answer=True, by=self.admin)
        content = ItemContent({"question": f"{CANARY} again"}, expected_output=f"Yes, {CANARY}")
        datasets.change_item(dataset=dataset, number=1, content=content, by=self.admin)
        copied = datasets.create(project=self.project, name="copied", by=self.admin)
        datasets.add_item(dataset=copied, input=content.input, expected_output=content.expected_output, by=self.admin)
        DatasetCoverage.objects.create(
            project=self.project, dataset=dataset, day=timezone.now().date(), revision=1, expected_percent=1, call_count=1,
            distinct_count=1, item_count=1, embedding_version="x", groups=[{"name": self.group.name, "example": [self.trace_id, "1"]}],
            measured_at=timezone.now() - timedelta(minutes=5),
        )  # fmt: skip
        return dataset

    def _tested(self) -> None:
        experiment = make_judged({"Kind": ["1"]}, self.project, dataset=self.items)
        ExperimentCell.objects.filter(experiment=experiment).update(output=f"Answer to {CANARY}")
        ExperimentScore.objects.filter(cell__experiment=experiment).update(
            why=f"{CANARY} was greeted", detail={"quote": CANARY}
        )
        answer_cache.keep(project_id=self.project.pk, answers={b"k" * 32: Said(text=f"Cached for {CANARY}")})

    def _reviewed(self) -> None:
        queue = make_call_queue(
            self.project,
            SourceKind.CHOSEN,
            source=Source(SourceKind.CHOSEN, traces=(self.trace_id,), words=f"user {USER}"),
        )
        item = queue.items.get()
        say(make_reviewer(queue, self.admin), item, "no", more={"1": f"Better: {CANARY}"}, note=f"{CANARY} was annoyed")

    def _judged(self) -> None:
        check = definitions.create(
            project=self.project, name="Short", kind="length", settings={"most": 50}, by=self.admin
        )
        live = online.create(project=self.project, evaluator=check, wanted=Wanted(), by=self.admin)
        span = Span.objects.filter(trace_id=UUID(self.trace_id)).first()
        OnlineJudgement.objects.create(
            project=self.project, online_evaluation=live, evaluator_version=live.evaluator_version, trace_id=span.trace_id,
            span_id=span.span_id, call_at=timezone.now(), value=1, passed=True, why=f"{CANARY} was answered",
        )  # fmt: skip

    def _tried(self) -> None:

        prompt = make_prompt(self.project)
        made = TrialInput({"question": CANARY}, source=CALL, trace_id=self.trace_id, answer=f"For {CANARY}")

        version = make_version(prompt)
        trial = make_trial(
            prompt, version, connections.add_simulated(project=self.project, by=self.admin), by=self.admin
        )
        trials.add(trial=trial, inputs=[made], by=self.admin)

    def _issue(self) -> None:
        webhooks.create(
            project=self.project, name="bot", url="https://8.8.8.8/", events=["issue:resolved"], by=self.admin
        )
        issue = make_issue(self.project, title=f"Orders of {CANARY}: 6 % refused", cluster=self.group, owner=self.admin)
        issue_changes.resolve(issue=issue, reason="nobody asks", by=make_colleague(self.project))

    def _concluded(self) -> None:
        issue = make_issue(self.project, number=77, title=f"Parcels of {CANARY}", cluster=self.group, model="m")
        theme = IssueTheme.objects.create(
            project=self.project,
            issue=issue,
            words=[CANARY],
            mass=1,
            embedding_version="x",
            centroid=[1.0] * DIMENSIONS,
        )
        for score in Score.objects.filter(user_id=USER):
            ThemeComment.objects.create(project=self.project, issue=issue, theme=theme, score_id=score.id, nearness=1.0)
        span = Span.objects.filter(trace_id=UUID(self.trace_id)).first()
        SecondOpinion.objects.create(
            project=self.project, detector="refused", trace_id=span.trace_id, span_id=span.span_id, was_flagged=True,
            call_at=timezone.now(), has_problem=True, why=f"{CANARY} got no answer", quote=CANARY, model="m",
        )  # fmt: skip
        alert = make_alert(self.project, endpoint_ids=self.project.webhook_endpoints.values_list("pk", flat=True))
        row = AlertEvent.objects.create(
            project=self.project, alert=alert, key="issue event 1", news="happened", at=timezone.now() - timedelta(minutes=5),
            sentence=f"Opened: {issue.title}", path=f"/p/x/issues/{issue.number}/",
        )  # fmt: skip
        webhooks.emit(
            project=self.project, event="alert:fired", data=sending.about(alert, row), event_id=row.event_id,
            also=alert.endpoint_ids,
        )  # fmt: skip
        # As if the request came a little later.
        WebhookDelivery.objects.update(created_at=timezone.now() - timedelta(minutes=5))
        self.fix = IssueFix.objects.create(
            project=self.project,
            issue=issue,
            number=1,
            examples=[[span.trace_id.hex, span.span_id, True], ["f" * 32, 1, False]],
        )

    def _exported(self) -> None:
        now = timezone.now()
        wanted = TraceFilter(start=now - timedelta(days=1), end=now, user=USER)
        made = export_requests.ask(
            project=self.project, kind="jsonl", wanted=wanted, words=f"User: {USER}", by=self.admin
        )
        work(exporting.KIND)
        assert made.parts.exists()


def make_colleague(project: Project) -> User:

    return make_member(project=project, role=Role.EDITOR)


def tables_with(text: str) -> dict[str, int]:
    """Return the tables whose rows hold a text, in words or as bytes, looked for in every column of every table."""
    found = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(
                f'SELECT count(*) FROM "{table}" one WHERE one::text ILIKE %s OR one::text LIKE %s',
                [f"%{text}%", f"%{text.encode().hex()}%"],
            )
            if count := cursor.fetchone()[0]:
                found[table] = count
    return found


# What another program reads must be committed; naming the apps lets TRUNCATE cascade.
@pytest.mark.django_db(transaction=True, available_apps=settings.INSTALLED_APPS)
def test_a_dump_of_the_database_holds_nothing_of_a_deleted_user():
    planted = Planted()
    before = {name.removesuffix("_default").split("_2")[0] for name in tables_with(CANARY)}
    assert before >= {
        "span", "trace", "score", "quarantined_span", "call_analysis", "cluster", "issue", "dataset_item", "experiment_cell",
        "experiment_score", "cached_answer", "review_item", "review_answer", "review_queue", "online_judgement", "trial",
        "dataset_coverage", "export", "notification", "webhook_delivery", "issue_theme", "second_opinion", "trace_view",
        "alert_event", "saved_chart", "rollout", "rollout_decision", "trace_comment", "trace_link",
    }  # fmt: skip

    done = erase_user(planted.project, planted.admin)

    assert (done.state, done.problem) == (ErasureState.DONE, "")
    assert tables_with(CANARY) == {}
    (watched,) = rollout_changes.plan_of(Rollout.objects.get(pk=planted.rollout.pk)).guardrails
    assert watched.title == "#77 whose title was deleted on request"
    assert RolloutDecision.objects.get(action="freeze").evidence == {"guardrails": [{"name": watched.title}]}
    assert IssueFix.objects.get().examples == [["f" * 32, 1, False]]
    assert CANARY.lower() not in dump().lower()
    assert [chart.title for chart in SavedChart.objects.filter(project=planted.project)] == ["Others"]


def dump() -> str:
    """Return everything that is in the database, as the tool for backups writes it."""
    program = binaries.postgres() / "pg_dump"
    known = connection.get_connection_params()
    values = {
        "PGHOST": known.get("host"), "PGPORT": known.get("port"), "PGUSER": known.get("user"),
        "PGPASSWORD": known.get("password"), "PGDATABASE": known.get("dbname"),
    }  # fmt: skip
    environment = os.environ | {name: str(value) for name, value in values.items() if value}
    return subprocess.run([program, "--inserts"], env=environment, check=True, capture_output=True, text=True).stdout


@pytest.mark.django_db
def test_what_others_said_stays():
    admin = make_user()
    project = make_project(by=admin)
    theirs = make_trace(project, user=OTHER, asked="Where is my order?")
    make_trace(project, user=USER)

    erase_user(project, admin)

    assert [trace.hex_id for trace in Trace.objects.filter(project=project)] == [theirs]
    assert Span.objects.filter(project=project).count() == 1


@pytest.mark.django_db
def test_old_results_keep_their_numbers_when_an_item_is_deleted():
    admin = make_user()
    project = make_project(by=admin)
    make_trace(project, user=USER, asked=f"I am {CANARY}", answered="Hello")
    dataset = datasets.create(project=project, name="orders", by=admin)
    calls.add(
        dataset=dataset,
        calls=[call for _, call in calls.of_traces(list(Trace.objects.filter(project=project)))],
        by=admin,
    )
    experiment = make_judged({"Kind": ["1"]}, project, dataset=dataset)

    erase_user(project, admin)

    dataset.refresh_from_db()
    assert (dataset.item_count, dataset.revision) == (0, 2)
    assert dataset.revisions.get(number=2).summary == "Deleted 1 item on request"
    assert [score.value for score in ExperimentScore.objects.filter(cell__experiment=experiment)] == [1]
    assert list(DatasetItem.objects.filter(dataset=dataset).values_list("input", flat=True)) == [{}]


@pytest.mark.django_db
def test_a_session_and_a_trace_can_be_deleted_too():
    admin = make_user()
    project = make_project(by=admin)
    first, second, third = (make_trace(project, session=name) for name in ("one", "one", "two"))
    fourth = make_trace(project)

    for kind, subject in (("session", "one"), ("trace", third)):
        made = requests.ask(project=project, subject=requests.checked(kind=kind, subject=subject), by=admin)
        assert run_request(made).state == ErasureState.DONE

    assert [trace.hex_id for trace in Trace.objects.filter(project=project)] == [fourth]
    assert {first, second}.isdisjoint({fourth})


@pytest.mark.django_db
def test_everything_that_a_filter_finds_can_be_deleted():
    admin = make_user()
    project = make_project(by=admin)
    make_trace(project, error="timeout")
    kept = make_trace(project)
    now = timezone.now()
    wanted = TraceFilter(start=now - timedelta(days=1), end=now, status="error")

    made = requests.ask(
        project=project, subject=requests.checked(kind="filter", wanted=wanted), by=admin, typed="delete"
    )

    assert run_request(made).state == ErasureState.DONE
    assert made.wanted == {}
    assert [trace.hex_id for trace in Trace.objects.filter(project=project)] == [kept]


@pytest.mark.django_db
def test_the_preview_counts_what_would_be_deleted_and_deletes_nothing():
    admin = make_user()
    project = make_project(by=admin)
    trace_id = make_trace(project, user=USER)
    rate(project, trace_id, user=USER)

    found = requests.preview(
        project=project, subject=requests.checked(kind="user", subject=USER), places=erasure_jobs.all_places()
    )

    assert (found.trace_count, found.is_whole) == (1, True)
    assert {title: count for title, count in found.places if count} == {
        "Feedback, scores and comments": 1, "Calls and other steps": 1, "Traces": 1,
    }  # fmt: skip
    assert Trace.objects.filter(project=project).count() == 1


@pytest.mark.django_db
def test_a_request_that_was_killed_in_the_middle_goes_on_and_counts_nothing_twice():
    admin = make_user()
    project = make_project(by=admin)
    for _ in range(running.BATCH + 5):
        make_trace(project, user=USER)
    made = requests.ask(project=project, subject=requests.checked(kind="user", subject=USER), by=admin)
    steps = iter(range(100))

    class Killed(Exception):
        pass

    def keep() -> None:
        if Trace.objects.filter(project=project).count() == 5 and next(steps) == 0:
            raise Killed

    with pytest.raises(Killed):
        running.run(erasure_id=made.pk, places=erasure_jobs.all_places(), keep=keep)

    assert run_request(made).state == ErasureState.DONE
    assert made.places.get(name="traces").erased_count == running.BATCH + 5


@pytest.mark.django_db
def test_texts_that_the_team_typed_are_named_and_left():
    admin = make_user()
    project = make_project(by=admin)
    datasets.create(project=project, name="vip", description=f"Complaints of {USER}", by=admin)

    done = erase_user(project, admin)

    assert done.leftovers == [["dataset", 1]]


@pytest.mark.django_db
def test_the_audit_log_keeps_a_code_and_no_name():
    admin = make_user()
    project = make_project(by=admin)

    done = erase_user(project, admin)

    said = json.dumps(
        [[event.subject, event.details] for event in project.audit_events.filter(action__startswith="erasure.")]
    )
    assert done.hashes[0] in said
    assert CANARY not in said
    assert (
        done.subject,
        WebhookDelivery.objects.count(),
        Notification.objects.count(),
        ReviewItem.objects.count(),
    ) == ("", 0, 0, 0)
