"""Makes the demo project once: prompts with their history, recorded calls with feedback, a key for the demo application."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from evals.evaluators import starters
from monitoring import partitions, scores
from monitoring.ingest import protobuf
from monitoring.ingest.rows import Sender
from monitoring.ingest.store import store
from projects import keys, members, projects
from projects.models import Project, User
from projects.roles import Role, Scope
from prompt_registry import connections, contents, labels, prompts, versions
from prompt_registry.models import LabelMove, Prompt, PromptVersion
from webapp.demo import traffic
from webapp.demo.prompts import PROMPTS, DemoPrompt, DemoVersion

NAME = "Nordlicht Outdoor (demo)"
SLUG = "demo"
DAYS = 14


def key_file() -> Path:
    """Return where the key of the demo application lies."""
    return Path(settings.DATA_DIR) / "secrets" / "demo.key"


def install() -> bool:
    """Make the demo project; return False when it was made before, even if somebody removed it since, or nobody owns it."""
    owners = list(User.objects.filter(is_owner=True, is_active=True).order_by("pk"))
    if not owners or key_file().exists() or Project.objects.filter(slug=SLUG).exists():
        return False
    publisher = owners[0]
    partitions.ensure(days_back=DAYS + 1)
    with transaction.atomic():
        project = projects.create(name=NAME, slug=SLUG, is_demo=True)
        for owner in owners:
            members.add(project=project, user=owner, role=Role.ADMIN)
        connections.add_simulated(project=project, by=publisher)
        starters.add(project=project, by=publisher)
        now = timezone.now()
        for demo_prompt in PROMPTS:
            _install_prompt(project, demo_prompt, ends_at=now, by=publisher)
        _install_traffic(project, ends_at=now)
        _, plain = keys.create(
            project=project,
            name="Demo application",
            by=publisher,
            scopes=[Scope.INGEST, Scope.PROMPTS_READ, Scope.FEEDBACK_WRITE],
        )
    _write_key(plain)
    return True


def _install_prompt(project: Project, demo: DemoPrompt, *, ends_at: datetime, by: User) -> None:
    prompt = prompts.create(project=project, name=demo.name, type=demo.type, by=by)
    starts_at = ends_at - timedelta(days=DAYS)
    written_at = starts_at - timedelta(days=1)
    by_number: dict[int, PromptVersion] = {}
    for one in demo.versions:
        version = versions.save(prompt=prompt, content=_content(demo, one), note=one.note, by=by)
        by_number[one.number] = version
        if one.published_after is not None:
            published_at = starts_at + (ends_at - starts_at) * one.published_after
            move = labels.publish(prompt=prompt, version=version, label="production", by=by, reason=one.note)
            LabelMove.objects.filter(pk=move.pk).update(moved_at=published_at)
            prompt.labels.filter(name="production").update(updated_at=published_at)
            written_at = published_at - timedelta(hours=2)
        PromptVersion.objects.filter(pk=version.pk).update(created_at=written_at)
    Prompt.objects.filter(pk=prompt.pk).update(created_at=starts_at - timedelta(days=2))
    for label, number in demo.labels.items():
        current = prompt.labels.filter(name=label).first()
        if label != "latest" and (current is None or current.version_id != by_number[number].pk):
            labels.publish(prompt=prompt, version=by_number[number], label=label, by=by)


def _content(demo: DemoPrompt, version: DemoVersion) -> contents.PromptContent:
    return contents.parse(
        {
            "type": demo.type,
            "text": version.text,
            "messages": list(version.messages),
            "variables": list(demo.variables),
            "settings": dict(version.settings),
        }
    )


def _install_traffic(project: Project, *, ends_at: datetime) -> None:
    opinions = []
    for batch in traffic.history(ends_at=ends_at, days=DAYS):
        opinions += batch.feedback
        store(
            protobuf.spans_of(batch.request),
            Sender(project_id=project.pk, environment="", received_at=ends_at),
        )
    scores.record(project_id=project.pk, scores=[scores.checked(item, now=ends_at) for item in opinions])


def _write_key(plain: str) -> None:
    path = key_file()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(plain)
