"""A project as it looks after a day of use: prompts in folders, calls with feedback, people, keys."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from evals import calls, datasets, imports, item_care, item_contents
from evals.coverage import measuring
from evals.coverage.models import DatasetCoverage
from evals.evaluators import definitions, starters
from evals.evaluators.models import EvaluatorVersion
from evals.experiments.models import Experiment
from evals.experiments.plans import RECORDED
from evals.models import Dataset, DatasetImport, Evaluator, OnlineEvaluation
from evals.online import changes, running
from evals.online.changes import Wanted
from evals.reviews import claims, guests, queues
from evals.reviews.questions import CORRECTION, GOOD, NewQuestion
from evals.reviews.queues import QueuePlan
from evals.reviews.sources import Source, SourceKind
from monitoring import scores
from monitoring.analysis import running as analyses
from monitoring.analysis.models import CallAnalysis
from monitoring.costs import invoices
from monitoring.dashboards import changes as dashboards
from monitoring.dashboards import questions
from monitoring.dashboards.models import Dashboard
from monitoring.ingest import protobuf
from monitoring.ingest.rows import Sender
from monitoring.ingest.store import store
from monitoring.kinds import Kind
from monitoring.models import Trace
from monitoring.scheduled_exports import changes as scheduled_exports
from monitoring.scheduled_exports import planning
from monitoring.scheduled_exports.changes import Wanted as ScheduledWanted
from monitoring.scheduled_exports.models import ExportRun, RunState, ScheduledExport
from monitoring.talk import comments as trace_comments
from monitoring.talk import links
from projects import keys, members, projects, webhooks
from projects.models import Project, User, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from projects.roles import Role, Scope
from prompt_registry import (
    change_requests,
    comments,
    connections,
    contents,
    drafts,
    labels,
    prompts,
    schedules,
    trials,
    versions,
)
from prompt_registry.comments import Anchor
from prompt_registry.imports import runs
from prompt_registry.imports.values import SourceFile
from prompt_registry.models import Prompt, ProviderConnection
from prompt_registry.trial_models import CellState, Trial
from prompt_registry.trial_plans import CALL, VERSION, TrialInput, Variant
from tests.browser import demo_alerts, demo_findings, demo_issues, demo_rollouts
from tests.browser.demo_issues import DemoIssues
from tests.browser.demo_rollouts import DemoRollouts
from tests.evals.experiment_factories import answer, make_evaluator_version, make_experiment, make_judged, make_variant
from tests.evals.reviews.factories import make_calibration, make_pairs, make_queue, make_reviewer, say
from tests.monitoring.factories import make_span, new_span_id, new_trace_id, rate, send
from tests.monitoring.outcomes.factories import tell
from tests.projects.factories import make_user
from webapp.demo import traffic
from webapp.demo.prompts import PROMPTS, DemoPrompt

VISITS = 24
INVOICE = b"date,model,cost\n2026-10-01,gpt-5-mini,12.5\n2026-10-02,o3,3\nsoon,o3,1\n"
_FOREIGN = [
    {"name": "support/new-one", "prompt": "Answer {{question}} in {{language}}.", "labels": ["production"]},
    {"name": PROMPTS[0].name, "prompt": "Of the other kind"},
    {"name": f"long/{'x' * 200}", "prompt": "Long " * 200, "config": {"owner": "team a"}},
    {"name": "not|possible", "prompt": "x"},
]
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 3


@dataclass(frozen=True)
class DemoReviews:
    """Review queues of every kind, and a link for a guest."""

    calls_id: int
    pairs_id: int
    judge_id: int
    disputed_id: int
    closed_id: int
    experiment_id: int
    guest_token: str


@dataclass(frozen=True)
class DemoShop:
    """The project and the things in it that have pages of their own."""

    project: Project
    empty: Project
    admin: User
    viewer: User
    prompt: Prompt
    proposed: Prompt
    trace_id: str
    failed_trace_id: str
    found_trace_id: str
    session_id: str
    shared_token: str
    connection_id: int
    import_id: int
    done_import_id: int
    dataset: Dataset
    dataset_file_id: int
    dataset_imported_id: int
    trial_id: int
    recalled_number: int
    experiment_id: int
    running_experiment_id: int
    replay_id: int
    evaluator_id: int
    online_id: int
    judge_id: int
    invitation_token: str
    webhook_id: int
    webhook_off_id: int
    delivery_id: int
    scheduled_export_id: int
    alert_id: int
    invoice_id: int
    dashboard_id: int
    rollouts: DemoRollouts
    issues: DemoIssues
    reviews: DemoReviews

    def at(self, place: str = "") -> str:
        """Return an address inside the project."""
        return f"/p/{self.project.slug}/{place}"


def make() -> DemoShop:
    """Make the project with a day of traffic."""
    admin, viewer = make_user(name="Dana Ortiz", password="a quiet evening", is_owner=True), make_user(name="Vera Lund")
    project = projects.create(name="Nordlicht Outdoor", by=admin, is_approval_required=False)
    members.add(project=project, user=viewer, role=Role.VIEWER)
    writer = make_user(name="Sam Writer")
    members.add(project=project, user=writer, role=Role.EDITOR)
    _, invitation = members.invite(project=project, email="sam@example.com", role=Role.EDITOR, by=admin)
    connection = connections.add_simulated(project=project, by=admin)
    keys.create(project=project, name="Shop desk", scopes=list(Scope), by=admin)
    made = [_prompt(project, one, admin) for one in PROMPTS]
    prompts.create(project=project, name=f"long/{LONG}", type="text", by=admin)
    made[0] = prompts.retag(prompt=made[0], tags=["refunds", "reviewed"], by=admin)
    drafts.autosave(prompt=made[0], content={"messages": []}, base_number=1, revision=0, by=writer)
    _talk_about(made[0], admin, writer)
    webhook, webhook_off, delivery = _webhooks(project, admin)
    _propose(made[1], writer)
    _send_a_day_of_calls(project)
    _tell_outcomes(project)
    done = runs.begin(project=project, files=[SourceFile("imported/greeting.md", "Greet {{customer}}.")], by=admin)
    chosen = {line.key for line in runs.preview(pending=done).lines}
    runs.carry_out(pending=done, format_key="markdown", chosen=chosen, by=admin)
    pending = runs.begin(project=project, files=[SourceFile("export.json", json.dumps(_FOREIGN))], by=admin)
    failed = _send_a_deep_trace(project)
    dataset = _dataset(project, admin)
    _measure_coverage(dataset)
    talk = Trace.objects.for_project(project).exclude(session_id="").newest_first()[0]
    done_test, running_test = _experiments(dataset, made[0], admin)
    return DemoShop(
        project=project, empty=projects.create(name="Brand new", by=admin), admin=admin, viewer=viewer, prompt=made[0],
        proposed=made[1],
        trace_id=talk.hex_id, failed_trace_id=failed,
        found_trace_id=demo_findings.make(project, admin), session_id=talk.session_id,
        shared_token=_talk_about_trace(talk, admin, writer), connection_id=connection.pk,
        trial_id=_trial(made[0], connection, admin).pk, recalled_number=_recall(made[0], connection, admin),
        experiment_id=done_test.pk, running_experiment_id=running_test.pk,
        replay_id=_replay(project, made[0]).pk,
        evaluator_id=(evaluator := _evaluator(project, admin)).pk, online_id=_online(evaluator, admin).pk,
        judge_id=Evaluator.objects.get(project=project, name="Good answer").pk,
        import_id=pending.pk, done_import_id=done.pk,
        invitation_token=invitation, webhook_id=webhook.pk, webhook_off_id=webhook_off.pk, delivery_id=delivery.pk,
        scheduled_export_id=_scheduled_export(project, admin).pk,
        alert_id=demo_alerts.make(project, admin, endpoint_id=webhook.pk),
        invoice_id=invoices.take(project=project, name="October", content=INVOICE, by=admin).pk,
        dashboard_id=_dashboard(project, admin).pk, rollouts=demo_rollouts.make(project, admin),
        issues=demo_issues.make(admin),
        reviews=_reviews(project, admin, writer),
        dataset=dataset, dataset_file_id=_file(dataset, admin).pk, dataset_imported_id=_imported(dataset, admin).pk,
    )  # fmt: skip


def _tell_outcomes(project: Project) -> None:
    """Let some of the people who called buy something, and somebody whom nobody knows."""
    units = Trace.objects.for_project(project).exclude(user_id="").values_list("user_id", flat=True)
    for unit in sorted(set(units))[:40:2]:
        tell(project, unit)
    tell(project, "nobody who called")


def _dashboard(project: Project, admin: User) -> Dashboard:
    made = dashboards.create(project=project, name="How the shop answers", by=admin)
    asked = ({"measure": "calls", "split": "prompt"}, {"measure": "errors", "compare": "1"}, {"measure": "users"})
    for values in asked:
        dashboards.keep(dashboard=made, question=questions.read(values), title="", by=admin)
    return made


def _reviews(project: Project, admin: User, writer: User) -> DemoReviews:
    """Make queues of calls, of pairs, of a judge with labels, with disagreements, and a closed one."""
    experiment = make_judged({"Kind answer": ["1101" * 10, "1001" * 10]}, project, name="Refunds, kinder")
    calls = queues.create(
        project=project, by=admin,
        plan=QueuePlan(
            name="What users disliked", source=Source(SourceKind.DISLIKED, days=30), count=20, answers_wanted=2,
            questions=[GOOD, NewQuestion("choice", "What is wrong with it?", "problem", ("Tone", "Facts", LONG[:60]), False), CORRECTION],
            guidance="A good answer helps the customer to go on.\nIn doubt press 0.",
        ),
    )  # fmt: skip
    pairs, judge = make_pairs(experiment, is_blind=True), make_calibration(experiment)
    disputed = make_queue(experiment, answers_wanted=2, is_blind=False, questions=(GOOD, CORRECTION))
    for turn, item in enumerate(judge.items.order_by("rank")[:30]):
        say(make_reviewer(judge, admin), item, "yes" if item.judge_passed or turn % 5 == 0 else "no")
    for turn, item in enumerate(disputed.items.order_by("rank")[:24]):
        for person in (admin, writer):
            value = "no" if person == writer and turn % 4 == 0 else "yes"
            say(
                make_reviewer(disputed, person),
                item,
                value,
                more={"1": f"Better. {LONG}"},
                note=LONG,
                is_flagged=turn == 1,
            )
    closed = make_queue(experiment, name="Done long ago")
    queues.close(queue=closed, by=admin)
    _, token = guests.invite(queue=calls, label="Dr. Meyer", days=30, by=admin)
    claims.take(reviewer=make_reviewer(calls, admin))
    return DemoReviews(calls.pk, pairs.pk, judge.pk, disputed.pk, closed.pk, experiment.pk, token)


def _talk_about(prompt: Prompt, admin: User, writer: User) -> None:
    """Let two people talk about the second version, in threads on lines and on the whole."""
    version = prompt.versions.get(number=2)
    asked = comments.add(
        prompt=prompt, version=version, anchor=Anchor(0, 1), by=writer,
        text=f"@{admin.name} is this kind enough? I would say it the way we did at https://example.com/ before.",
    )  # fmt: skip
    comments.answer(comment=asked, text=f"Yes, @{writer.name}.\nLeave it.", by=admin)
    gone = comments.answer(comment=asked, text="Never mind", by=writer)
    comments.delete(comment=gone, by=writer)
    comments.add(prompt=prompt, version=version, text=f"Reads well. {LONG}", by=writer)
    settled = comments.add(prompt=prompt, version=version, anchor=Anchor(0, 1), text="A typing mistake?", by=writer)
    comments.resolve(comment=settled, by=admin)
    newest = versions.newest_of(prompt)
    comments.add(prompt=prompt, version=newest, anchor=Anchor(0, 1), text=f"Kind enough? {LONG}", by=writer)
    comments.add(prompt=prompt, version=newest, text="As a whole it reads well.", by=writer)


def _scheduled_export(project: Project, admin: User) -> ScheduledExport:
    """Make an export to an object store with a day that was written, one that is tried again, and one that was given up."""
    wanted = ScheduledWanted(
        name="Warehouse",
        kind="parquet",
        destination="s3",
        endpoint="https://8.8.8.8",
        bucket="calls",
        access_key="AKEXPORTS",
    )
    since = timezone.now() - timedelta(days=2)
    made = scheduled_exports.create(project=project, wanted=wanted, secret="secret", by=admin, now=since)
    planning.plan(now=timezone.now())
    states = [
        {"state": RunState.FAILED, "problem": "There is no such bucket. Make it first, or correct its name."},
        {"state": RunState.DONE, "row_count": 1_204, "byte_count": 731_000, "place": "end", "finished_at": timezone.now(),
         "parts": [{"name": "calls-00001.parquet", "rows": 1_204, "bytes": 731_000, "sha256": "0" * 64}]},
    ]  # fmt: skip
    for run, values in zip(made.runs.order_by("starts_at"), states, strict=False):
        ExportRun.objects.filter(pk=run.pk).update(**values)
    ExportRun.objects.filter(scheduled_export=made, state=RunState.WAITING).update(
        problem="The connection to the store failed: timed out",
        tries=2,
        next_try_at=timezone.now() + timedelta(minutes=4),
    )
    return made


def _webhooks(project: Project, admin: User) -> tuple[WebhookEndpoint, WebhookEndpoint, WebhookDelivery]:
    """Make a webhook with deliveries that went well and badly, and one that is switched off."""
    endpoint, _ = webhooks.create(
        project=project, name="Deploy bot", url="https://8.8.8.8/hooks", events=["prompt:published"], by=admin
    )
    off, _ = webhooks.create(
        project=project, name="Team chat", url=f"https://8.8.8.8/services/{LONG}", events=["prompt:undone"], by=admin,
        format="slack",
    )  # fmt: skip
    WebhookEndpoint.objects.filter(pk=off.pk).update(
        is_enabled=False, disabled_because="All 8 tries within a day failed; at the last one: it answered 503."
    )
    for state, status in (("delivered", 200), ("failed", 500)):
        delivery = webhooks.send_test(endpoint=endpoint)
        WebhookDelivery.objects.filter(pk=delivery.pk).update(state=state)
        WebhookAttempt.objects.create(
            delivery=delivery, number=1, status=status, took_ms=120, finished_at=timezone.now(),
            answer=f"<html><script>alert(1)</script>{LONG}",
        )  # fmt: skip
    return endpoint, off, delivery


def _prompt(project: Project, one: DemoPrompt, admin: User) -> Prompt:
    prompt = prompts.create(project=project, name=one.name, type=one.type, by=admin)
    for text in one.versions:
        content = contents.parse(
            {
                "type": one.type, "text": text.text, "messages": list(text.messages), "variables": list(one.variables),
                "settings": dict(text.settings),
            }
        )  # fmt: skip
        version = versions.save(prompt=prompt, content=content, note=text.note, by=admin)
        if text.published_after is not None:
            labels.publish(prompt=prompt, version=version, label="production", by=admin, reason=text.note)
    labels.publish(prompt=prompt, version=version, label="staging", by=admin)
    return prompt


def _propose(prompt: Prompt, writer: User) -> None:
    """Let a version wait for approval, and another one for its moment."""
    words = contents.parse(
        {"type": prompt.type, "text": f"{LONG} {{{{ticket}}}}", "messages": [{"role": "user", "content": LONG}]}
    )
    version = versions.save(prompt=prompt, content=words, note=f"Because {LONG}", by=writer)
    request = change_requests.ask(
        prompt=prompt, version=version, label="production", by=writer, note=f"Please look at {LONG}"
    )
    comments.add(prompt=prompt, change_request_id=request.pk, text=f"Why all of {LONG}?", by=writer)
    schedules.plan(
        prompt=prompt, version=version, label="staging", publish_at=timezone.now() + timedelta(days=1), by=writer,
        expected_version=prompt.labels.get(name="staging").version.number,
    )  # fmt: skip


def _online(evaluator: Evaluator, admin: User) -> OnlineEvaluation:
    """Let the check judge the calls of the last hours, and wait for money."""
    online = changes.create(project=evaluator.project, evaluator=evaluator, wanted=Wanted(share_ppm=400_000), by=admin)
    rows = OnlineEvaluation.objects.filter(pk=online.pk)
    rows.update(since_at=timezone.now() - timedelta(hours=20), cursor_at=timezone.now() - timedelta(hours=20))
    running.run(online_id=online.pk)
    rows.update(
        state="blocked", reason="The limit of $1.00 a day does not allow another call. It goes on after midnight UTC.",
        blocked_until=timezone.now() + timedelta(hours=3),
    )  # fmt: skip
    return online


def _evaluator(project: Project, admin: User) -> Evaluator:
    """Add the first set, and return a check of two versions."""
    starters.add(project=project, by=admin)
    long = {"texts": ["refund", LONG], "wanted": "all"}
    evaluator = definitions.create(
        project=project,
        name=f"Names the refund {LONG[:60]}",
        description=LONG,
        kind="contains",
        settings=long,
        by=admin,
    )
    definitions.change(evaluator=evaluator, kind="contains", settings={"texts": ["refund"], "wanted": "any"}, by=admin)
    return evaluator


def _dataset(project: Project, admin: User) -> Dataset:
    dataset = datasets.create(
        project=project, name="support/disliked", description="Questions that users disliked", by=admin
    )
    found = [call for _, call in calls.of_traces(list(Trace.objects.for_project(project).newest_first()[:12]))]
    calls.add(dataset=dataset, calls=found, with_answer=True, tags=["november", "refunds"], split="test", by=admin)
    long = {"question": LONG, "history": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]}
    item = datasets.add_item(
        dataset=dataset, input=long, expected_output={"answer": LONG, "sources": [1, 2]}, context="A page.", metadata={"a": 1}, by=admin
    )  # fmt: skip
    datasets.change_item(
        dataset=dataset, number=item.number, content=item_contents.checked(input=long | {"shop": "Nord"}), by=admin
    )
    datasets.add_item(dataset=dataset, input={"question": "To be removed"}, by=admin)
    datasets.remove_item(dataset=dataset, number=item.number + 1, by=admin)
    return dataset


def _measure_coverage(dataset: Dataset) -> None:
    """Let the dataset be measured yesterday and today, on the calls of the demo."""
    while analyses.run(project_id=dataset.project_id):
        pass
    yesterday = measuring.measure(dataset=dataset, prompt_name="")
    DatasetCoverage.objects.filter(pk=yesterday.pk).update(day=yesterday.day - timedelta(days=1))
    measuring.measure(dataset=dataset, prompt_name="")
    _pretend_it_is_measured(dataset)
    for mark in ("", "!"):
        datasets.add_item(dataset=dataset, input={"question": f"Please write to jo.doe@example.com{mark}"}, by=None)
    item_care.look(dataset=dataset)


def _pretend_it_is_measured(dataset: Dataset) -> None:
    """Show the whole page: the demo has fewer different calls than a number needs."""
    keys = [
        [trace.hex, span]
        for trace, span in CallAnalysis.objects.filter(project=dataset.project, embedding__isnull=False)
        .order_by("draw")
        .values_list("trace_id", "span_id")[:24]
    ]
    groups = [
        {"name": f"refund, order, {number}", "share": 1 / 12, "covered": number / 12, "items": number, "example": key}
        for number, key in enumerate(keys[:12])
    ]
    values = {"percent": 46, "thin_percent": 31, "groups": groups, "suggestions": [[*key, 0.02] for key in keys[12:22]]}
    dataset.coverages.update(**values, call_count=4_812, distinct_count=3_907)


def _file(dataset: Dataset, admin: User) -> DatasetImport:
    rows = f"question,__expected,__metadata:topic\nWhere is it?,Here,parcels\n{LONG},,\ntoo,many,cells,here\n"
    return imports.begin(dataset=dataset, file_name=f"{LONG[:60]}.csv", chunks=[rows.encode()], by=admin)


def _imported(dataset: Dataset, admin: User) -> DatasetImport:
    found = _file(dataset, admin)
    imports.confirm(dataset_import=found, by=admin)
    imports.run(import_id=found.pk)
    return found


def _experiments(dataset: Dataset, prompt: Prompt, admin: User) -> tuple[Experiment, Experiment]:
    """Make a test that ended, one in the archive, and one that runs and has failures of every kind."""
    texts = [contents.of_version(prompt.versions.get(number=number)).to_json() for number in (1, 2)]
    variants = [
        make_variant(place + 1, content=text, model=f"simulated-{LONG[:40]}") for place, text in enumerate(texts)
    ]
    values = {"prompt": prompt, "created_by": admin, "variants": variants, "dataset": dataset}
    amount = dataset.items.at(dataset.revision).count()
    done = make_experiment(
        **values, name=f"Shorter {LONG[:150]}", note=f"Does {LONG[:200]} help?", evaluators=["Correct", LONG[:100]]
    )
    answer(done, {0: ["10" * amount, "1" * amount], 1: ["01" * amount, "1!" * amount]})
    running = make_experiment(
        **values, name="Kinder", state="running", cap_nano_usd=2 * 10**9, ended_at=None, evaluators=done_checks(done)
    )
    answer(running, {0: ["1x." * amount, "0.!" * amount]})
    running.cells.filter(state="failed").update(error=f"The provider said: <b>{LONG}</b>")
    make_experiment(**values, name="Old", evaluators=[], archived_at=timezone.now())
    return done, running


def _replay(project: Project, prompt: Prompt) -> Experiment:
    """Make a replay that ended: better at one thing, worse at another, in topics large and small."""
    checks = [
        make_evaluator_version(project, "Helps every time", kind="refusal"),
        make_evaluator_version(project, "Short every time", kind="length", most=150),
        make_evaluator_version(project, f"Readable {LONG[:80]}", kind="readability"),
    ]
    content = contents.of_version(prompt.versions.get(number=1)).to_json()
    experiment = make_judged(
        {"Helps": ["0" * 30 + "1" * 30, "1" * 60], "Short": ["1" * 60, "0" * 20 + "1" * 40], "Any": ["01" * 30, "!1" * 30]},
        project, name="Draft on the calls of 28 Nov", prompt=prompt, evaluators=checks,
        variants=[make_variant(0, kind=RECORDED, is_live=False, label="As answered", content=content), make_variant(2, content=content)],
    )  # fmt: skip
    for place, item in enumerate(experiment.dataset.items.by_number()):
        topic = min(place // 25, 2)
        item.metadata = {
            "stands_for": 1 + place % 7,
            "topic": ("Returns", LONG[:120], "Sizes")[topic],
            "topic_id": topic + 1,
        }
        item.save(update_fields=["metadata"])
    return experiment


def done_checks(experiment: Experiment) -> list[EvaluatorVersion]:
    return [one.evaluator_version for one in experiment.evaluators.order_by("position")][:1]


def _trial(prompt: Prompt, connection: ProviderConnection, admin: User) -> Trial:
    """Make a trial with an answer of each kind in it."""
    content = contents.of_version(prompt.versions.get(number=1)).to_json()
    variants = [
        Variant(
            kind=VERSION, number=number, is_live=number == 1, content=content, connection_id=connection.pk,
            connection_name=connection.name, model="simulated-fast", is_simulated=True,
        )
        for number in (1, 2)
    ]  # fmt: skip
    given = [
        TrialInput({"question": LONG, "customer_name": "David"}, answer=LONG, is_disliked=True),
        *[TrialInput({})] * 2,
    ]
    trial = trials.create(prompt=prompt, inputs=given, variants=variants, by=admin)
    done = {
        "state": CellState.DONE,
        "latency_ms": 1234,
        "output_tokens": 61,
        "input_tokens": 300,
        "cost_nano_usd": 71_000,
    }
    trial.cells.filter(row=0).update(text=f"{LONG} is the answer.", **done)
    trial.cells.filter(row=0, column=1).update(
        text=f"{LONG} was the answer. " * 30, mark="better", finish_reason="length"
    )
    failed = {"error": "The provider refused the key.", "error_kind": "KeyRefused", "detail": LONG}
    trial.cells.filter(row=1, column=0).update(state=CellState.FAILED, **failed)
    trial.cells.filter(row=1, column=1).update(state=CellState.STOPPED, text="Half an", latency_ms=20)
    return trial


def _recall(prompt: Prompt, connection: ProviderConnection, admin: User) -> int:
    """Make a trial of real calls with the live version and another one; return the number of that."""
    live = prompt.labels.get(name="production").version
    other = prompt.versions.exclude(pk=live.pk).order_by("number")[1]
    variants = [
        Variant(
            kind=VERSION, number=version.number, is_live=version == live, content=contents.of_version(version).to_json(),
            connection_id=connection.pk, connection_name=connection.name, model="simulated-fast", is_simulated=True,
        )
        for version in (live, other)
    ]  # fmt: skip
    given = [
        TrialInput({"question": LONG}, source=CALL, answer=f"{LONG} it was.", is_disliked=True),
        TrialInput({"question": "Where is my parcel?"}, source=CALL),
    ]
    trial = trials.create(prompt=prompt, inputs=given, variants=variants, by=admin)
    trial.cells.filter(row=0).update(state=CellState.DONE, text=f"{LONG} it is.", latency_ms=800, output_tokens=60)
    return other.number


def _send_a_day_of_calls(project: Project) -> None:
    now, opinions = timezone.now(), []
    for batch in traffic.history(ends_at=now, days=1, visits_per_day=VISITS):
        opinions += batch.feedback
        store(protobuf.spans_of(batch.request), Sender(project_id=project.pk, environment="", received_at=now))
    scores.record(project_id=project.pk, scores=[scores.checked(item, now=now) for item in opinions])


def _talk_about_trace(trace: Trace, admin: User, writer: User) -> str:
    """Comment on a trace and share it; return the secret of the link."""
    trace_comments.add(project=trace.project, trace=trace, text="@Sam Writer, why was this not refunded?", by=admin)
    trace_comments.add(project=trace.project, trace=trace, text=f"The rule changed. {LONG}", by=writer)
    links.allow(project=trace.project, is_allowed=True, by=admin)
    return links.make(project=trace.project, trace=trace, label="Dr. Meyer", days=7, by=admin)[1]


def _send_a_deep_trace(project: Project) -> str:
    """Send a trace with steps in steps, a failure and texts that do not fit on a line."""
    trace_id, at = new_trace_id(), timezone.now() - timedelta(minutes=5)
    above, spans = "", []
    for depth in range(14):
        span_id = new_span_id()
        spans.append(
            make_span(
                trace_id=trace_id, span_id=span_id, parent_id=above, name=f"step {depth}", kind=Kind.AGENT, at=at,
                took_ms=9000 - depth * 100, asked=LONG, answered={"found": [LONG, depth]}, environment="staging",
            )
        )  # fmt: skip
        above = span_id
    spans.append(
        make_span(
            trace_id=trace_id, parent_id=above, name=f"chat {LONG}", at=at, asked=LONG, answered=LONG * 4, error="RateLimitError",
            model="gpt-5-mini", environment="staging",
        )
    )  # fmt: skip
    send(project, *spans)
    rate(project, trace_id, user="customer-0815", comment=f"That was wrong: {LONG}")
    return trace_id
