"""Proposals of a fix: what a search takes, how far it is, and its edits, each approved or refused by a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path

from evals import fix_tests
from evals.errors import EvalsError
from evals.proposals import changes
from evals.proposals.budgets import USUAL_ANSWERS, BudgetTooSmall, ItemsMissing
from evals.proposals.changes import Wanted
from evals.proposals.models import FixProposal, ProposalState
from monitoring.errors import MonitoringError
from monitoring.issues import fixes
from monitoring.issues.fix_models import IssueFix
from monitoring.issues.models import Issue
from projects import spending
from projects.errors import ProjectsError
from projects.roles import Action
from prompt_registry import versions
from prompt_registry.errors import PromptRegistryError
from prompt_registry.models import PRODUCTION, PromptVersion
from webapp.access import ProjectRequest, requires
from webapp.pages import issues_proposal_view, tryit_sources
from webapp.pages.experiments_setup import in_nano_usd
from webapp.pages.issues_detail import SECTION, issue_of
from webapp.pages.issues_merge import crumbs
from webapp.pages.tryit_sources import Choice
from webapp.render import render_page

CALLS = (250, 350, USUAL_ANSWERS, 800)
USUAL_CAP = "2.00"
_REFUSALS = (EvalsError, MonitoringError, PromptRegistryError, ProjectsError)


@requires(Action.EDIT_ISSUES)
def proposal(request: ProjectRequest, number: int) -> HttpResponseBase:
    """Show the search for a fix, or what one takes; a POST starts or stops it, or takes what was found."""
    found = issue_of(request, number)
    fix = fixes.current(found)
    if fix is None or fix.prompt is None:
        messages.error(
            request, "A fix can be proposed when one is under way, of a problem of one prompt. Start it first."
        )
        return redirect("issue", request.project.slug, number)
    newest = newest_of(fix)
    if request.method != "POST":
        return _show(request, found, fix, newest)
    try:
        return _act(request, found, fix, newest)
    except _REFUSALS as error:
        return _show(request, found, fix, newest, problem=str(error), values=request.POST.dict(), status=422)


def newest_of(fix: IssueFix) -> FixProposal | None:
    """Return the newest search for a fix."""
    rows = FixProposal.objects.filter(project_id=fix.project_id, issue_id=fix.issue_id, fix_number=fix.number)
    return rows.select_related(
        "project", "prompt__project", "base_version__prompt", "version", "dataset", "issue__project", "started_by"
    ).order_by("-started_at", "-pk").first()  # fmt: skip


def _act(request: ProjectRequest, found: Issue, fix: IssueFix, newest: FixProposal | None) -> HttpResponseBase:
    here = redirect("issue-proposal", request.project.slug, found.number)
    act = request.POST.get("do", "")
    if act in ("price", "start") and _cap_problem(request.POST):
        return _show(request, found, fix, newest, values=request.POST.dict(), status=422)
    if act == "price":
        return _show(request, found, fix, newest, values=request.POST.dict())
    if act == "start":
        if request.membership.can(Action.EDIT_EVALUATORS):
            fix_tests.add_missing_checks(project=request.project, issue=found, by=request.user)
        changes.start(wanted=_wanted(request, fix, request.POST), by=request.user)
        return here
    if newest is None or request.POST.get("proposal") != str(newest.pk):
        messages.error(request, "Nothing was done: another search has begun since. Look at it first.")
        return here
    if act == "stop":
        changes.stop(proposal=newest, by=request.user)
    elif act == "discard":
        changes.discard(proposal=newest, by=request.user)
    elif act == "take":
        approved = {
            int(text) for text in request.POST.getlist("edit") if text.isascii() and text.isdigit() and len(text) < 4
        }
        made = changes.take(proposal=newest, approved=approved, by=request.user)
        messages.success(request, f"v{made.number} is made. Nobody gets it before it is tested and rolled out.")
        return redirect("issue", request.project.slug, found.number)
    return here


def _wanted(request: ProjectRequest, fix: IssueFix, values: Mapping[str, Any]) -> Wanted:
    version, prompt = _version(fix), fix.prompt
    if prompt is None or version is None:
        raise changes.FixNotUsable
    desk = tryit_sources.desk_of(prompt, request.user)
    made = tryit_sources.variant_of(desk, Choice(str(version.number), str(values.get("on", ""))))
    return Wanted(
        fix=fix, version=version, variant=issues_proposal_view.as_variant(made),
        model=str(values.get("model", "")).strip()[:120] or made.model, most_calls=_calls(str(values.get("calls", ""))),
        cap_nano_usd=in_nano_usd(str(values.get("cap", USUAL_CAP))),
    )  # fmt: skip


def _calls(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else USUAL_ANSWERS


def _cap_problem(values: Mapping[str, Any]) -> str:
    """Return what is wrong with the amount that was typed, if anything was."""
    if "cap" not in values or in_nano_usd(str(values["cap"])):
        return ""
    return f"Say how much the search may cost at most, in dollars, such as {USUAL_CAP}."


def _version(fix: IssueFix) -> PromptVersion | None:
    """Return the text as it is: what is live, or else the newest version."""
    if fix.prompt is None:
        return None
    live = fix.prompt.labels.filter(name=PRODUCTION).select_related("version__prompt__project").first()
    return live.version if live else versions.newest_of(fix.prompt)


def _show(
    request: ProjectRequest, found: Issue, fix: IssueFix, newest: FixProposal | None, *, problem: str = "",
    values: Mapping[str, Any] | None = None, status: int = 200,
) -> HttpResponse:  # fmt: skip
    context: dict[str, Any] = {
        "page_title": "Propose a fix", "issue": found, "crumbs": crumbs(request, found), "problem": problem, "values": values or {},
        "shown": issues_proposal_view.shown(newest) if newest else None, "calls": CALLS,
        "cap": (values or {}).get("cap", USUAL_CAP), "cap_problem": _cap_problem(values or {}),
    }  # fmt: skip
    may_start = newest is None or newest.state not in (ProposalState.ASKING, ProposalState.TRYING, ProposalState.READY)
    if may_start and fix.prompt is not None:
        desk = tryit_sources.desk_of(fix.prompt, request.user)
        context |= {"form": True, "connections": desk.connections, **_priced(request, fix, values or {})}
    return render_page(request, "issues/proposal.html", context, section=SECTION, status=status)


def _priced(request: ProjectRequest, fix: IssueFix, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a search would take, or why there can be none; a check that is missing is made at the start."""
    try:
        wanted = _wanted(request, fix, values)
        budget = changes.budget_of(wanted)
    except BudgetTooSmall as error:
        return {"wanted": wanted, "calls_problem": str(error)}
    except _REFUSALS as error:
        return {"refusal": str(error), "lacks_calls": isinstance(error, ItemsMissing)}
    return {
        "wanted": wanted, "budget": budget, "expected_usd": budget.expected.nano_usd / spending.NANO,
        "worst_usd": budget.worst.nano_usd / spending.NANO,
    }  # fmt: skip


urlpatterns: list[URLPattern] = [path("issues/<int:number>/proposal/", proposal, name="issue-proposal")]
