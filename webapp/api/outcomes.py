"""Business outcomes by unit, from applications."""

from __future__ import annotations

import orjson
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router

from monitoring.errors import OutcomeRefused
from monitoring.outcomes import recording
from projects import keys
from projects.roles import Scope
from webapp.api import bodies, rate_limits
from webapp.api.admission import demand_open
from webapp.api.auth import KeyAuth, caller_of
from webapp.api.errors import ApiError
from webapp.database_waits import SECONDS_TO_STORE, within

router = Router(tags=["Feedback"])


@router.post("/outcomes", auth=KeyAuth(Scope.FEEDBACK_WRITE), summary="Send what became of users, sessions or traces")
def send_outcomes(request: HttpRequest) -> HttpResponse:
    """Store up to 1,000 items: `{"items": [{"unit_id", "name", "value", "happened_at", "id"}]}`.

    The `unit_id` is the id that rollouts assign by: the user of the calls, else their session, else the trace id. The
    `value` is a number, true or false; left out, it happened. With an `id` (a UUID) a repeated request changes nothing.
    Answers 200 with the ids when all are committed, 207 when some were refused, with the reasons.
    """
    caller = caller_of(request)
    demand_open()
    rate_limits.demand_room(caller, wire_bytes=bodies.wire_bytes(request), over=429)
    items = bodies.json_object(request).get("items")
    if not isinstance(items, list) or not items:
        raise ApiError(422, 'Send {"items": [...]} with at least one item.')
    if len(items) > recording.MAX_ITEMS:
        raise ApiError(413, "One request may carry 1,000 items. Send smaller batches.")
    accepted, rejected = [], []
    now = timezone.now()
    for index, item in enumerate(items):
        try:
            accepted.append(recording.checked(item, project_id=caller.project_id, now=now))
        except OutcomeRefused as error:
            rejected.append({"index": index, "reason": str(error)})
    client = request.headers.get("X-Callboard-SDK") or request.headers.get("User-Agent", "")
    with within(SECONDS_TO_STORE):
        keys.touch(key_id=caller.key_id, used_by=client.replace("\x00", ""))
        recording.record(project_id=caller.project_id, outcomes=accepted)
    answer = {"accepted": len(accepted), "ids": [str(one.id) for one in accepted], "rejected": rejected}
    status = 207 if rejected else 200
    return HttpResponse(orjson.dumps(answer), status=status, content_type="application/json")
