"""Starting a rollout: the plan, what it means at the traffic of now, and what would take it back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone

from projects.roles import Action
from prompt_registry import dependents, labels
from prompt_registry.errors import PromptRegistryError
from prompt_registry.models import Prompt
from prompt_registry.rollouts import changes, durations, plans
from prompt_registry.rollouts.guardrails import ALLOWANCES, DEAR
from prompt_registry.rollouts.guardrails import Plan as RolloutPlan
from prompt_registry.rollouts.plans import Caution, Step
from webapp import formats, rollout_plans
from webapp.access import ProjectRequest, refuse, requires
from webapp.pages import issues_expected, rollouts_view
from webapp.pages.prompts_form import number_in
from webapp.pages.prompts_frame import helpers, prompt_of, render_prompt
from webapp.pages.prompts_plan import Plan, plan_of
from webapp.rollout_plans import PlanNotUsable, Wishes, steps_of, targeting_of

CAUTIONS = (
    (Caution.CAUTIOUS, "Careful", "Half a bad answer more in 100 is too many. Takes about twice as long."),
    (Caution.BALANCED, "Usual", "One bad answer more in 100 is too many."),
    (Caution.FAST, "Fast", "Two bad answers more in 100 are too many. For little traffic, or when it is urgent."),
)


@requires(Action.READ_PROMPTS)
def start(request: ProjectRequest, prompt_id: int) -> HttpResponseBase:
    """Show what a rollout of a version would look like; a POST starts it."""
    prompt = prompt_of(request, prompt_id)
    publishing = plan_of(request, prompt)
    if publishing.current is None or publishing.is_there:
        raise Http404
    given = request.POST if request.method == "POST" else request.GET
    error, status = "", 200
    try:
        wishes = _wishes(given, publishing)
    except PlanNotUsable as problem:
        error, wishes, status = str(problem), Wishes(), 422
    proposed = rollout_plans.propose(
        control=publishing.current.version, candidate=publishing.version, wishes=wishes, now=timezone.now()
    )
    if request.method != "POST" or given.get("do") == "look":
        return _show(request, prompt, publishing, proposed, error=error, status=status)
    action = labels.action_for(publishing.place, publishing.rule)
    if not request.membership.can(action):
        return refuse(request, action)
    if not error:
        try:
            rollout = changes.start(
                prompt=prompt, candidate=publishing.version, label=publishing.place, plan=proposed, by=request.user,
                note=given.get("note", ""), expected_version=number_in(request.POST, "expected"),
                overrides_cool_down=bool(given.get("override")),
                has_passed_test=bool(publishing.tested and publishing.tested.has_passed),
            )  # fmt: skip
        except PromptRegistryError as problem:
            error = str(problem)
        else:
            issues_expected.begun(request.project.pk)
            return redirect("rollout", request.project.slug, rollout.pk)
    return _show(request, prompt, publishing, proposed, error=error, status=422)


def _show(
    request: ProjectRequest, prompt: Prompt, publishing: Plan, proposed: RolloutPlan, *, error: str, status: int
) -> HttpResponse:
    action = labels.action_for(publishing.place, publishing.rule)
    may_start = request.membership.can(action)
    is_agreed = publishing.approval is not None or not publishing.needs_approval
    context = {
        "page_title": f"Roll out v{publishing.version.number} in {publishing.place}",
        "publishing": publishing,
        "proposed": proposed,
        "steps": _rows(proposed),
        "everybody": round(proposed.units_a_day),
        "meant": issues_expected.of(publishing.version, proposed),
        "guardrails": [_guardrail_row(proposed, index) for index in range(len(proposed.guardrails))],
        "total": rollouts_view.total_words(proposed),
        "cautions": CAUTIONS,
        "typed": request.POST or request.GET,
        "dearer": _dearer(publishing),
        "error": error,
        "may_start": may_start and is_agreed and not publishing.stops,
        "is_agreed": is_agreed,
        "publishers": [] if may_start else helpers(request, action),
        "reach": rollouts_view.reach(proposed),
        "including": dependents.of(project_id=prompt.project_id, name=prompt.name, labels=[publishing.place]),
        "shares_text": ", ".join(f"{step.share * 100:g}" for step in proposed.steps),
    }
    return render_prompt(request, "rollouts/start.html", prompt, context, tab="versions", status=status)


def _rows(plan: RolloutPlan) -> list[dict[str, Any]]:
    about = durations.seconds_per_step(plan)
    return [
        {
            "share": step.share,
            "at_least": formats.duration_seconds(step.at_least),
            "about": formats.duration_seconds(seconds) if math.isfinite(seconds) else "not known",
            "people": round(plan.units_a_day * step.share) if plan.units_a_day else None,
        }
        for step, seconds in zip(plan.steps, about, strict=True)
    ]


def _guardrail_row(plan: RolloutPlan, index: int) -> dict[str, Any]:
    guardrail = plan.guardrails[index]
    following = plan.steps[1].share if len(plan.steps) > 1 else plans.FULL
    first = plans.margin(plan.budget, next_share=following, base_rate=guardrail.base_rate)
    last = plans.margin(plan.budget, next_share=plans.FULL, base_rate=guardrail.base_rate)
    return {"guardrail": guardrail, "first": first, "last": last}


def _caution(given: Mapping[str, str]) -> Caution:
    chosen = given.get("caution", "")
    return Caution(chosen) if chosen in tuple(Caution) else Caution.BALANCED


def _dearer(publishing: Plan) -> float:
    """Return by which share the text or the model alone makes calls dearer, where that is more than is allowed anyway."""
    growth = publishing.price.growth or 0.0
    return growth if growth > ALLOWANCES[DEAR] else 0.0


def _wishes(given: Mapping[str, str], publishing: Plan) -> Wishes:
    """Return what was typed: shares in percent with commas between, hours at each, and who it is about."""
    return Wishes(
        caution=_caution(given), steps=_steps(given), asks_at_end=bool(given.get("asks")) or plans.FULL in _asks_before(given),
        targeting=targeting_of(
            environments=given.get("environments", ""), attributes=given.get("attributes", ""), testers=given.get("testers", "")
        ),
        quiet_hours=(_hour(given, "quiet_from"), _hour(given, "quiet_to")), needs_test=bool(given.get("needs_test")),
        dearer=_dearer(publishing) if given.get("dearer") else 0.0,
    )  # fmt: skip


def _steps(given: Mapping[str, str]) -> tuple[Step, ...]:
    shares = _numbers(given.get("shares", ""), "Write the shares as numbers with commas between, such as 1, 5, 25, 95.")
    if not shares:
        return ()
    shares = [share / 100 for share in shares]
    asks_before = shares[1:] if given.get("asks") else _asks_before(given)
    return steps_of(shares, hours=_hours(given), asks_before=asks_before)


def _asks_before(given: Mapping[str, str]) -> list[float]:
    typed = _numbers(
        given.get("asks_before", ""), "Write the shares to be asked before as numbers with commas between."
    )
    return [share / 100 for share in typed]


def _hours(given: Mapping[str, str]) -> list[float]:
    typed = given.get("hours", "")
    return _numbers(typed, "Write the hours as a number, or as one for each share with commas between.") or [2.0]


def _numbers(text: str, problem: str) -> list[float]:
    try:
        return [float(part.strip().rstrip("%").strip()) for part in text.split(",") if part.strip()]
    except ValueError as error:
        raise PlanNotUsable(problem) from error


def _hour(given: Mapping[str, str], name: str) -> int:
    text = given.get(name, "").strip()
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and int(text) <= 23):
        raise PlanNotUsable("Give the quiet hours as whole hours from 0 to 23.")
    return int(text)


urlpatterns: list[URLPattern] = [path("prompts/<int:prompt_id>/rollout/", start, name="rollout-start")]
