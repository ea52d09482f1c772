"""Two projects with one of everything in each, for tests that walk all addresses."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from django.test import Client
from django.utils import timezone

from evals import datasets, imports
from evals.evaluators import definitions
from evals.online import changes as online
from evals.online.changes import Wanted
from evals.reviews import guests, queues
from evals.reviews.models import GuestLink, ReviewQueue
from evals.reviews.questions import GOOD
from evals.reviews.queues import QueuePlan
from evals.reviews.sources import Source, SourceKind
from monitoring import masking_policies
from monitoring.alerts import changes as alerts
from monitoring.costs import invoices
from monitoring.dashboards import changes as dashboards
from monitoring.dashboards.models import SavedChart
from monitoring.dashboards.questions import Question
from monitoring.erasure import requests as erasures
from monitoring.exploring import views
from monitoring.exports import requests as exports
from monitoring.exports import running as exporting
from monitoring.exports.calls import CallLines
from monitoring.issues.models import Issue
from monitoring.models import Trace
from monitoring.scheduled_exports import changes as scheduled_exports
from monitoring.scheduled_exports.changes import Wanted as ScheduledWanted
from monitoring.talk import comments as trace_comments
from monitoring.talk import links as trace_links
from monitoring.trace_filters import TraceFilter
from monitoring.weekly import weeks
from projects import keys, members, projects, webhooks
from projects.models import Project, User
from projects.roles import Role, Scope
from prompt_registry import (
    change_requests,
    comments,
    connections,
    contents,
    labels,
    prompts,
    schedules,
    trials,
    versions,
)
from prompt_registry.imports import runs
from prompt_registry.imports.values import SourceFile
from prompt_registry.models import PRODUCTION, Prompt, PromptVersion, ProviderConnection
from prompt_registry.prices import changes
from prompt_registry.rollouts import changes as rollout_changes
from prompt_registry.rollouts.models import Rollout
from prompt_registry.trial_models import Trial
from prompt_registry.trial_plans import VERSION, TrialInput, Variant
from tests.evals.experiment_factories import make_experiment, make_judged
from tests.monitoring.alerts.factories import make_alert
from tests.monitoring.issue_factories import make_issue
from tests.projects.factories import make_member, make_user
from tests.prompt_registry.rollouts.factories import make_plan


@dataclass(frozen=True)
class Things:
    """One of everything inside a project, by the id that addresses carry."""

    project: Project
    admin: User
    member_id: int
    invitation_id: int
    key_id: int
    connection_id: int
    masking_rule_id: int
    price_id: int
    prompt_id: int
    prompt_name: str
    import_id: int
    change_request_id: int
    schedule_id: int
    trial_id: int
    trace_id: str
    span_id: str
    session_id: str
    comment_id: int
    webhook_id: int
    delivery_id: int
    dataset_id: int
    item_number: int
    dataset_import_id: int
    experiment_id: int
    evaluator_id: int
    review_queue_id: int
    guest_link_id: int
    trace_comment_id: int
    trace_link_id: int
    online_id: int
    rollout_id: UUID
    decision_id: int
    issue_number: int
    alert_id: int
    invoice_id: int
    alert_delivery_id: int
    erasure_id: int
    export_id: int
    scheduled_export_id: int
    view_id: int
    dashboard_id: int
    chart_id: int


def make_things(*, name: str) -> Things:
    """Return a new project with one of everything."""
    admin = make_user()
    project = projects.create(name=name, by=admin, is_approval_required=False)
    member = make_member(project=project, role=Role.VIEWER)
    invitation, _ = members.invite(project=project, email=f"{project.slug}@example.com", role=Role.VIEWER, by=admin)
    key, plain = keys.create(project=project, name="everything", scopes=list(Scope), by=admin)
    connection = connections.add_simulated(project=project, by=admin)
    rule = masking_policies.add_rule(project=project, name="customer", pattern="CN-[0-9]+", mode="mask", by=admin)
    price = changes.set_price(project=project, price=fake_price(), by=admin)
    prompt = prompts.create(project=project, name="support/answer", type="text", by=admin)
    content = contents.parse({"type": "text", "text": f"Answer for {name}: {{{{question}}}}"})
    version = versions.save(prompt=prompt, content=content, by=admin)
    labels.publish(prompt=prompt, version=version, label=PRODUCTION, by=admin)
    pending = runs.begin(project=project, files=[SourceFile("greeting.md", "Greet {{customer}}.")], by=admin)
    proposed = versions.save(
        prompt=prompt,
        content=contents.parse({"type": "text", "text": f"Proposed for {name}: {{{{question}}}}"}),
        by=None,
    )
    request = change_requests.ask(prompt=prompt, version=proposed, label=PRODUCTION, by=None)
    schedule = schedules.plan(
        prompt=prompt, version=proposed, label=PRODUCTION, publish_at=timezone.now() + timedelta(days=1), by=admin,
        expected_version=1,
    )  # fmt: skip
    session_id = f"session of {name}"
    trace_id, span_id = send_call(plain, session_id=session_id)
    trace_comment_id, trace_link_id = talk_about(project, trace_id, by=admin)
    dataset = datasets.create(project=project, name="support/questions", by=admin)
    datasets.add_item(dataset=dataset, input={"question": f"Where is {name}?"}, by=admin)
    file = imports.begin(dataset=dataset, file_name="rows.csv", chunks=[b"question\nWho?\n"], by=admin)
    trial = make_trial(prompt, version, connection, by=admin)
    experiment = make_experiment(project, dataset=dataset, prompt=prompt, created_by=admin)
    evaluator = definitions.create(project=project, name="Short", kind="length", settings={"most": 50}, by=admin)
    live = online.create(project=project, evaluator=evaluator, wanted=Wanted(), by=admin)
    membership = project.memberships.get(user=member)
    comment = comments.add(prompt=prompt, version=version, text="Is this kind enough?", by=admin)
    webhook, _ = webhooks.create(
        project=project, name="bot", url="https://8.8.8.8/", events=["prompt:published"], by=admin
    )
    delivery = webhooks.send_test(endpoint=webhook)
    queue, link = make_review(project, by=admin)
    alert = make_alert(project, by=admin, endpoint_ids=(webhook.pk,))
    charged = invoices.take(project=project, name=name, content=b"date,model,cost\n2026-11-01,fake-1,2", by=admin)
    message = alerts.send_test(alert=alert, by=admin)
    rollout = start_rollout(project, by=admin)
    chart = make_chart(project, by=admin)
    return Things(
        project=project, admin=admin, member_id=membership.pk, invitation_id=invitation.pk, key_id=key.pk,
        connection_id=connection.pk, masking_rule_id=rule.pk, price_id=price.pk, prompt_id=prompt.pk,
        prompt_name=prompt.name, trial_id=trial.pk, import_id=pending.pk, trace_id=trace_id, span_id=span_id, session_id=session_id,
        comment_id=comment.pk, webhook_id=webhook.pk, delivery_id=delivery.pk,
        dataset_id=dataset.pk, item_number=dataset.last_item_number, dataset_import_id=file.pk,
        change_request_id=request.pk, schedule_id=schedule.pk, experiment_id=experiment.pk, evaluator_id=evaluator.pk,
        trace_comment_id=trace_comment_id, trace_link_id=trace_link_id,
        review_queue_id=queue.pk, guest_link_id=link.pk, online_id=live.pk, rollout_id=rollout.pk,
        decision_id=rollout.decisions.latest("pk").pk, issue_number=make_issue_of(project).number, alert_id=alert.pk, invoice_id=charged.pk,
        alert_delivery_id=project.webhook_deliveries.get(event_id=message.event_id).pk,
        erasure_id=make_erasure(project, by=admin), export_id=make_export(project, by=admin),
        scheduled_export_id=make_scheduled_export(project, by=admin),
        view_id=views.save(project=project, name="Dear ones", line="cost:>1", is_shared=True, by=admin).pk,
        dashboard_id=chart.dashboard_id, chart_id=chart.pk,
    )  # fmt: skip


def make_chart(project: Project, *, by: User) -> SavedChart:
    """Return a chart on a dashboard."""
    dashboard = dashboards.create(project=project, name="Money", by=by)
    return dashboards.keep(dashboard=dashboard, question=Question(), title="Calls", by=by)


def make_erasure(project: Project, *, by: User) -> int:
    """Return a request to delete that nobody has begun with."""
    subject = erasures.checked(kind="user", subject=f"gone of {project.slug}")
    return erasures.ask(project=project, subject=subject, by=by).pk


def make_scheduled_export(project: Project, *, by: User) -> int:
    """Return an export to an object store, with a run that waits."""
    wanted = ScheduledWanted(
        name="Lake", kind="parquet", destination="s3", endpoint="https://8.8.8.8", bucket="calls", access_key="AK"
    )
    return scheduled_exports.create(project=project, wanted=wanted, secret="secret", by=by).pk


def make_export(project: Project, *, by: User) -> int:
    """Return a finished file of all calls."""
    now = timezone.now()
    wanted = TraceFilter(start=now - timedelta(days=1), end=now)
    export = exports.ask(project=project, kind="jsonl", wanted=wanted, words="all", by=by)
    exporting.run(export_id=export.pk, make=CallLines, keep=lambda: True)
    return export.pk


def fake_price() -> changes.NewPrice:
    """Return a price of the model that calls name here."""
    return changes.NewPrice(
        provider="", model="fake-1", input=Decimal(1), output=Decimal(2), cache_read=None, cache_write=None, reasoning=None,
        valid_from=date(2026, 1, 1),
    )  # fmt: skip


def make_issue_of(project: Project) -> Issue:
    """Return an issue whose number no other project has: numbers begin anew in each."""
    return make_issue(project, number=1_000 + project.pk)


def start_rollout(project: Project, *, by: User) -> Rollout:
    """Return a rollout under way, of a prompt of its own."""
    prompt = prompts.create(project=project, name="support/rolled-out", type="text", by=by)
    first, second = (
        versions.save(prompt=prompt, content=contents.parse({"type": "text", "text": text}), by=by)
        for text in ("Answer {{question}}.", "Answer {{question}} kindly.")
    )
    labels.publish(prompt=prompt, version=first, label="staging", by=by)
    return rollout_changes.start(prompt=prompt, candidate=second, label="staging", plan=make_plan(), by=by)


def make_trial(prompt: Prompt, version: PromptVersion, connection: ProviderConnection, *, by: User) -> Trial:
    """Return a trial with one cell, in which nothing was asked yet."""
    variant = Variant(
        kind=VERSION, number=version.number, is_live=True, content=contents.of_version(version).to_json(),
        connection_id=connection.pk, connection_name=connection.name, model="simulated-fast", is_simulated=True,
    )  # fmt: skip
    return trials.create(prompt=prompt, inputs=[TrialInput({"question": "Where is it?"})], variants=[variant], by=by)


def make_review(project: Project, *, by: User) -> tuple[ReviewQueue, GuestLink]:
    """Return a queue with the answers of an experiment, and a link for a guest of it."""
    experiment = make_judged({"Kind": ["10"]}, project)
    plan = QueuePlan(
        name="Answers to look at", source=Source(SourceKind.ANSWERS, experiment_id=experiment.pk), questions=[GOOD],
        experiment=experiment,
    )  # fmt: skip
    queue = queues.create(project=project, plan=plan, by=by)
    link, _ = guests.invite(queue=queue, label="Dr. Meyer", days=7, by=by)
    return queue, link


def talk_about(project: Project, trace_id: str, *, by: User) -> tuple[int, int]:
    """Return a comment on a trace and a public link to it."""
    trace = Trace.objects.for_project(project).get(trace_id=trace_id)
    comment = trace_comments.add(project=project, trace=trace, text="Is this right?", by=by)
    trace_links.allow(project=project, is_allowed=True, by=by)
    link, _ = trace_links.make(project=project, trace=trace, label="Dr. Meyer", days=7, by=by)
    return comment.pk, link.pk


def send_call(plain_key: str, *, session_id: str = "") -> tuple[str, str]:
    """Send one call as an application would, and return the ids of its trace and span."""
    trace_id, span_id, now = uuid.uuid4().hex, uuid.uuid4().hex[:16], time.time_ns()
    attributes = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "fake-1", "session.id": session_id}
    span = {
        "traceId": trace_id, "spanId": span_id, "name": "chat", "startTimeUnixNano": str(now), "endTimeUnixNano": str(now + 10**9),
        "attributes": [{"key": name, "value": {"stringValue": value}} for name, value in attributes.items()],
    }  # fmt: skip
    body = {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}
    answer = Client().post(
        "/v1/traces",
        json.dumps(body),
        content_type="application/json",
        headers={"Authorization": f"Bearer {plain_key}"},
    )
    assert answer.status_code == 200, answer.content
    return trace_id, span_id


# A week that is over, and that every project of these tests may look at.
LAST_MONDAY = weeks.last_over(timezone.now(), ZoneInfo("UTC")).monday.isoformat()


@dataclass(frozen=True)
class Named:
    """What an address needs beyond the project's slug to be asked for; `things` fills it in."""

    kwargs: Callable[[Things], dict[str, object]] = lambda things: {}
    query: Callable[[Things], dict[str, str]] = lambda things: {}
    # Whether kwargs or query name something that belongs to a project, so that another project's must be a 404.
    names_a_thing: bool = True


