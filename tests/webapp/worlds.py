"""Two projects with one of everything in each, for tests that walk all addresses."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.test import Client
from django.utils import timezone

from monitoring import masking_policies
from projects import keys, members, projects
from projects.models import Project, User
from projects.roles import Role, Scope
from prompt_registry import change_requests, connections, contents, labels, prompts, schedules, versions
from prompt_registry.models import PRODUCTION
from tests.projects.factories import make_member, make_user


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
    prompt_id: int
    prompt_name: str
    change_request_id: int
    schedule_id: int
    trace_id: str
    span_id: str
    session_id: str


def make_things(*, name: str) -> Things:
    """Return a new project with one of everything."""
    admin = make_user()
    project = projects.create(name=name, by=admin, is_approval_required=False)
    member = make_member(project=project, role=Role.VIEWER)
    invitation, _ = members.invite(project=project, email=f"{project.slug}@example.com", role=Role.VIEWER, by=admin)
    key, plain = keys.create(project=project, name="everything", scopes=list(Scope), by=admin)
    connection = connections.add_simulated(project=project, by=admin)
    rule = masking_policies.add_rule(project=project, name="customer", pattern="CN-[0-9]+", mode="mask", by=admin)
    prompt = prompts.create(project=project, name="support/answer", type="text", by=admin)
    content = contents.parse({"type": "text", "text": f"Answer for {name}: {{{{question}}}}"})
    version = versions.save(prompt=prompt, content=content, by=admin)
    labels.publish(prompt=prompt, version=version, label=PRODUCTION, by=admin)
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
    membership = project.memberships.get(user=member)
    return Things(
        project, admin, membership.pk, invitation.pk, key.pk, connection.pk, rule.pk, prompt.pk, prompt.name,
        request.pk, schedule.pk, trace_id, span_id, session_id,
    )  # fmt: skip


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


def change_request(things: Things) -> dict[str, object]:
    return {"prompt_id": things.prompt_id, "request_id": things.change_request_id}


def trace(things: Things) -> dict[str, object]:
    return {"hex_id": things.trace_id}


def fixed(**kwargs: object) -> Named:
    return Named(kwargs=lambda things: kwargs, names_a_thing=False)


PLAIN = Named(names_a_thing=False)

# One entry for every address inside a project. A new address fails the tests until it has one.
IN_PROJECT: dict[str, Named] = {
    "overview": PLAIN,
    "overview-chart": fixed(name="calls"),
    "prompts": PLAIN,
    "prompt-new": PLAIN,
    "prompt-by-name": Named(query=lambda things: {"name": things.prompt_name}, names_a_thing=False),
    "prompt": Named(prompt),
    "prompt-draft": Named(prompt),
    "prompt-preview": Named(prompt),
    "prompt-discard": Named(prompt),
    "prompt-changed": Named(prompt),
    "prompt-windows": Named(prompt),
    "prompt-rename": Named(prompt),
    "prompt-archive": Named(prompt),
    "prompt-delete": Named(prompt),
    "prompt-restore": Named(prompt),
    "prompt-publish": Named(prompt),
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
    "explore": PLAIN,
    "explore-new": PLAIN,
    "trace": Named(trace),
    "trace-feedback": Named(trace),
    "span-text": Named(lambda things: {"hex_id": things.trace_id, "span_hex_id": things.span_id, "part": "attributes"}),
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
    "settings-publishing": PLAIN,
    "protect-labels": PLAIN,
    "switch-approval": PLAIN,
    "settings-privacy": PLAIN,
    "change-privacy": PLAIN,
    "try-masking": PLAIN,
    "add-masking-rule": PLAIN,
    "remove-masking-rule": Named(lambda things: {"rule_id": things.masking_rule_id}),
    "settings-ingestion": PLAIN,
    "settings-ingestion-chart": PLAIN,
    "settings-ingestion-quarantine": PLAIN,
    "settings-ingestion-limits": PLAIN,
    "settings-audit": PLAIN,
    "check-audit": PLAIN,
    "export-audit-csv": PLAIN,
    "export-audit-jsonl": PLAIN,
}

# Addresses outside projects that need something filled in.
OUTSIDE: dict[str, dict[str, object]] = {
    "sign-in-link": {"token": "invented"},
    "invitation": {"token": "invented"},
    "account_reset_password_from_key": {"uidb36": "1", "key": "invented"},
    "join-project": {"slug": "nowhere"},
    "person-link": {"person_id": 0},
    "person-off": {"person_id": 0},
    "person-on": {"person_id": 0},
    "sdk-wheel": {"name": "callboard-0-py3-none-any.whl"},
    "langfuse-trace": {"slug": "nowhere", "trace": "0af7651916cd43dd8448eb211c80319c"},
    "langfuse-2-trace": {"trace": "0af7651916cd43dd8448eb211c80319c"},
}
