"""Whether this process lives, and whether it can serve."""

from __future__ import annotations

import os
from typing import Any

from django.db import Error, connection
from django.http import HttpRequest, JsonResponse
from django.urls import path
from psycopg_pool import PoolTimeout

from monitoring import canary
from webapp import disk, draining
from webapp.access import public
from webapp.database_waits import within

_SECONDS_TO_ANSWER = 3.0


@public("process supervisors and load balancers ask without a key")
def livez(request: HttpRequest) -> JsonResponse:
    """Answer while the process lives; a database outage must not cause restarts."""
    return JsonResponse({"status": "ok"})


@public("process supervisors and load balancers ask without a key")
def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 200 when this process takes requests and the database takes writes, else 503; the details only inform."""
    if draining.is_draining():
        return JsonResponse({"status": "draining"}, status=503)
    tier = disk.guard.tier
    if tier >= disk.Tier.NO_INGEST and os.environ.get("CALLBOARD_POOL") == "ingest":
        return JsonResponse({"status": "the disk is nearly full"}, status=503)
    try:
        with within(_SECONDS_TO_ANSWER):
            if _is_read_only():
                return JsonResponse({"status": "database is read-only"}, status=503)
            details = {"disk": tier.name.lower(), "canary": _canary()}
    except (Error, PoolTimeout):
        return JsonResponse({"status": "database unreachable"}, status=503)
    return JsonResponse({"status": "ok", **details})


def _is_read_only() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_is_in_recovery()")
        return bool(cursor.fetchone()[0])


def _canary() -> dict[str, Any]:
    state = canary.state()
    return {"state": state.word, "last_success_seconds_ago": state.age_seconds}


urlpatterns = [path("livez", livez, name="livez"), path("readyz", readyz, name="readyz")]