def prompt(things: Things) -> dict[str, object]:
    return {"prompt_id": things.prompt_id}


def prompt_version(things: Things) -> dict[str, object]:
    return {"prompt_id": things.prompt_id, "number": 1}


def comment(things: Things) -> dict[str, object]:
    return {"prompt_id": things.prompt_id, "comment_id": things.comment_id}


def webhook(things: Things) -> dict[str, object]:
    return {"endpoint_id": things.webhook_id}


def invoice(things: Things) -> dict[str, object]:
    return {"invoice_id": things.invoice_id}


def dashboard(things: Things) -> dict[str, object]:
    return {"dashboard_id": things.dashboard_id}


def chart(things: Things) -> dict[str, object]:
    return {**dashboard(things), "chart_id": things.chart_id}


def alert(things: Things) -> dict[str, object]:
    return {"alert_id": things.alert_id}


def change_request(things: Things) -> dict[str, object]:
    return {"prompt_id": things.prompt_id, "request_id": things.change_request_id}


def trial(things: Things) -> dict[str, object]:
    return {"prompt_id": things.prompt_id, "trial_id": things.trial_id}


def trial_cell(things: Things) -> dict[str, object]:
    return {**trial(things), "row": 0, "column": 0}


def trace(things: Things) -> dict[str, object]:
    return {"hex_id": things.trace_id}


