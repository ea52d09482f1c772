"""Sends the canary on its way, as an application would: over HTTP, with a key, through the addresses of Callboard itself."""

from __future__ import annotations

import hmac
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import orjson
from django.conf import settings
from django.db import transaction

from monitoring import canary
from projects import jobs, keys, projects, tokens
from projects.models import ApiKey, Job, Project
from projects.roles import Scope
from prompt_registry import contents, prompts, versions

KIND = "canary"
PROMPT = "canary"
_SECONDS = 9.0
_VISIBLE_SECONDS = 5.0
_KEY_NAME = "canary"


class CanaryStuck(Exception):
    """The canary did not get through."""


def run() -> None:
    """Take this minute's canary as far as the job that a worker must do; `arrive` is the last stage."""
    due_at = canary.begin()
    if due_at is None:
        return
    try:
        project, key = _prepare()
        trace_id, at = uuid.uuid4(), datetime.now(UTC)
        _timed(due_at, "send", lambda: _send(key, trace_id, at))
        _timed(due_at, "visible", lambda: _look_for(project, trace_id, at))
        _timed(due_at, "prompt", lambda: _fetch(f"/api/v1/prompts/{PROMPT}?label=latest", key))
        jobs.add(kind=KIND, dedupe_key=trace_id.hex, payload={"due_at": due_at.isoformat(), "asked_at": time.time()})
    except CanaryStuck as error:
        canary.fail(due_at=due_at, error=str(error))


def arrive(job: Job) -> None:
    """Note that a worker did the canary's job."""
    took_ms = (time.time() - float(job.payload["asked_at"])) * 1000
    canary.note(due_at=datetime.fromisoformat(job.payload["due_at"]), stage="job", took_ms=max(0.0, took_ms))


def forget_old() -> None:
    """Remove runs and calls of the canary that are older than a day."""
    project = Project.objects.of_the_system().first()
    canary.forget_old(project_id=project.pk if project else None)


def _timed(due_at: datetime, stage: str, act: Callable[[], Any]) -> None:
    began = time.perf_counter()
    act()
    canary.note(due_at=due_at, stage=stage, took_ms=(time.perf_counter() - began) * 1000)


def _send(key: str, trace_id: uuid.UUID, at: datetime) -> None:
    start_ns = int(at.timestamp() * 1_000_000) * 1000
    span = {
        "traceId": trace_id.hex, "spanId": trace_id.hex[:16], "name": "canary", "startTimeUnixNano": str(start_ns),
        "endTimeUnixNano": str(start_ns + 1_000_000),
    }  # fmt: skip
    _fetch("/v1/traces", key, orjson.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}))


def _look_for(project: Project, trace_id: uuid.UUID, at: datetime) -> None:
    deadline = time.monotonic() + _VISIBLE_SECONDS
    while not canary.is_visible(project_id=project.pk, trace_id=trace_id, at=at):
        if time.monotonic() > deadline:
            raise CanaryStuck("The call was accepted, but it is not in the list of traces and the counters.")
        time.sleep(0.05)


def _fetch(path: str, key: str, body: bytes | None = None) -> None:
    """Ask our own address; the name of the site goes along, because the address may be one inside the network."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", "User-Agent": "callboard-canary"}
    headers["Host"] = urlsplit(settings.PUBLIC_URL).netloc
    request = urllib.request.Request(settings.CANARY_URL + path, data=body, headers=headers)  # noqa: S310 - our own address
    # No proxy of the environment: the canary stays inside.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=_SECONDS) as answer:
            answer.read()
    except urllib.error.HTTPError as error:
        said = error.read(300).decode(errors="replace").replace("\x00", "")
        raise CanaryStuck(f"{path.partition('?')[0]} answered {error.code}: {said}") from error
    except OSError as error:
        raise CanaryStuck(f"{settings.CANARY_URL} does not answer: {error}") from error


@transaction.atomic
def _prepare() -> tuple[Project, str]:
    """Return the canary's project and key, made on the first run and whenever the secret key of the site changed."""
    project = Project.objects.of_the_system().first() or _make_project()
    secret = _secret()
    key = project.api_keys.filter(name=_KEY_NAME, revoked_at=None, secret_hash=tokens.digest(secret)).first()
    if key is None:
        key, _ = keys.create(project=project, name=_KEY_NAME, scopes=[Scope.INGEST, Scope.PROMPTS_READ])
        ApiKey.objects.filter(pk=key.pk).update(
            secret_hash=tokens.digest(secret), feedback_key=tokens.feedback_key(secret)
        )  # fmt: skip
    return project, tokens.compose(key_id=key.key_id, secret=secret)


def _make_project() -> Project:
    project = projects.create_for_the_system()
    prompt = prompts.create(project=project, name=PROMPT, type="text", by=None)
    content = contents.parse({"type": "text", "text": "Is anybody there?"})
    versions.save(prompt=prompt, content=content, note="Fetched once a minute by the canary", by=None)
    return project


def _secret() -> str:
    """Return a secret that every worker of this installation knows without storing it."""
    digest = hmac.digest(settings.SECRET_KEY.encode(), b"callboard canary v1", "sha256")
    return tokens.urlsafe(digest)
