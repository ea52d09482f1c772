"""Deleting on request for applications: ask for it, and look how far it is. The key's maker must be an admin."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from django.http import HttpRequest, HttpResponse
from ninja import Router
from pydantic import Field

from monitoring.erasure import requests
from monitoring.erasure.errors import AlreadyRunning, ErasureRefused
from monitoring.erasure.models import Erasure, SubjectKind
from projects import keys
from projects.models import Membership, Project, User
from projects.roles import Action, Scope
from webapp.api import bodies
from webapp.api.auth import KeyAuth, caller_of
from webapp.api.errors import ApiError
from workers import erasure_jobs

router = Router(tags=["Deleting on request"])

MAX_LIMIT = 200
NOT_ADMIN = "Only an admin may delete, and who made this key is none. Let an admin make a key."
UNKNOWN = "This request does not exist, or it belongs to another project."
Limit = Annotated[int, Field(ge=1, le=MAX_LIMIT)]
Number = Annotated[int, Field(ge=0, le=2**62)]


@router.post("/erasures", auth=KeyAuth(Scope.API_WRITE), summary="Delete everything of a user, a session or a trace")
def ask(request: HttpRequest) -> HttpResponse:
    """Begin to delete what `{"kind": "user", "id": "…", "valid_days": 30}` names; answers 202 with where it stands.

    It is done when its `state` is `done`; what arrives late is kept out for `valid_days`.
    """
    document = bodies.json_object(request)
    kind, subject, days = document.get("kind"), document.get("id"), document.get("valid_days", requests.VALID_DAYS)
    if kind == SubjectKind.FILTER or not isinstance(subject, str) or not isinstance(kind, str):
        raise ApiError(422, "Send the kind (user, session or trace) and the id, both as texts.")
    if not isinstance(days, int) or not 1 <= days <= requests.MOST_VALID_DAYS:
        raise ApiError(422, f"The valid_days must be a number from 1 to {requests.MOST_VALID_DAYS}.")
    try:
        made = requests.ask(
            project=_project(request), subject=requests.checked(kind=kind, subject=subject), by=_admin(request),
            valid_days=days,
        )  # fmt: skip
    except ErasureRefused as error:
        raise ApiError(409 if isinstance(error, AlreadyRunning) else 422, str(error)) from error
    return _answer(_told(made), status=202)


@router.get("/erasures", auth=KeyAuth(Scope.API_READ), summary="List requests to delete, newest first")
def list_requests(request: HttpRequest, limit: Limit = 50, cursor: Number = 0) -> dict[str, Any]:
    """One page of the requests; go on with `next` as `cursor`."""
    rows = Erasure.objects.for_project(_project(request)).newest_first()
    found = list((rows.filter(pk__lt=cursor) if cursor else rows)[: limit + 1])
    return {"items": [_told(one) for one in found[:limit]], "next": found[limit - 1].pk if len(found) > limit else None}


@router.get("/erasures/{erasure_id}", auth=KeyAuth(Scope.API_READ), summary="One request to delete")
def get_request(request: HttpRequest, erasure_id: Number) -> dict[str, Any]:
    """How far a request is, place by place."""
    found = Erasure.objects.for_project(_project(request)).filter(pk=erasure_id).first()
    if found is None:
        raise ApiError(404, UNKNOWN)
    titles = {place.name: place.title for place in erasure_jobs.all_places()}
    places = [
        {"name": one.name, "title": titles.get(one.name, one.name), "deleted": one.erased_count, "is_clean": one.is_clean}
        for one in found.places.all()
    ]  # fmt: skip
    return _told(found) | {"places": places}


def _project(request: HttpRequest) -> Project:
    return Project.objects.get(pk=caller_of(request).project_id)


def _admin(request: HttpRequest) -> User:
    maker = keys.maker_of(caller_of(request))
    member = Membership.objects.filter(
        project_id=caller_of(request).project_id, user=maker, user__is_active=True
    ).first()  # fmt: skip
    if maker is None or member is None or not member.can(Action.MANAGE_PROJECT):
        raise ApiError(403, NOT_ADMIN)
    return maker


def _told(found: Erasure) -> dict[str, Any]:
    """Return what is known of a request; never whom it is about."""
    return {
        "id": found.pk, "kind": found.kind, "state": found.state, "traces": found.trace_count,
        "kept_out": found.late_count, "problem": found.problem or None,
        "still_written_in": [{"table": table, "rows": count} for table, count in found.leftovers],
        "requested_at": found.requested_at.isoformat(), "valid_until": found.valid_until.isoformat(),
        "finished_at": found.finished_at.isoformat() if found.finished_at else None,
    }  # fmt: skip


def _answer(document: dict[str, Any], *, status: int) -> HttpResponse:
    return HttpResponse(orjson.dumps(document), status=status, content_type="application/json")
