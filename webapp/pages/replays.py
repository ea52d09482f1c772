"""The form of a replay: which calls are asked again with a new text and what that costs, before it starts."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import URLPattern, path

from evals import repeated_requests
from evals.errors import EvalsError
from evals.evaluators import problem_checks
from evals.replays import starting
from projects import spending
from projects.errors import ProjectsError
from projects.roles import Action
from prompt_registry.errors import PromptRegistryError
from webapp import formats
from webapp.access import ProjectRequest, requires
from webapp.pages import replays_setup, tryit_grid
from webapp.pages.prompts_frame import prompt_of, render_prompt
from webapp.pages.replays_setup import SetUp


@requires(Action.RUN_MODELS)
def new(request: ProjectRequest, prompt_id: int) -> HttpResponseBase:
    """Show which calls would be replayed and at what price; a POST updates the form, or starts."""
    prompt = prompt_of(request, prompt_id)
    if prompt.archived_at or prompt.deleted_at:
        messages.info(request, "This prompt is put away. Bring it back before you replay its calls.")
        return redirect("prompt", request.project.slug, prompt.pk)
    set_up = replays_setup.read(prompt, request.user, request.POST if request.method == "POST" else request.GET)
    if request.method == "POST" and request.POST.get("do") == "start":
        return _start(request, set_up)
    return _show(request, set_up)


def _start(request: ProjectRequest, set_up: SetUp) -> HttpResponseBase:
    if problem := _what_is_missing(set_up):
        return _show(request, set_up, error=problem, status=422)
    try:
        answer, _ = repeated_requests.once(
            project=request.project, key=f"replay {request.user.pk} {set_up.once}", request=b"replay",
            do=lambda: {"experiment": _started(request, set_up)},
        )  # fmt: skip
    except (EvalsError, PromptRegistryError, ProjectsError) as error:
        return _show(request, set_up, error=str(error), status=422)
    return redirect("experiment", request.project.slug, answer["experiment"])


def _started(request: ProjectRequest, set_up: SetUp) -> int:
    found = problem_checks.of_project(project=request.project, signals=set_up.signals, by=request.user)
    chosen = {version.pk: version for version in [*found, *set_up.own_chosen]}
    wish = set_up.wish(list(chosen.values()), set_up.cap_nano_usd)
    if wish is None:
        raise starting.NothingToReplay
    return starting.start(wish=wish, by=request.user).pk


def _what_is_missing(set_up: SetUp) -> str:
    if set_up.problem:
        return set_up.problem
    if not set_up.traffic.calls:
        return str(starting.NothingToReplay())
    if not set_up.has_checks:
        return "Choose at least one check: without one nobody can say which answers have a problem."
    if not set_up.cap_nano_usd:
        return "Type what the replay may cost at most, such as 1.50."
    return ""


def _show(request: ProjectRequest, set_up: SetUp, *, error: str = "", status: int = 200) -> HttpResponse:
    context: dict[str, Any] = {
        "set_up": set_up,
        "error": error,
        "periods": replays_setup.PERIODS,
        "week_url": f"?{urlencode({'days': 7, 'what': set_up.what})}",
        "left_out": starting.left_out_of(set_up.traffic),
        "unfilled": _unfilled(set_up),
        "price": _price(set_up),
        "kinds": set_up.kinds[: replays_setup.KINDS_SHOWN] if set_up.traffic.calls else [],
        "more_kinds": max(0, len(set_up.kinds) - replays_setup.KINDS_SHOWN) if set_up.traffic.calls else 0,
        "connections": set_up.desk.connections,
        "dearest": tryit_grid.dearest_in_words(),
        "can_connect": request.membership.can(Action.MANAGE_PROVIDERS),
        "people": tryit_grid.people_who_pay(request),
    }
    if request.headers.get("HX-Request") == "true" and request.method == "POST":
        context |= {"prompt": set_up.prompt, "project": request.project}
        return render(request, "replays/new.html#form", context, status=status)
    return render_prompt(request, "replays/new.html", set_up.prompt, context, tab="tests", status=status)


def _unfilled(set_up: SetUp) -> list[str]:
    """Return which blanks calls did not fill, in words."""
    looked_at = formats.full_count(len(set_up.some))
    return [f"«{name}» in {formats.full_count(count)} of {looked_at} calls" for name, count in set_up.unfilled.items()]


def _price(set_up: SetUp) -> dict[str, Any]:
    estimate, today = set_up.estimate, set_up.today
    found: dict[str, Any] = {"left": today.left_nano_usd / spending.NANO, "problem": set_up.priced[1]}
    if estimate is None:
        return found
    return found | {
        "estimate": estimate,
        "expected": estimate.expected.nano_usd / spending.NANO,
        "worst": estimate.worst.nano_usd / spending.NANO,
        "is_known": estimate.worst.is_price_known,
        "is_over_today": estimate.expected.nano_usd > today.left_nano_usd,
        "is_over_cap": 0 < set_up.cap_nano_usd < estimate.expected.nano_usd,
    }


urlpatterns: list[URLPattern] = [path("prompts/<int:prompt_id>/replay/", new, name="prompt-replay")]
