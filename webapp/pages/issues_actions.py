"""What people do to an issue: give it to somebody, mute it, rename it, close it, write a note, start a fix."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_POST

from monitoring.errors import MonitoringError
from monitoring.issues import changes
from monitoring.issues.models import Issue
from projects.models import Membership, User
from projects.roles import Action
from webapp.access import ProjectRequest, requires
from webapp.pages import issues_detail
from webapp.pages.issues_detail import issue_of
from webapp.pages.prompts_form import number_in


class NotUnderstood(Exception):
    """A form came in a shape that its page cannot send; the message is for the person."""


@requires(Action.EDIT_ISSUES)
@require_POST
def act(request: ProjectRequest, number: int) -> HttpResponseBase:
    """Do what a button of the page says; when that is refused, show the page again with what was typed."""
    found, wanted = issue_of(request, number), request.POST.get("do", "")
    if wanted not in _ACTS:
        messages.error(request, "Nothing was done: this button is unknown. Load the page again.")
        return redirect("issue", request.project.slug, number)
    try:
        said = _ACTS[wanted](request, found)
    except (MonitoringError, NotUnderstood) as error:
        return _refused(request, found, wanted, str(error))
    messages.success(request, said)
    return _after(request, found, wanted)


def _refused(request: ProjectRequest, found: Issue, wanted: str, problem: str) -> HttpResponse:
    return issues_detail.show(
        request, issue_of(request, found.number), opened=wanted, problem=problem, values=request.POST.dict(), status=422
    )


def _after(request: ProjectRequest, found: Issue, wanted: str) -> HttpResponseBase:
    """Go on where the act leads: starting a fix leads to choosing the calls that show it."""
    if wanted == "fix":
        return redirect("issue-examples", request.project.slug, found.number)
    return redirect("issue", request.project.slug, found.number)


def _assign(request: ProjectRequest, found: Issue) -> str:
    owner = _member(request)
    changes.assign(issue=found, owner=owner, by=request.user)
    if owner is None:
        return "Nobody has this issue now."
    return "It is yours now." if owner.pk == request.user.pk else f"{owner.display_name} has it now, and is told."


def _member(request: ProjectRequest) -> User | None:
    chosen = number_in(request.POST, "owner")
    if not chosen:
        return None
    membership = Membership.objects.filter(project=request.project, user_id=chosen).select_related("user").first()
    if membership is None:
        raise NotUnderstood("This person is not in the project any more. Choose somebody else.")
    return membership.user


def _mute(request: ProjectRequest, found: Issue) -> str:
    if request.POST.get("how") == "worse":
        changes.mute(issue=found, until=None, by=request.user)
        return "Muted until it gets worse."
    day = _day(request.POST.get("until", ""))
    until = timezone.make_aware(datetime.combine(day, time()))
    changes.mute(issue=found, until=until, by=request.user)
    return f"Muted until {day:%-d %B}."


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise NotUnderstood("Choose the day until which it is muted, or mute it until it gets worse.") from None


def _unmute(request: ProjectRequest, found: Issue) -> str:
    changes.unmute(issue=found, by=request.user)
    return "No longer muted."


def _rename(request: ProjectRequest, found: Issue) -> str:
    changes.rename(issue=found, title=request.POST.get("title", ""), by=request.user)
    return "Renamed. This title stays, whatever the numbers do."


def _note(request: ProjectRequest, found: Issue) -> str:
    changes.note(issue=found, text=request.POST.get("text", ""), by=request.user)
    return "Your note is in the history."


def _resolve(request: ProjectRequest, found: Issue) -> str:
    changes.resolve(issue=found, reason=request.POST.get("reason", ""), by=request.user)
    return "Closed. It is still watched, and comes back by itself when it happens again."


def _reopen(request: ProjectRequest, found: Issue) -> str:
    changes.reopen(issue=found, reason=request.POST.get("reason", ""), by=request.user)
    return "It is open again."


def _fix(request: ProjectRequest, found: Issue) -> str:
    changes.start_fix(issue=found, by=request.user)
    return "The fix has begun. First choose the calls that show the problem."


def _unmerge(request: ProjectRequest, found: Issue) -> str:
    changes.unmerge(issue=found, by=request.user)
    return "The merge is undone: it is an issue of its own again."


_ACTS: dict[str, Callable[[ProjectRequest, Issue], str]] = {
    "assign": _assign, "mute": _mute, "unmute": _unmute, "rename": _rename, "note": _note, "resolve": _resolve,
    "reopen": _reopen, "fix": _fix, "unmerge": _unmerge,
}  # fmt: skip

urlpatterns: list[URLPattern] = [path("issues/<int:number>/act/", act, name="issue-act")]
