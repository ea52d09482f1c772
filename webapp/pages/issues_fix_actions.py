"""What people say about the steps of a fix: that they did one elsewhere, and with what, or why they leave it out."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from evals import fix_tests
from evals.errors import EvalsError
from monitoring.errors import MonitoringError
from monitoring.issues import fixes
from monitoring.issues.fix_models import IssueFix
from projects.roles import Action
from webapp.access import ProjectRequest, requires
from webapp.pages import issues_detail, issues_fix, issues_fix_offers
from webapp.pages.issues_detail import issue_of


@requires(Action.EDIT_ISSUES)
@require_POST
def act(request: ProjectRequest, number: int) -> HttpResponseBase:
    """Do what a form beside a step says; when that is refused, show the page again with what was typed."""
    found = issue_of(request, number)
    fix = fixes.current(found)
    if fix is None:
        messages.error(request, "Nothing was done: no fix is under way. Start one first.")
        return redirect("issue", request.project.slug, number)
    step, how = request.POST.get("step", ""), request.POST.get("how", "")
    try:
        if how == "test":
            return _set_up_test(request, fix)
        said = _say(request, fix, step, how)
    except (MonitoringError, EvalsError) as error:
        return issues_detail.show(
            request, found, opened=f"fix-{step}", problem=str(error), values=request.POST.dict(), status=422
        )
    messages.success(request, said)
    return redirect("issue", request.project.slug, number)


def _say(request: ProjectRequest, fix: IssueFix, step: str, how: str) -> str:
    if how == "undo":
        fixes.unmark(fix=fix, step=step, by=request.user)
        return "Taken back."
    what = request.POST.get("what", "")
    if how == fixes.ELSEWHERE and what and step in issues_fix_offers.LINKS:
        fixes.link(fix=fix, by=request.user, **issues_fix_offers.LINKS[step](fix, what))
        return "It is that of the fix now."
    fixes.mark(fix=fix, step=step, how=how, note=request.POST.get("note", ""), by=request.user)
    return "Noted as done elsewhere." if how == fixes.ELSEWHERE else "Left out."


def _set_up_test(request: ProjectRequest, fix: IssueFix) -> HttpResponseBase:
    """Lead to the form of the test, with everything chosen; the check that tells is made where the project has none."""
    version = fixes.version_of(fix)
    if version is None:
        messages.error(request, "There is no new version to test yet. Write one first.")
        return redirect("issue", request.project.slug, fix.issue.number)
    if request.membership.can(Action.EDIT_EVALUATORS):
        fix_tests.add_missing_checks(project=request.project, issue=fix.issue, by=request.user)
    return redirect(issues_fix.test_url(fix, version))


urlpatterns: list[URLPattern] = [path("issues/<int:number>/fix/", act, name="issue-fix")]
