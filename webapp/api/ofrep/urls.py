"""Lets every OpenFeature SDK take part in a rollout: asks what a prompt is for somebody (OpenFeature Remote Evaluation)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog
from django.db import InterfaceError, InternalError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.views.decorators.csrf import csrf_exempt
from psycopg_pool import PoolTimeout

from projects import keys
from projects.keys import Caller
from projects.roles import Scope
from prompt_registry.resolution import Refusal
from prompt_registry.rollouts.serving import Audience
from webapp.access import Rule, declared
from webapp.api import auth, bodies, rate_limits
from webapp.api.admission import busy
from webapp.api.errors import ApiError
from webapp.api.ofrep import answers, flags

log = structlog.get_logger("callboard.api.ofrep")

# An application may ask for every call that it makes; only a loop that went wrong asks more often.
PER_MINUTE = 12_000


def _one(request: HttpRequest, caller: Caller, key: str) -> HttpResponse:
    audience = _audience(request, caller)
    found = flags.find(project_id=caller.project_id, key=key)
    if isinstance(found, Refusal):
        raise ApiError(404, found.sentence, kind=answers.FLAG_NOT_FOUND)
    return answers.one(found, audience)


def _all(request: HttpRequest, caller: Caller, _: str) -> HttpResponse:
    audience = _audience(request, caller)
    found = flags.every(project_id=caller.project_id)
    return answers.many(request, [answers.evaluation(flag, audience) for flag in found])


def _audience(request: HttpRequest, caller: Caller) -> Audience:
    """Return who the body speaks of; raises ApiError only when it is not such a body at all."""
    try:
        document = bodies.small_json_object(request)
    except ApiError as error:
        error.kind = answers.PARSE_ERROR if error.status == 400 else error.kind
        raise
    context = document.get("context")
    if context is not None and not isinstance(context, dict):
        raise ApiError(400, "«context» must be an object.", kind=answers.INVALID_CONTEXT)
    return flags.audience_of(context or {}, environment=caller.environment)


def _known_caller(request: HttpRequest) -> Caller:
    if request.method != "POST":
        raise ApiError(405, "Send it with POST.", headers={"Allow": "POST"})
    caller = auth.caller(request, scope=Scope.PROMPTS_READ)
    rate_limits.demand_pace(caller, kind="flags", per_minute=PER_MINUTE)
    try:
        keys.touch(key_id=caller.key_id, used_by=request.headers.get("User-Agent", "").replace("\x00", ""))
    except OperationalError:
        log.warning("key_not_touched", key_id=caller.key_id)
    return caller


def _endpoint(answer: Callable[[HttpRequest, Caller, str], HttpResponse]) -> Callable[..., Any]:
    def evaluate(request: HttpRequest, key: str = "") -> HttpResponse:
        try:
            return answer(request, _known_caller(request), key)
        except ApiError as error:
            return answers.refused(error, key)
        except (OperationalError, InterfaceError, InternalError, PoolTimeout):
            sentence = "Callboard cannot reach its database right now. Try again in a moment."
            return answers.refused(busy(sentence), key)

    return csrf_exempt(declared(evaluate, Rule("keys", scope=Scope.PROMPTS_READ)))


urlpatterns: list[URLPattern] = [
    path("ofrep/v1/evaluate/flags", _endpoint(_all), name="ofrep-flags"),
    path("ofrep/v1/evaluate/flags/<path:key>", _endpoint(_one), name="ofrep-flag"),
]
