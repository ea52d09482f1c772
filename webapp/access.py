"""The only road from a URL to a row: every view says here who may call it, and gets its project from here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, cast

from django.contrib.auth.views import redirect_to_login
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from projects.models import Membership, Project, User
from projects.roles import ROLES_ALLOWED, Action, Role, Scope

P = ParamSpec("P")
M = TypeVar("M", bound=models.Model)
F = TypeVar("F", bound=Callable[..., Any])

# Where the session remembers the project that `/` leads to.
LAST_PROJECT = "last_project"


@dataclass(frozen=True)
class Rule:
    """Who may call a view: everybody, every signed-in person, owners, members by action, or keys by scope."""

    audience: str
    action: Action | None = None
    scope: Scope | None = None
    why: str = ""


class ProjectRequest(HttpRequest):
    """A request inside a project, made by a member."""

    user: User
    project: Project
    membership: Membership


class SignedInRequest(HttpRequest):
    """A request by a signed-in person."""

    user: User


class DeclaredView(Protocol):
    callboard_rule: Rule


def public(why: str) -> Callable[[Callable[P, HttpResponseBase]], Callable[P, HttpResponseBase]]:
    """Open a view to everybody, with the reason."""

    def declare(view: Callable[P, HttpResponseBase]) -> Callable[P, HttpResponseBase]:
        return _declare(view, Rule("public", why=why))

    return declare


def signed_in(
    view: Callable[Concatenate[SignedInRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Open a view to everybody who is signed in; for pages outside any project."""

    @wraps(view)
    def checked(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        return view(cast(SignedInRequest, request), *args, **kwargs)

    return _declare(checked, Rule("signed in"))


def owners_only(
    view: Callable[Concatenate[SignedInRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Open a view to the owners of the installation; for everybody else it does not exist."""

    @wraps(view)
    def checked(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if not request.user.is_owner:
            raise Http404
        return view(cast(SignedInRequest, request), *args, **kwargs)

    return _declare(checked, Rule("owners"))


def requires(action: Action) -> Callable[[Callable[..., HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """Open a project view to the members whose role allows the action; the view gets `request.project`.

    Somebody else's project and a project that does not exist answer alike: 404.
    """

    def declare(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def checked(request: HttpRequest, slug: str, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            member_request = enter(request, slug)
            if not member_request.membership.can(action):
                return refuse(member_request, action)
            return view(member_request, **kwargs)

        return _declare(checked, Rule("members", action=action))

    return declare


def enter(request: HttpRequest, slug: str) -> ProjectRequest:
    """Attach the project and the person's membership to the request, or answer 404."""
    memberships = Membership.objects.select_related("project", "user")
    membership = memberships.filter(project__slug=slug, user=cast(User, request.user)).first()
    if membership is None:
        raise Http404
    member_request = cast(ProjectRequest, request)
    member_request.project = membership.project
    member_request.membership = membership
    if request.session.get(LAST_PROJECT) != slug:
        request.session[LAST_PROJECT] = slug
    return member_request


def refuse(request: ProjectRequest, action: Action) -> HttpResponse:
    """Tell a member which role the action needs and whom to ask."""
    allowed = ROLES_ALLOWED[action]
    helpers = Membership.objects.filter(project=request.project, role=Role.ADMIN).select_related("user")[:3]
    context = {
        "action": action.value,
        "roles": [role.label for role in Role if role in allowed],
        "admins": [member.user for member in helpers],
        "project": request.project,
    }
    return render(request, "403.html", context, status=403)


def one(rows: models.QuerySet[M], **lookup: Any) -> M:
    """Return the single row of a project's query set, or answer 404."""
    row = rows.filter(**lookup).first()
    if row is None:
        raise Http404
    return row


def rule_of(view: Callable[..., Any]) -> Rule | None:
    """Return what a view declared, following class-based wrappers."""
    return getattr(view, "callboard_rule", None)


def declared(view: Callable[..., Any], rule: Rule) -> Callable[..., Any]:
    """Give a rule to a view that is not ours."""

    @wraps(view)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return view(*args, **kwargs)

    return _declare(wrapped, rule)


def _declare(view: F, rule: Rule) -> F:
    cast(DeclaredView, view).callboard_rule = rule
    return view
