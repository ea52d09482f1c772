"""Alerts for applications: what a team wants to be told of, where each stands, and changing that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar

import orjson
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema
from pydantic import ConfigDict, Field, StringConstraints, ValidationError

from monitoring.alerts import changes, links, queries, words
from monitoring.alerts import wanted as wanting
from monitoring.alerts.errors import AlertChangedMeanwhile, AlertRefused
from monitoring.alerts.models import Alert
from monitoring.alerts.rules import Direction, Kind, Period
from monitoring.alerts.wanted import Wanted
from monitoring.errors import MonitoringError
from projects import keys
from projects.models import Project, User
from projects.roles import Scope
from prompt_registry.errors import NotAllowed
from webapp.api import bodies
from webapp.api.auth import KeyAuth, caller_of
from webapp.api.errors import ApiError

router = Router(tags=["Alerts"])

NOBODY = "The person who made this API key is gone, and changing an alert needs one. Make a new key."
UNKNOWN = "This alert does not exist, or it belongs to another project."
_MAX_INT = 2**31 - 1
_MOST_EVENTS = 50
_STATUSES: dict[type[Exception], int] = {NotAllowed: 403, AlertChangedMeanwhile: 409}

Text = Annotated[str, StringConstraints(max_length=255, pattern=r"^[^\x00]*$")]
Minutes = Annotated[int, Field(ge=0, le=10_080)]
Hour = Annotated[int, Field(ge=0, le=23)]
Body = TypeVar("Body", bound=Schema)


class AlertFields(Schema):
    """What an alert says. A `limit` is a share of one, milliseconds, dollars or a count, as the `measure` needs."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, StringConstraints(max_length=120, pattern=r"^[^\x00]*$")] = ""
    measure: Text = "calls"
    score_name: Annotated[str, StringConstraints(max_length=80, pattern=r"^[^\x00]*$")] = ""
    direction: Literal["above", "below"] = "above"
    limit: Annotated[float, Field(allow_inf_nan=False)] = 0.0
    window_minutes: Minutes = 15
    least_calls: Annotated[int, Field(ge=0, le=1_000_000)] = 30
    pending_minutes: Minutes = 0
    recovery_minutes: Minutes = 15
    remind_minutes: Minutes = 240
    quiet_from: Hour | None = None
    quiet_until: Hour | None = None
    period: Literal["day", "month"] = "day"
    shares: Annotated[list[Annotated[int, Field(ge=1, le=200)]], Field(max_length=10)] = []
    happenings: Annotated[list[Text], Field(max_length=20)] = []
    environment: Text = ""
    prompt: Text = ""
    prompt_version: Annotated[int, Field(ge=0, le=_MAX_INT)] = 0
    model: Text = ""
    tells_everybody: bool = False
    people: Annotated[list[Text], Field(max_length=50)] = []
    webhooks: Annotated[list[Annotated[int, Field(ge=1, le=2**62)]], Field(max_length=50)] = []


class AlertIn(AlertFields):
    """A new alert; `people` are e-mail addresses of members, `webhooks` the numbers of webhooks in the settings."""

    kind: Literal["threshold", "change", "silence", "budget", "happening"]


class AlertChange(AlertFields):
    """What to change; what is left out stays."""

    # The one that was seen: an alert that somebody changed meanwhile is left alone.
    revision: Annotated[int, Field(ge=1, le=_MAX_INT)] | None = None


class MuteIn(Schema):
    """Up to when nobody is told; null to tell people again."""

    model_config = ConfigDict(extra="forbid")

    until: datetime | None


class AlertOut(Schema):
    """An alert as it stands."""

    id: int
    kind: str
    name: str
    says: str
    measure: str
    score_name: str
    direction: str
    limit: float
    window_minutes: int
    least_calls: int
    pending_minutes: int
    recovery_minutes: int
    remind_minutes: int
    quiet_from: int | None
    quiet_until: int | None
    period: str
    shares: list[int]
    happenings: list[str]
    environment: str
    prompt: str
    prompt_version: int
    model: str
    tells_everybody: bool
    people: list[str]
    webhooks: list[int]
    state: str
    value: float | None
    looked_until: datetime
    last_fired_at: datetime | None
    muted_until: datetime | None
    revision: int
    url: str


