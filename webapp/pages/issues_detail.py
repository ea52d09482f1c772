"""The page of one issue: what is wrong and how sure that is, where, for whom, on which calls, and what is done about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from monitoring.issues.models import CLOSED, Issue, IssueState
from projects.models import Membership, User
from projects.roles import ROLES_ALLOWED, Action
from prompt_registry.models import Prompt, PromptVersion
from webapp import charts
from webapp.access import ProjectRequest, one, requires
from webapp.pages import issues_charts, issues_findings, issues_fix, issues_fix_offers, issues_reading, issues_words
from webapp.pages.issues_history import told
from webapp.pages.issues_view import PROMPT_VERSION, Detail, Line
from webapp.pages.prompts_frame import helpers
from webapp.pages.traces_links import explore_url
from webapp.render import render_page

SECTION = "issues"
# What an address may ask to be done at once, so that a key on the list leads right to it.
ASKS = ("assign", "mute", "rename", "resolve", "reopen", "fix")


@requires(Action.READ_TRACES)
def issue(request: ProjectRequest, number: int) -> HttpResponse:
    """Show one issue."""
    asked = request.GET.get("do", "")
    return show(request, issue_of(request, number), opened=asked if asked in ASKS else "")


@requires(Action.READ_TRACES)
def chart(request: ProjectRequest, number: int, name: str) -> HttpResponse:
    """Answer with the figure behind one of the charts."""
    found = issue_of(request, number)
    if name not in issues_charts.NAMES:
        raise Http404
    line, days = issues_reading.line_of(found), issues_findings.trend_of(found)
    marks = issues_charts.publishings(project=request.project, days=days, prompt_name=line.row.prompt_name)
    figure = charts.figure_json(issues_charts.build(name, days, marks)) if days else "{}"
    return HttpResponse(figure, content_type="application/json")


def issue_of(request: ProjectRequest, number: int) -> Issue:
    """Return an issue of the request's project, or answer 404."""
    rows = Issue.objects.for_project(request.project).select_related("project", "owner", "merged_into", "opened_by")
    return one(rows, number=number)


def show(
    request: ProjectRequest, found: Issue, *, opened: str = "", problem: str = "", values: Mapping[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:  # fmt: skip
    """Answer with the page of an issue; a form of it may be open, with what was typed and what is wrong with it."""
    line, detail = issues_reading.line_of(found), issues_findings.detail(request, found)
    prompt = _prompt(found, line)
    signals = list(dict.fromkeys(part.scope.signal for part in line.row.scopes))
    may_edit = request.membership.can(Action.EDIT_ISSUES)
    fix_path = issues_fix.path_of(found)
    context = {
        "page_title": found.title, "issue": found, "line": line, "detail": detail, "prompt": prompt,
        "verdict": issues_words.verdict(found, signals, detail), "certainty": issues_words.certainty(detail),
        "verdict_kind": _verdict_kind(found),
        "version_url": _version_url(request, found, prompt),
        "calls_url": explore_url(request, request.project, issue=found.number, range="30d"),
        "charts": _charts(request, found, line, detail),
        "path": fix_path, "offers": issues_fix_offers.of(fix_path.fix) if fix_path.fix and fix_path.is_open and may_edit else {},
        "history": [told(event) for event in detail.history],
        "may_edit": may_edit and found.merged_into_id is None, "may_unmerge": may_edit,
        "may_make_dataset": request.membership.can(Action.EDIT_DATASETS),
        "members": _members(request) if may_edit else [], "helpers": [] if may_edit else helpers(request, Action.EDIT_ISSUES),
        "is_closed": found.state in CLOSED, "is_muted": found.state == IssueState.MUTED,
        "can_start_fix": found.state not in (IssueState.IN_FIX, IssueState.ROLLING_OUT),
        "opened": opened, "problem": problem, "values": values or {}, "today": timezone.localdate(),
    }  # fmt: skip
    return render_page(request, "issues/issue.html", context, section=SECTION, status=status)


def _verdict_kind(found: Issue) -> str:
    if found.state == IssueState.VERIFIED:
        return "good"
    return "" if found.state in (IssueState.MUTED, IssueState.RESOLVED) else "bad"


def _prompt(found: Issue, line: Line) -> Prompt | None:
    if not line.row.prompt_name:
        return None
    return Prompt.objects.filter(project_id=found.project_id, name=line.row.prompt_name, deleted_at=None).first()


def _version_url(request: ProjectRequest, found: Issue, prompt: Prompt | None) -> str:
    """Return the page of the version that raised it, when it is one of a prompt that is kept here."""
    value = found.cause_value.rpartition(" ")[2]
    if prompt is None or found.cause_dimension != PROMPT_VERSION or not value.isdecimal():
        return ""
    version = PromptVersion.objects.filter(prompt=prompt, number=int(value[:9])).first()
    return reverse("prompt-version", args=[request.project.slug, prompt.pk, version.number]) if version else ""


def _charts(request: ProjectRequest, found: Issue, line: Line, detail: Detail) -> dict[str, Any]:
    if not detail.days:
        return {}
    marks = issues_charts.publishings(project=request.project, days=detail.days, prompt_name=line.row.prompt_name)
    shown = {}
    for name in issues_charts.NAMES:
        chart = issues_charts.build(name, detail.days, marks)
        url = reverse("issue-chart", args=[request.project.slug, found.number, name])
        shown[name] = {"svg": charts.svg(chart), "numbers": charts.numbers(chart), "url": url}
    return shown


def _members(request: ProjectRequest) -> list[User]:
    """Return who may care for the issue, the person who asks first."""
    allowed = ROLES_ALLOWED[Action.EDIT_ISSUES]
    rows = Membership.objects.filter(project=request.project, role__in=allowed, user__is_active=True)
    people = [membership.user for membership in rows.select_related("user").order_by("user__name", "user__email")[:200]]
    return sorted(people, key=lambda person: person.pk != request.user.pk)


urlpatterns: list[URLPattern] = [
    path("issues/<int:number>/", issue, name="issue"),
    path("issues/<int:number>/charts/<slug:name>.json", chart, name="issue-chart"),
]
