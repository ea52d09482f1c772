"""Issues for applications: what is wrong with the traffic, and changing who cares for it and how it stands."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema
from pydantic import ConfigDict, Field, StringConstraints, ValidationError

from monitoring.errors import MonitoringError
from monitoring.issues import changes, news, queries
from monitoring.issues import rows as issue_rows
from monitoring.issues.errors import IssueChangedMeanwhile, IssueMerged, StateForbids
from monitoring.issues.models import Issue, IssueState
from monitoring.models import span_hex
from projects import keys
from projects.models import Project, User
from projects.roles import Scope
from prompt_registry.errors import NotAllowed
from webapp.api import bodies
from webapp.api.auth import KeyAuth, caller_of
from webapp.api.errors import ApiError

router = Router(tags=["Issues"])

MAX_LIMIT = 200
_CALLS = 20
_MAX_INT = 2**31 - 1
NOBODY = "The person who made this API key is gone, and changing an issue needs one. Make a new key."
UNKNOWN = "This issue does not exist, or it belongs to another project."
_STATUSES: dict[type[Exception], int] = {
    NotAllowed: 403, IssueChangedMeanwhile: 409, IssueMerged: 409, StateForbids: 409,
}  # fmt: skip

Limit = Annotated[int, Field(ge=1, le=MAX_LIMIT)]
Number = Annotated[int, Field(ge=1, le=_MAX_INT)]
State = Literal["", "open", "in_fix", "rolling_out", "verified", "not_confirmed", "regressed", "resolved", "muted"]
Text = Annotated[str, StringConstraints(max_length=4_000, pattern=r"^[^\x00]*$")]


class CauseOut(Schema):
    """What raised it first, such as the prompt version 11."""

    dimension: str
    value: str


class ScopeOut(Schema):
    """A part of the traffic and what is bad about some of its calls; an empty text stands for anything."""

    signal: str
    group: str
    prompt: str
    model: str
    environment: str


class IssueOut(Schema):
    """An issue; the numbers are those of the last look, over seven days."""

    number: int
    title: str
    state: str
    trend: str
    scopes: list[ScopeOut]
    calls: int
    bad_calls: int
    people: int
    rate: float
    rate_low: float
    rate_high: float
    usual_rate: float
    harm: float
    cause: CauseOut | None
    prompt: str
    owner: str | None
    began_at: datetime | None
    first_at: datetime
    last_at: datetime
    measured_at: datetime | None
    muted_until: datetime | None
    merged_into: int | None
    url: str


class CallOut(Schema):
    """A bad call of an issue."""

    trace_id: UUID
    span_id: str
    at: datetime
    prompt_version: int
    model: str


class IssueWithCalls(IssueOut):
    """An issue with its newest bad calls."""

    newest_calls: list[CallOut]


class IssuePage(Schema):
    """Issues, newest first; go on with `next` as `before`."""

    items: list[IssueOut]
    next: int | None


class IssueIn(Schema):
    """What to change; what is left out stays. `owner` is the e-mail address of a member, or null for nobody."""

    model_config = ConfigDict(extra="forbid")

    state: Literal["open", "in_fix", "resolved", "muted"] | None = None
    reason: Text = ""
    muted_until: datetime | None = None
    owner: Annotated[str, StringConstraints(max_length=254, pattern=r"^[^\x00]*$")] | None = None
    title: Annotated[str, StringConstraints(max_length=300, pattern=r"^[^\x00]*$")] | None = None


_BODY = {"requestBody": {"required": True, "content": {"application/json": {"schema": IssueIn.json_schema()}}}}


@router.get("/issues", auth=KeyAuth(Scope.API_READ), response=IssuePage, summary="List issues")
def list_issues(
    request: HttpRequest, state: State = "", limit: Limit = 50, before: Number | None = None
) -> dict[str, Any]:  # fmt: skip
    """The newest issues of the project, or those in one state; merged ones are part of another issue."""
    found = Issue.objects.for_project(_project(request)).filter(merged_into__isnull=True)
    found = found.select_related("owner", "project", "merged_into").order_by("-number")
    if state:
        found = found.filter(state=state)
    if before is not None:
        found = found.filter(number__lt=before)
    issues = list(found[: limit + 1])
    more = issues[limit - 1].number if len(issues) > limit else None
    return {"items": _shown(issues[:limit]), "next": more}


@router.get("/issues/{issue_number}", auth=KeyAuth(Scope.API_READ), response=IssueWithCalls, summary="One issue")
def get_issue(request: HttpRequest, issue_number: int) -> dict[str, Any]:
    """The issue as it stands, with the keys of its newest bad calls."""
    issue = _issue(request, issue_number)
    return _shown([issue])[0] | {"newest_calls": [_call(call) for call in queries.calls(issue=issue, limit=_CALLS)]}


@router.patch(
    "/issues/{issue_number}",
    auth=KeyAuth(Scope.API_WRITE),
    response=IssueOut,
    openapi_extra=_BODY,
    summary="Change an issue",
)
def change_issue(request: HttpRequest, issue_number: int) -> HttpResponse:
    """Give it an owner or a title, mute it, start a fix, close it or open it again: all of it or nothing.

    Closing and opening again need a `reason`. Muted without `muted_until`, it comes back when it gets worse.
    """
    issue, given = _issue(request, issue_number), _read(request)
    by = keys.maker_of(caller_of(request))
    if by is None:
        raise ApiError(403, NOBODY)
    try:
        with transaction.atomic():
            _change(issue, given, by)
    except (MonitoringError, NotAllowed) as error:
        raise ApiError(_STATUSES.get(type(error), 422), str(error)) from error
    shown = _shown([_issue(request, issue_number)])[0]
    return HttpResponse(orjson.dumps(shown), content_type="application/json")


def _change(issue: Issue, given: IssueIn, by: User) -> None:
    sent = given.model_fields_set
    if "owner" in sent:
        changes.assign(issue=issue, owner=_member(issue.project, given.owner), by=by)
    if given.title is not None:
        changes.rename(issue=issue, title=given.title, by=by)
    if "muted_until" in sent and given.state not in (None, "muted"):
        raise ApiError(422, "«muted_until» goes with the state «muted» only.")
    if given.state == "muted" or (given.state is None and "muted_until" in sent):
        changes.mute(issue=issue, until=given.muted_until, by=by)
    elif given.state is not None:
        _move(issue, given.state, given.reason, by)


def _move(issue: Issue, state: str, reason: str, by: User) -> None:
    def open_again() -> Issue:
        if issue.state == IssueState.MUTED:
            return changes.unmute(issue=issue, by=by)
        return changes.reopen(issue=issue, reason=reason, by=by)

    acts: dict[str, Callable[[], Issue]] = {
        "open": open_again,
        "in_fix": lambda: changes.start_fix(issue=issue, by=by),
        "resolved": lambda: changes.resolve(issue=issue, reason=reason, by=by),
    }
    acts[state]()


def _member(project: Project, address: str | None) -> User | None:
    if not address:
        return None
    found = User.objects.filter(memberships__project=project, email__iexact=address, is_active=True).first()
    if found is None:
        raise ApiError(422, "No member of this project has this e-mail address.")
    return found


def _read(request: HttpRequest) -> IssueIn:
    try:
        given = IssueIn.model_validate(bodies.json_object(request))
    except ValidationError as error:
        found = [{"field": ".".join(map(str, item["loc"])), "reason": item["msg"]} for item in error.errors()]
        raise ApiError(422, "Some fields are missing or wrong; see «errors».", errors=found) from error
    if given.muted_until is not None and given.muted_until.tzinfo is None:
        raise ApiError(422, "«muted_until» needs a time zone, such as Z at its end.")
    return given


def _project(request: HttpRequest) -> Project:
    return Project.objects.get(pk=caller_of(request).project_id)


def _issue(request: HttpRequest, number: int) -> Issue:
    issue = queries.one(project=_project(request), number=number)
    if issue is None:
        raise ApiError(404, UNKNOWN)
    return issue


def _shown(issues: list[Issue]) -> list[dict[str, Any]]:
    return [_as_document(issue, row) for issue, row in zip(issues, issue_rows.shown(issues), strict=True)]


def _as_document(issue: Issue, row: queries.IssueRow) -> dict[str, Any]:
    return {
        "number": row.number, "title": row.title, "state": row.state, "trend": row.trend,
        "scopes": [
            {
                "signal": one.scope.signal, "group": one.group, "prompt": one.prompt_name, "model": one.model,
                "environment": one.environment,
            }
            for one in row.scopes
        ],
        "calls": row.call_count, "bad_calls": row.bad_count, "people": row.user_count, "rate": row.rate,
        "rate_low": row.rate_low, "rate_high": row.rate_high, "usual_rate": row.usual_rate, "harm": row.harm,
        "cause": {"dimension": row.cause.dimension, "value": row.cause.value} if row.cause.dimension else None,
        "prompt": row.prompt_name, "owner": row.owner.email if row.owner else None, "began_at": row.began_at,
        "first_at": row.first_at, "last_at": row.last_at, "measured_at": row.measured_at, "muted_until": row.muted_until,
        "merged_into": issue.merged_into.number if issue.merged_into else None,
        "url": f"{settings.PUBLIC_URL}{news.path(issue)}",
    }  # fmt: skip


def _call(call: queries.CallRow) -> dict[str, Any]:
    return {
        "trace_id": call.trace_id, "span_id": span_hex(call.span_id), "at": call.at, "prompt_version": call.prompt_version,
        "model": call.model,
    }  # fmt: skip