def dataset(things: Things) -> dict[str, object]:
    return {"dataset_id": things.dataset_id}


def experiment(things: Things) -> dict[str, object]:
    return {"experiment_id": things.experiment_id}


def dataset_item(things: Things) -> dict[str, object]:
    return {"dataset_id": things.dataset_id, "number": things.item_number}


def rollout(things: Things) -> dict[str, object]:
    return {"rollout_id": things.rollout_id}


def issue(things: Things) -> dict[str, object]:
    return {"number": things.issue_number}


def dataset_import(things: Things) -> dict[str, object]:
    return {"dataset_id": things.dataset_id, "import_id": things.dataset_import_id}


def erasure(things: Things) -> dict[str, object]:
    return {"erasure_id": things.erasure_id}


def export(things: Things) -> dict[str, object]:
    return {"export_id": things.export_id}


def scheduled_export(things: Things) -> dict[str, object]:
    return {"scheduled_id": things.scheduled_export_id}


def export_file(things: Things) -> dict[str, object]:
    return {"export_id": things.export_id, "file": "calls"}


def online_evaluation(things: Things) -> dict[str, object]:
    return {"online_id": things.online_id}


def evaluator(things: Things) -> dict[str, object]:
    return {"evaluator_id": things.evaluator_id}


def review(things: Things) -> dict[str, object]:
    return {"queue_id": things.review_queue_id}


