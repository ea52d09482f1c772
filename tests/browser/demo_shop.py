"""A project as it looks after a day of use: prompts in folders, calls with feedback, people, keys."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from monitoring import scores
from monitoring.ingest import protobuf
from monitoring.ingest.rows import Sender
from monitoring.ingest.store import store
from monitoring.kinds import Kind
from monitoring.models import Trace
from projects import keys, members, projects
from projects.models import Project, User
from projects.roles import Role, Scope
from prompt_registry import change_requests, connections, contents, drafts, labels, prompts, schedules, versions
from prompt_registry.models import Prompt
from tests.monitoring.factories import make_span, new_span_id, new_trace_id, rate, send
from tests.projects.factories import make_user
from webapp.demo import traffic
from webapp.demo.prompts import PROMPTS, DemoPrompt

VISITS = 24
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 3


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
    session_id: str
    connection_id: int
    invitation_token: str

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
    drafts.autosave(prompt=made[0], content={"messages": []}, base_number=1, revision=0, by=writer)
    _propose(made[1], writer)
    _send_a_day_of_calls(project)
    failed = _send_a_deep_trace(project)
    talk = Trace.objects.for_project(project).exclude(session_id="").newest_first()[0]
    return DemoShop(
        project=project, empty=projects.create(name="Brand new", by=admin), admin=admin, viewer=viewer, prompt=made[0],
        proposed=made[1],
        trace_id=talk.hex_id, failed_trace_id=failed, session_id=talk.session_id, connection_id=connection.pk,
        invitation_token=invitation,
    )  # fmt: skip


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
    change_requests.ask(prompt=prompt, version=version, label="production", by=writer, note=f"Please look at {LONG}")
    schedules.plan(
        prompt=prompt, version=version, label="staging", publish_at=timezone.now() + timedelta(days=1), by=writer,
        expected_version=prompt.labels.get(name="staging").version.number,
    )  # fmt: skip


def _send_a_day_of_calls(project: Project) -> None:
    now, opinions = timezone.now(), []
    for batch in traffic.history(ends_at=now, days=1, visits_per_day=VISITS):
        opinions += batch.feedback
        store(protobuf.spans_of(batch.request), Sender(project_id=project.pk, environment="", received_at=now))
    scores.record(project_id=project.pk, scores=[scores.checked(item, now=now) for item in opinions])


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