class AlertEventOut(Schema):
    """One thing that happened to an alert."""

    news: str
    at: datetime
    incident: int
    value: float | None
    usual: float | None
    calls: int
    sentence: str
    is_sent: bool


class AlertWithEvents(AlertOut):
    """An alert with the newest of what happened to it."""

    events: list[AlertEventOut]


class AlertList(Schema):
    """The alerts of a project, those that fire first."""

    items: list[AlertOut]


def _body(schema: type[Schema]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema.json_schema()}}}}


@router.get("/alerts", auth=KeyAuth(Scope.API_READ), response=AlertList, summary="List alerts")
def list_alerts(request: HttpRequest) -> dict[str, Any]:
    """All alerts of the project and where each stands."""
    project = _project(request)
    return {"items": [_shown(alert, _addresses(project)) for alert in queries.listed(project)]}


@router.get("/alerts/{alert_id}", auth=KeyAuth(Scope.API_READ), response=AlertWithEvents, summary="One alert")
def get_alert(request: HttpRequest, alert_id: int) -> dict[str, Any]:
    """The alert as it stands, with the newest of what happened to it."""
    alert = _alert(request, alert_id)
    events = alert.events.order_by("-pk")[:_MOST_EVENTS]
    shown = [{name: getattr(event, name) for name in AlertEventOut.model_fields} for event in events]
    return _shown(alert, _addresses(alert.project)) | {"events": shown}


@router.post(
    "/alerts", auth=KeyAuth(Scope.API_WRITE), response={201: AlertOut}, openapi_extra=_body(AlertIn),
    summary="Make an alert",
)  # fmt: skip
def create_alert(request: HttpRequest) -> HttpResponse:
    """Make an alert, which looks at calls from now on."""
    given, project = _read(request, AlertIn), _project(request)
    wanted = _wanted(project, Wanted(kind=Kind(given.kind)), given)
    alert = _done(request, lambda by: changes.create(project=project, wanted=wanted, by=by))
    return _answer(alert, status=201)


@router.patch(
    "/alerts/{alert_id}", auth=KeyAuth(Scope.API_WRITE), response=AlertOut, openapi_extra=_body(AlertChange),
    summary="Change an alert",
)  # fmt: skip
def change_alert(request: HttpRequest, alert_id: int) -> HttpResponse:
    """Let the alert say something else. Its kind stays; when it would mean something else, it begins anew."""
    alert, given = _alert(request, alert_id), _read(request, AlertChange)
    wanted = _wanted(alert.project, wanting.of(alert), given)
    changed = _done(
        request, lambda by: changes.change(alert=alert, wanted=wanted, by=by, expected_revision=given.revision)
    )
    return _answer(changed)


@router.post(
    "/alerts/{alert_id}/mute", auth=KeyAuth(Scope.API_WRITE), response=AlertOut, openapi_extra=_body(MuteIn),
    summary="Mute an alert",
)  # fmt: skip
def mute_alert(request: HttpRequest, alert_id: int) -> HttpResponse:
    """Tell nobody of it up to a moment; it goes on looking, and what still lasts then is told."""
    alert, given = _alert(request, alert_id), _read(request, MuteIn)
    if given.until is not None and given.until.tzinfo is None:
        raise ApiError(422, "«until» needs a time zone, such as Z at its end.")
    return _answer(_done(request, lambda by: changes.mute(alert=alert, until=given.until, by=by)))


