"""The form of a new test: everything that will be run and what it costs, before it starts."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse

from evals import real_calls, repeated_requests
from evals.errors import EvalsError
from evals.experiments import changes, starter_checks, suggestions
from projects import spending
from projects.errors import ProjectsError
from projects.roles import Action
from prompt_registry.errors import PromptRegistryError
from prompt_registry.models import Prompt
from webapp import formats
from webapp.access import ProjectRequest, requires
from webapp.pages import experiments_setup, experiments_warnings, tryit_grid, tryit_sources
from webapp.pages.experiments_frame import SECTION, top_crumb
from webapp.pages.experiments_setup import SetUp
from webapp.pages.experiments_variants import SAMPLINGS
from webapp.pages.prompts_form import number_in
from webapp.pages.prompts_frame import prompt_of
from webapp.render import render_page

PROMPTS_OFFERED = 500
# Not carried over when the items or the checks are new: the checks that fit depend on what the items hold.
_CHOSEN_ANEW = frozenset({"csrfmiddlewaretoken", "do", "cap", "suggested_cap", "dataset", "once", "sent", "check"})


@requires(Action.RUN_MODELS)
def new(request: ProjectRequest) -> HttpResponseBase:
    """Show what would be tested, filled in from the prompt; a POST updates the form, makes a dataset, or starts."""
    chosen = request.POST if request.method == "POST" else request.GET
    if not number_in(chosen, "prompt"):
        return _choose_prompt(request)
    prompt = prompt_of(request, number_in(chosen, "prompt"))
    if prompt.archived_at or prompt.deleted_at:
        messages.info(request, "This prompt is put away. Bring it back before you test it.")
        return redirect("prompt", request.project.slug, prompt.pk)
    if request.method == "POST" and request.POST.get("do") == "calls":
        return _make_dataset(request, prompt)
    if request.method == "POST" and request.POST.get("do") == "checks":
        return _add_checks(request)
    set_up = experiments_setup.read(prompt, request.user, chosen)
    if request.method == "POST" and request.POST.get("do") == "start":
        return _start(request, set_up)
    return _show(request, set_up)


def _start(request: ProjectRequest, set_up: SetUp) -> HttpResponseBase:
    if problem := _what_is_missing(set_up):
        return _show(request, set_up, error=problem, status=422)
    try:
        answer, _ = repeated_requests.once(
            project=request.project, key=f"experiment {request.user.pk} {set_up.once}", request=b"experiment",
            do=lambda: {"experiment": _started(request, set_up)},
        )  # fmt: skip
    except (EvalsError, PromptRegistryError, ProjectsError) as error:
        return _show(request, set_up, error=str(error), status=422)
    return redirect("experiment", request.project.slug, answer["experiment"])


def _started(request: ProjectRequest, set_up: SetUp) -> int:
    plan = set_up.plan(set_up.cap_nano_usd)
    if plan is None:
        raise EvalsError(_what_is_missing(set_up))
    return changes.start(plan=plan, by=request.user).pk


def _what_is_missing(set_up: SetUp) -> str:
    if set_up.problems:
        return set_up.problems[0]
    if set_up.dataset is None:
        return "Choose the items to test on first."
    if not set_up.available:
        return "There is no item to test on. Add some to the dataset first."
    if not set_up.cap_nano_usd:
        return "Type what the test may cost at most, such as 1.50."
    return ""


def _make_dataset(request: ProjectRequest, prompt: Prompt) -> HttpResponseBase:
    if not request.membership.can(Action.EDIT_DATASETS):
        raise Http404
    kept = [(name, value) for name, value in _pairs(request) if name not in _CHOSEN_ANEW]
    try:
        dataset = real_calls.make_dataset(prompt=prompt, by=request.user)
    except (EvalsError, PromptRegistryError) as error:
        messages.error(request, str(error))
        return redirect(f"{_address(request)}?{urlencode(kept)}")
    count = formats.full_count(dataset.item_count)
    messages.success(
        request, f"{count} real {'call' if dataset.item_count == 1 else 'calls'} are in «{dataset.name}» now."
    )
    return redirect(f"{_address(request)}?{urlencode([*kept, ('dataset', str(dataset.pk))])}")


def _add_checks(request: ProjectRequest) -> HttpResponseBase:
    try:
        starter_checks.add(project=request.project, by=request.user)
    except (EvalsError, PromptRegistryError) as error:
        messages.error(request, str(error))
    # Without «sent» the new checks are chosen, as is usual.
    kept = [(name, value) for name, value in _pairs(request) if name not in _CHOSEN_ANEW or name == "dataset"]
    return redirect(f"{_address(request)}?{urlencode(kept)}")


def _pairs(request: ProjectRequest) -> list[tuple[str, str]]:
    return [(name, str(value)) for name, values in request.POST.lists() for value in values if value]


def _show(request: ProjectRequest, set_up: SetUp, *, error: str = "", status: int = 200) -> HttpResponse:
    prompt = set_up.prompt
    prompt_url = reverse("prompt", args=[request.project.slug, prompt.pk])
    context: dict[str, Any] = {
        "page_title": "New test",
        "crumbs": [top_crumb(request.project), {"label": prompt.name, "url": prompt_url}],
        "prompt": prompt,
        "set_up": set_up,
        "error": error,
        "warnings_here": experiments_warnings.of(set_up),
        "price": _price(set_up),
        "samplings": SAMPLINGS,
        "repetition_counts": experiments_setup.REPETITIONS,
        "connections": set_up.desk.connections,
        "models": tryit_sources.models_of(request.project, set_up.desk.connections),
        "dearest": tryit_grid.dearest_in_words(),
        "real_call_count": _real_calls(set_up),
        "can_connect": request.membership.can(Action.MANAGE_PROVIDERS),
        "people": tryit_grid.people_who_pay(request),
        "needs_expected": {check.version.pk for check in set_up.checks if suggestions.needs_expected(check.version)},
    }
    if request.headers.get("HX-Request") == "true" and request.method == "POST":
        return render(request, "experiments/new.html#form", {**context, "project": request.project}, status=status)
    return render_page(request, "experiments/new.html", context, section=SECTION, status=status)


def _real_calls(set_up: SetUp) -> int:
    """Return how many real calls a first dataset could be made of; asked only where it is offered."""
    return len(real_calls.recent(set_up.prompt)) if set_up.dataset is None or not set_up.available else 0


def _price(set_up: SetUp) -> dict[str, Any]:
    estimate = set_up.estimate
    today = set_up.today
    found: dict[str, Any] = {"left": today.left_nano_usd / spending.NANO, "problem": set_up.priced[1]}
    if estimate is None:
        return found
    return found | {
        "estimate": estimate,
        "expected": estimate.expected.nano_usd / spending.NANO,
        "worst": estimate.worst.nano_usd / spending.NANO,
        "is_known": estimate.worst.is_price_known,
    }


def _choose_prompt(request: ProjectRequest) -> HttpResponse:
    context = {
        "page_title": "New test",
        "crumbs": [top_crumb(request.project)],
        "prompts": list(Prompt.objects.for_project(request.project).active().by_name()[:PROMPTS_OFFERED]),
    }
    return render_page(request, "experiments/choose.html", context, section=SECTION)


def _address(request: ProjectRequest) -> str:
    return reverse("experiment-new", args=[request.project.slug])


urlpatterns: list[URLPattern] = [path("experiments/new/", new, name="experiment-new")]
