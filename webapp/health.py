"""Whether this process lives, and whether it can serve."""

from __future__ import annotations

from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.urls import path
from psycopg_pool import PoolTimeout

from webapp.access import public


@public("process supervisors and load balancers ask without a key")
def livez(request: HttpRequest) -> JsonResponse:
    """Answer while the process lives; a database outage must not cause restarts."""
    return JsonResponse({"status": "ok"})


@public("process supervisors and load balancers ask without a key")
def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 200 when the database takes writes, else 503."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_is_in_recovery()")
            row = cursor.fetchone()
    except (DatabaseError, PoolTimeout):
        return JsonResponse({"status": "database unreachable"}, status=503)
    if row and row[0]:
        return JsonResponse({"status": "database is read-only"}, status=503)
    return JsonResponse({"status": "ok"})


urlpatterns = [path("livez", livez, name="livez"), path("readyz", readyz, name="readyz")]