def fixed(**kwargs: object) -> Named:
    return Named(kwargs=lambda things: kwargs, names_a_thing=False)


def fixed_query(**query: str) -> Named:
    return Named(query=lambda things: query, names_a_thing=False)


PLAIN = Named(names_a_thing=False)

# One entry for every address inside a project. A new address fails the tests until it has one.
IN_PROJECT: dict[str, Named] = {
    "overview": PLAIN,
    "overview-chart": fixed(name="calls"),
    "weekly-reports": PLAIN,
    "weekly-report": fixed(monday=LAST_MONDAY),
    "weekly-report-markdown": fixed(monday=LAST_MONDAY),
    "prompts": PLAIN,
    "prompts-bulk": fixed_query(do="archive"),
    "prompt-new": PLAIN,
    "prompt-import": PLAIN,
    "prompt-import-choose": Named(lambda things: {"import_id": things.import_id}),
    "prompts-export": PLAIN,
    "prompts-export-file": PLAIN,
    "prompt-file": Named(prompt),
    "prompt-duplicate": Named(prompt),
    "prompt-move": Named(prompt),
    "prompt-users": Named(prompt),
    "prompt-tags": Named(prompt),
    "prompt-by-name": Named(query=lambda things: {"name": things.prompt_name}, names_a_thing=False),
    "prompt": Named(prompt),
    "prompt-draft": Named(prompt),
    "prompt-preview": Named(prompt),
    "prompt-discard": Named(prompt),
    "prompt-paste": Named(prompt),
    "prompt-writers": Named(prompt),
    "prompt-changed": Named(prompt),
    "prompt-snippets": Named(prompt),
    "prompt-windows": Named(prompt),
    "prompt-rename": Named(prompt),
    "prompt-archive": Named(prompt),
    "prompt-delete": Named(prompt),
    "prompt-restore": Named(prompt),
    "prompt-publish": Named(prompt),
    "prompt-recalls": Named(prompt),
    "prompt-try-example": Named(prompt),
    "request-comment-add": Named(change_request),
    "prompt-undo": Named(prompt),
    "prompt-ask-approval": Named(prompt),
    "prompt-approve": Named(change_request),
    "prompt-ask-for-changes": Named(change_request),
    "prompt-withdraw": Named(change_request),
    "prompt-schedule": Named(prompt),
    "prompt-unschedule": Named(lambda things: {"prompt_id": things.prompt_id, "schedule_id": things.schedule_id}),
    "change-requests": PLAIN,
    "prompt-use": Named(prompt),
    "prompt-versions": Named(prompt),
    "prompt-version": Named(prompt_version),
    "prompt-use-again": Named(prompt_version),
    "prompt-compare": Named(prompt),
    "comment-people": PLAIN,
    "comment-add": Named(prompt_version),
    "comment-answer": Named(comment),
    "comment-edit": Named(comment),
    "comment-delete": Named(comment),
    "comment-resolve": Named(comment),
    "comment-reopen": Named(comment),
    "evaluators": PLAIN,
    "evaluator-new": PLAIN,
    "evaluators-starters": PLAIN,
    "online-evaluations": PLAIN,
    "online-evaluation-new": PLAIN,
    "online-evaluation": Named(online_evaluation),
    "online-evaluation-change": Named(online_evaluation),
    "online-evaluation-pause": Named(online_evaluation),
    "online-evaluation-resume": Named(online_evaluation),
    "online-evaluation-use-newest": Named(online_evaluation),
    "online-evaluation-remove": Named(online_evaluation),
    "evaluator": Named(evaluator),
    "evaluator-versions": Named(evaluator),
    "evaluator-change": Named(evaluator),
    "evaluator-rename": Named(evaluator),
    "evaluator-archive": Named(evaluator),
    "evaluator-restore": Named(evaluator),
    "rollouts": PLAIN,
    "rollout": Named(rollout),
    "rollout-act": Named(rollout),
    "rollout-decision": Named(lambda things: {**rollout(things), "decision_id": things.decision_id}),
    "rollout-start": Named(prompt),
    "issues": PLAIN,
    "issue": Named(issue),
    "issue-chart": Named(lambda things: {**issue(things), "name": "share"}),
    "issue-act": Named(issue),
    "issue-merge": Named(issue),
    "issue-split": Named(issue),
    "issue-dataset": Named(issue),
    "issue-examples": Named(issue),
    "issue-fix": Named(issue),
    "issue-predictions": PLAIN,
    "issue-proposal": Named(issue),
    "traffic": PLAIN,
    "traffic-points": PLAIN,
    "datasets": PLAIN,
    "dataset-new": PLAIN,
    "dataset-from-calls": Named(query=lambda things: {"chosen": things.trace_id}),
    "dataset": Named(dataset),
    "dataset-rename": Named(dataset),
    "dataset-archive": Named(dataset),
    "dataset-restore": Named(dataset),
    "dataset-item-new": Named(dataset),
    "dataset-item": Named(dataset_item),
    "dataset-item-remove": Named(dataset_item),
    "dataset-item-bring-back": Named(dataset_item),
    "dataset-revisions": Named(dataset),
    "dataset-compare": Named(dataset),
    "dataset-import": Named(dataset),
    "dataset-import-look": Named(dataset_import),
    "dataset-import-state": Named(dataset_import),
    "dataset-care": Named(dataset),
    "dataset-care-state": Named(dataset),
    "dataset-care-look": Named(dataset),
    "dataset-care-mask": Named(dataset),
    "dataset-coverage": Named(dataset),
    "dataset-coverage-state": Named(dataset),
    "dataset-coverage-measure": Named(dataset),
    "dataset-coverage-add": Named(dataset),
    "export-dataset-jsonl": Named(dataset),
    "export-dataset-csv": Named(dataset),
    "dataset-tests": Named(dataset),
    "prompt-tests": Named(prompt),
    "prompt-replay": Named(prompt),
    "experiments": PLAIN,
    "experiment-new": Named(query=lambda things: {"prompt": str(things.prompt_id)}),
    "experiment": Named(experiment),
    "experiment-progress": Named(experiment),
    "experiment-texts": Named(experiment),
    "experiment-pause": Named(experiment),
    "experiment-resume": Named(experiment),
    "experiment-cancel": Named(experiment),
    "experiment-raise-cap": Named(experiment),
    "experiment-retry": Named(experiment),
    "experiment-archive": Named(experiment),
    "experiment-restore": Named(experiment),
    "experiment-methods": PLAIN,
    "experiment-verdict": Named(experiment),
    "experiment-rows": Named(experiment),
    "experiment-row": Named(lambda things: {**experiment(things), "number": things.item_number}),
    "experiment-save-item": Named(lambda things: {**experiment(things), "number": things.item_number}),
    "experiment-disagree": Named(lambda things: {**experiment(things), "number": things.item_number}),
    "experiment-use": Named(experiment),
    "experiment-export": Named(experiment),
    "experiment-export-jsonl": Named(experiment),
    "trial-test": Named(trial),
    "prompt-try": Named(prompt),
    "trial": Named(trial),
    "trial-news": Named(trial),
    "trial-run": Named(trial),
    "trial-stop": Named(trial),
    "trial-add": Named(trial),
    "trial-difference": Named(trial_cell),
    "trial-judge": Named(trial_cell),
    "trial-keep": Named(trial_cell),
    "reviews": PLAIN,
    "review-new": PLAIN,
    "review-judge": PLAIN,
    "review-queue": Named(review),
    "review-change": Named(review),
    "review-more": Named(review),
    "review-close": Named(review),
    "review": Named(review),
    "review-results": Named(review),
    "review-decide": Named(review),
    "review-keep": Named(review),
    "review-guests": Named(review),
    "review-guest-new": Named(review),
    "review-guest-revoke": Named(lambda things: {**review(things), "link_id": things.guest_link_id}),
    "export-review-csv": Named(review),
    "export-review-jsonl": Named(review),
    "explore": PLAIN,
    "explore-new": PLAIN,
    "explore-volume": PLAIN,
    "explore-complete": PLAIN,
    "explore-difference": PLAIN,
    "explore-compare": Named(query=lambda things: {"chosen": things.trace_id}),
    "explore-follow": PLAIN,
    "explore-search-on": PLAIN,
    "explore-no-problem": PLAIN,
    "explore-columns": PLAIN,
    "feedback": PLAIN,
    "feedback-mark": PLAIN,
    "feedback-responses": PLAIN,
    "outcomes": PLAIN,
    "views": PLAIN,
    "view-save": PLAIN,
    "view-change": Named(lambda things: {"view_id": things.view_id}),
    "dashboards": PLAIN,
    "dashboard-new": PLAIN,
    "dashboard": Named(dashboard),
    "dashboard-change": Named(dashboard),
    "dashboard-panel": Named(chart),
    "dashboard-chart-change": Named(chart),
    "chart": PLAIN,
    "chart-figure": PLAIN,
    "chart-csv": PLAIN,
    "chart-keep": PLAIN,
    "version-traffic": PLAIN,
    "trace": Named(trace),
    "trace-feedback": Named(trace),
    "trace-comment": Named(trace),
    "trace-comment-edit": Named(lambda things: {**trace(things), "comment_id": things.trace_comment_id}),
    "trace-comment-delete": Named(lambda things: {**trace(things), "comment_id": things.trace_comment_id}),
    "trace-links": Named(trace),
    "trace-link-new": Named(trace),
    "trace-link-revoke": Named(lambda things: {"link_id": things.trace_link_id}),
    "trace-similar": Named(trace),
    "span-text": Named(lambda things: {"hex_id": things.trace_id, "span_hex_id": things.span_id, "part": "attributes"}),
    "mark-flag": Named(lambda things: {"hex_id": things.trace_id, "span_hex_id": things.span_id}),
    "latency": PLAIN,
    "costs": PLAIN,
    "costs-dearest": PLAIN,
    "costs-invoices": PLAIN,
    "costs-invoice-add": PLAIN,
    "costs-invoice": Named(invoice),
    "costs-invoice-export": Named(invoice),
    "costs-invoice-delete": Named(invoice),
    "session": Named(query=lambda things: {"id": things.session_id}),
    "search": PLAIN,
    "start": PLAIN,
    "start-key": PLAIN,
    "start-live": PLAIN,
    "settings": PLAIN,
    "settings-project": PLAIN,
    "remove-demo": PLAIN,
    "leave-project": PLAIN,
    "settings-members": PLAIN,
    "invite-member": PLAIN,
    "change-role": Named(lambda things: {"member_id": things.member_id}),
    "remove-member": Named(lambda things: {"member_id": things.member_id}),
    "revoke-invitation": Named(lambda things: {"invitation_id": things.invitation_id}),
    "settings-keys": PLAIN,
    "new-key": PLAIN,
    "revoke-key": Named(lambda things: {"key_id": things.key_id}),
    "settings-providers": PLAIN,
    "new-provider": PLAIN,
    "add-simulated-provider": PLAIN,
    "change-provider": Named(lambda things: {"connection_id": things.connection_id}),
    "delete-provider": Named(lambda things: {"connection_id": things.connection_id}),
    "test-provider": Named(lambda things: {"connection_id": things.connection_id}),
    "settings-alerts": PLAIN,
    "new-alert": PLAIN,
    "preview-alert": PLAIN,
    "take-alert": fixed(name="errors"),
    "alert": Named(alert),
    "change-alert": Named(alert),
    "mute-alert": Named(alert),
    "test-alert": Named(alert),
    "delete-alert": Named(alert),
    "restore-alert": Named(alert),
    "resend-alert": Named(lambda things: {**alert(things), "delivery_id": things.alert_delivery_id}),
    "settings-webhooks": PLAIN,
    "new-webhook": PLAIN,
    "webhook": Named(webhook),
    "change-webhook": Named(webhook),
    "rotate-webhook": Named(webhook),
    "switch-webhook": Named(webhook),
    "delete-webhook": Named(webhook),
    "test-webhook": Named(webhook),
    "webhook-delivery": Named(lambda things: {"delivery_id": things.delivery_id}),
    "resend-webhook": Named(lambda things: {"delivery_id": things.delivery_id}),
    "settings-prices": PLAIN,
    "price-history": Named(query=lambda things: {"model": "fake-1"}, names_a_thing=False),
    "set-price": PLAIN,
    "remove-price": Named(lambda things: {"price_id": things.price_id}),
    "reprice": PLAIN,
    "stop-repricing": PLAIN,
    "repricing": PLAIN,
    "settings-publishing": PLAIN,
    "protect-labels": PLAIN,
    "switch-approval": PLAIN,
    "settings-spending": PLAIN,
    "settings-similar": PLAIN,
    "settings-privacy": PLAIN,
    "settings-data": PLAIN,
    "look-at-retention": PLAIN,
    "change-retention": PLAIN,
    "scheduled-export-new": PLAIN,
    "scheduled-export": Named(scheduled_export),
    "scheduled-export-change": Named(scheduled_export),
    "scheduled-export-switch": Named(scheduled_export),
    "scheduled-export-run": Named(scheduled_export),
    "scheduled-export-delete": Named(scheduled_export),
    "erasure-new": PLAIN,
    "erasure-ask": PLAIN,
    "erasure": Named(erasure),
    "erasure-state": Named(erasure),
    "exports": PLAIN,
    "export-new": PLAIN,
    "export-ask": PLAIN,
    "export": Named(export),
    "export-state": Named(export),
    "export-stop": Named(export),
    "export-delete": Named(export),
    "export-file": Named(export_file),
    "export-manifest": Named(export),
    "training-new": PLAIN,
    "training-ask": PLAIN,
    "change-privacy": PLAIN,
    "change-group-privacy": PLAIN,
    "try-masking": PLAIN,
    "add-masking-rule": PLAIN,
    "remove-masking-rule": Named(lambda things: {"rule_id": things.masking_rule_id}),
    "settings-detectors": PLAIN,
    "settings-detector": fixed(name="refused"),
    "preview-detector": fixed(name="refused"),
    "change-detector": fixed(name="refused"),
    "detector-judge": fixed(name="refused"),
    "analysis-look-again": PLAIN,
    "analysis-stop": PLAIN,
    "analysis-rerun": PLAIN,
    "settings-ingestion": PLAIN,
    "settings-ingestion-chart": PLAIN,
    "settings-ingestion-quarantine": PLAIN,
    "settings-ingestion-limits": PLAIN,
    "settings-links": PLAIN,
    "allow-links": PLAIN,
    "settings-audit": PLAIN,
    "check-audit": PLAIN,
    "export-audit-csv": PLAIN,
    "export-audit-jsonl": PLAIN,
}

# Addresses outside projects that need something filled in.
OUTSIDE: dict[str, dict[str, object]] = {
    "sign-in-link": {"token": "invented"},
    "invitation": {"token": "invented"},
    "guest-link": {"token": "invented"},
    "shared-trace": {"token": "invented"},
    "export-download": {"token": "invented"},
    "account_reset_password_from_key": {"uidb36": "1", "key": "invented"},
    "join-project": {"slug": "nowhere"},
    "person-link": {"person_id": 0},
    "person-off": {"person_id": 0},
    "person-on": {"person_id": 0},
    "open-notification": {"notification_id": 0},
    "read-notification": {"notification_id": 0},
    "sdk-wheel": {"name": "callboard-0-py3-none-any.whl"},
    "ofrep-flag": {"key": "nowhere"},
    "langfuse-trace": {"slug": "nowhere", "trace": "0af7651916cd43dd8448eb211c80319c"},
    "langfuse-2-trace": {"trace": "0af7651916cd43dd8448eb211c80319c"},
}
