"""Publishing: what will change, on one page, before anything does; and taking it back."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from projects.roles import Action
from prompt_registry import changes, checks, contents, drafts, labels, queries, snippets, versions
from prompt_registry.checks import Check
from prompt_registry.errors import (
    LabelNotUsable,
    LabelReserved,
    PromptRegistryError,
    PublishedMeanwhile,
    VersionUnknown,
)
from prompt_registry.models import PRODUCTION, Label, Prompt, PromptVersion
from webapp.access import ProjectRequest, refuse, requires
from webapp.pages.prompts_form import number_in
from webapp.pages.prompts_frame import PLACES, fleet_of, helpers, prompt_of, render_prompt
from webapp.pages.prompts_included import affected
from webapp.pages.prompts_versions import compared


@dataclass(frozen=True, slots=True)
class Plan:
    """A publish that somebody looks at: which version goes where and what it replaces."""

    version: PromptVersion
    place: str
    current: Label | None
    checks: list[Check]

    @property
    def expected(self) -> int:
        return self.current.version.number if self.current else 0

    @property
    def ticks(self) -> list[Check]:
        return [check for check in self.checks if check.level == checks.TICK]

    @property
    def stops(self) -> list[Check]:
        return [check for check in self.checks if check.level == checks.STOPS] if self.place in labels.PROTECTED else []

    @property
    def is_there(self) -> bool:
        return self.current is not None and self.current.version_id == self.version.pk

    @property
    def is_protected(self) -> bool:
        return self.place in labels.PROTECTED


@requires(Action.READ_PROMPTS)
def publish(request: ProjectRequest, prompt_id: int) -> HttpResponseBase:
    """Show what a publish would change; a POST publishes."""
    prompt = prompt_of(request, prompt_id)
    plan = _plan(request, prompt)
    if request.method != "POST":
        return _show(request, prompt, plan)
    if not request.membership.can(labels.action_for(plan.place)):
        return refuse(request, labels.action_for(plan.place))
    if len(request.POST.getlist("accepted")) < len(plan.ticks):
        return _show(request, prompt, plan, error="Tick every point that needs a decision first.", status=422)
    try:
        labels.publish(
            prompt=prompt, version=plan.version, label=plan.place, by=request.user, reason=request.POST.get("reason", ""),
            expected_version=number_in(request.POST, "expected"),
        )  # fmt: skip
    except PromptRegistryError as error:
        status = 409 if isinstance(error, PublishedMeanwhile) else 422
        return _show(request, prompt, _plan(request, prompt), error=str(error), status=status)
    messages.success(request, f"v{plan.version.number} is live in {plan.place}. Applications are being told now.")
    return redirect("prompt-versions", request.project.slug, prompt.pk)


@requires(Action.READ_PROMPTS)
def use(request: ProjectRequest, prompt_id: int) -> HttpResponse:
    """Answer with the line that says how many running processes use what is live."""
    prompt = prompt_of(request, prompt_id)
    context = {"project": request.project, "prompt": prompt, **fleet_of(prompt, queries.live(prompt=prompt))}
    return render(request, "prompts/fleet.html", context)


@requires(Action.UNDO_PUBLISH)
@require_POST
def undo(request: ProjectRequest, prompt_id: int) -> HttpResponseBase:
    """Bring back what was live before."""
    prompt = prompt_of(request, prompt_id)
    place = request.POST.get("place", "")
    try:
        move = labels.undo(
            prompt=prompt, label=place, by=request.user, expected_version=number_in(request.POST, "expected")
        )
    except PromptRegistryError as error:
        messages.error(request, str(error))
    else:
        gone = move.from_version.number if move.from_version else 0
        messages.success(request, f"v{move.to_version.number} is back in {place}. v{gone} stays in the history.")
    return redirect("prompt-versions", request.project.slug, prompt.pk)


def _plan(request: ProjectRequest, prompt: Prompt) -> Plan:
    newest = versions.newest_of(prompt)
    number = number_in(request.GET, "version")
    try:
        place = labels.clean_name(request.GET.get("to", PRODUCTION))
        version = versions.by_number(prompt, number) if number else newest
    except (VersionUnknown, LabelNotUsable, LabelReserved):
        raise Http404 from None
    if version is None:
        raise Http404
    current = prompt.labels.select_related("version__prompt", "updated_by").filter(name=place).first()
    return Plan(version, place, current, _checks(version, current))


def _checks(version: PromptVersion, current: Label | None) -> list[Check]:
    project, written = version.prompt.project, contents.of_version(version)
    after = snippets.composed(written, project_id=project.pk).content
    before = snippets.composed(contents.of_version(current.version), project_id=project.pk).content if current else None
    missing = [
        Check(checks.STOPS, sentence) for sentence in snippets.findings(written, project, name=version.prompt.name)
    ]
    return [*missing, *checks.run(before=before, after=after)]


def _show(request: ProjectRequest, prompt: Prompt, plan: Plan, *, error: str = "", status: int = 200) -> HttpResponse:
    before = contents.of_version(plan.current.version) if plan.current else None
    after = contents.of_version(plan.version)
    action = labels.action_for(plan.place)
    context = {
        "page_title": f"Publish v{plan.version.number} to {plan.place}",
        "plan": plan,
        "error": error,
        "reason": request.POST.get("reason", ""),
        "places": list(dict.fromkeys([*PLACES, plan.place])),
        "changes": changes.describe(before=before, after=after),
        "compared": compared(changes.pairs(before, after), is_whole=False) if before else [],
        "affected": affected(plan.version, plan.place, plan.current.version if plan.current else None),
        "has_draft": drafts.of(prompt=prompt, user=request.user) is not None,
        "may_publish": request.membership.can(action),
        "publishers": helpers(request, action),
        "page_url": request.build_absolute_uri(),
    }
    return render_prompt(request, "prompts/publish.html", prompt, context, tab="versions", status=status)


urlpatterns: list[URLPattern] = [
    path("prompts/<int:prompt_id>/publish/", publish, name="prompt-publish"),
    path("prompts/<int:prompt_id>/undo/", undo, name="prompt-undo"),
    path("prompts/<int:prompt_id>/use/", use, name="prompt-use"),
]