@router.delete("/alerts/{alert_id}", auth=KeyAuth(Scope.API_WRITE), response={204: None}, summary="Delete an alert")
def delete_alert(request: HttpRequest, alert_id: int) -> HttpResponse:
    """Take the alert away; for thirty days a person can bring it back."""
    alert = _alert(request, alert_id)

    def delete(by: User) -> Alert:
        changes.delete(alert=alert, by=by)
        return alert

    _done(request, delete)
    return HttpResponse(status=204)


def _done(request: HttpRequest, act: Callable[[User], Alert]) -> Alert:
    by = keys.maker_of(caller_of(request))
    if by is None:
        raise ApiError(403, NOBODY)
    try:
        return act(by)
    except AlertRefused as error:
        raise ApiError(422, str(error), errors=[{"field": error.field, "reason": str(error)}]) from error
    except (MonitoringError, NotAllowed) as error:
        raise ApiError(_STATUSES.get(type(error), 422), str(error)) from error


def _wanted(project: Project, before: Wanted, given: AlertFields) -> Wanted:
    """Return what is meant, with what was sent in place of what was there."""
    sent = given.model_dump(exclude_unset=True, exclude={"kind", "revision", "people", "webhooks", "prompt"})
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in sent.items()}
    if "direction" in values:
        values["direction"] = Direction(values["direction"])
    if "period" in values:
        values["period"] = Period(values["period"])
    if "prompt" in given.model_fields_set:
        values["prompt_name"] = given.prompt
    if "people" in given.model_fields_set:
        values["people_ids"] = _people(project, given.people)
    if "webhooks" in given.model_fields_set:
        values["endpoint_ids"] = tuple(given.webhooks)
    return replace(before, **values)


def _people(project: Project, addresses: list[str]) -> tuple[int, ...]:
    known = {
        email.lower(): pk
        for pk, email in User.objects.filter(memberships__project=project, is_active=True).values_list("pk", "email")
    }
    missing = [address for address in addresses if address.lower() not in known]
    if missing:
        raise ApiError(422, "No member of this project has one of these e-mail addresses; see «people».")
    return tuple(known[address.lower()] for address in addresses)


def _read(request: HttpRequest, schema: type[Body]) -> Body:
    try:
        return schema.model_validate(bodies.json_object(request))
    except ValidationError as error:
        found = [{"field": ".".join(map(str, item["loc"])), "reason": item["msg"]} for item in error.errors()]
        raise ApiError(422, "Some fields are missing or wrong; see «errors».", errors=found) from error


def _project(request: HttpRequest) -> Project:
    return Project.objects.get(pk=caller_of(request).project_id)


def _alert(request: HttpRequest, alert_id: int) -> Alert:
    rows = Alert.objects.for_project(_project(request)).kept().select_related("project")
    alert = rows.filter(pk=alert_id).first() if 0 < alert_id < 2**62 else None
    if alert is None:
        raise ApiError(404, UNKNOWN)
    return alert


def _answer(alert: Alert, *, status: int = 200) -> HttpResponse:
    body = orjson.dumps(_shown(alert, _addresses(alert.project)))
    return HttpResponse(body, content_type="application/json", status=status)


def _addresses(project: Project) -> dict[int, str]:
    return dict(project.memberships.values_list("user_id", "user__email"))


def _shown(alert: Alert, addresses: dict[int, str]) -> dict[str, Any]:
    own = set(Wanted.__slots__) - {"prompt_name", "people_ids", "endpoint_ids", "name"}
    return {name: getattr(alert, name) for name in own} | {
        "id": alert.pk, "name": words.title(alert), "says": words.condition(alert), "prompt": alert.prompt_name,
        "people": [addresses[pk] for pk in alert.people_ids if pk in addresses], "webhooks": list(alert.endpoint_ids),
        "state": alert.phase, "value": alert.last_value, "looked_until": alert.looked_until, "last_fired_at": alert.last_fired_at,
        "muted_until": alert.muted_until, "revision": alert.revision, "url": f"{settings.PUBLIC_URL}{links.page(alert)}",
    }  # fmt: skip
