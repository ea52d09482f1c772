"""Try: the answers of several texts and models to the same inputs, side by side, before anything is saved."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import URLPattern, path

from projects import spending
from projects.roles import Action
from prompt_registry import diffs, trials
from prompt_registry.errors import PromptRegistryError
from prompt_registry.models import Prompt
from prompt_registry.trial_models import Trial, TrialCell
from prompt_registry.trial_money import Estimate
from prompt_registry.trial_plans import letter
from webapp.access import ProjectRequest, one, refuse, requires
from webapp.live_tickets import LIFETIME_SECONDS, Ticket
from webapp.pages import tryit_grid, tryit_keep, tryit_progress, tryit_setup, tryit_sources
from webapp.pages.prompts_frame import helpers, prompt_of, render_prompt
from webapp.pages.tryit_grid import Grid
from webapp.pages.tryit_progress import Progress
from webapp.pages.tryit_setup import SetUp


@requires(Action.READ_PROMPTS)
def try_it(request: ProjectRequest, prompt_id: int) -> HttpResponseBase:
    """Show what can be tried, filled in with the draft, the live version and real calls; a POST runs it."""
    prompt = prompt_of(request, prompt_id)
    if request.method == "POST" and not request.membership.can(Action.RUN_MODELS):
        return refuse(request, Action.RUN_MODELS)
    chosen = request.POST if request.method == "POST" else request.GET
    set_up = tryit_setup.read(prompt, tryit_sources.desk_of(prompt, request.user), chosen)
    if request.method == "POST" and request.POST.get("do") == "run" and not set_up.problems:
        return _begin(request, prompt, set_up)
    return _show_set_up(request, prompt, set_up, status=422 if request.POST.get("do") == "run" else 200)


def _begin(request: ProjectRequest, prompt: Prompt, set_up: SetUp) -> HttpResponseBase:
    try:
        trial = trials.create(prompt=prompt, inputs=set_up.inputs, variants=set_up.variants, by=request.user)
        trials.ask(trial=trial, by=request.user)
    except PromptRegistryError as error:
        messages.error(request, str(error))
        return _show_set_up(request, prompt, set_up, status=422)
    return redirect("trial", request.project.slug, prompt.pk, trial.pk)


def _show_set_up(request: ProjectRequest, prompt: Prompt, set_up: SetUp, *, status: int) -> HttpResponse:
    context = {
        "set_up": set_up,
        "sources": set_up.sources,
        "counts": tryit_setup.COUNTS,
        "estimate": in_usd(set_up.estimate),
        "recent": trials.recent(prompt=prompt, user=request.user),
        **_shared(request, prompt, set_up.desk),
    }
    if request.headers.get("HX-Request") == "true" and request.method == "POST":
        return render(request, "tryit/setup.html#set-up", context | {"prompt": prompt, "project": request.project})
    return render_prompt(request, "tryit/setup.html", prompt, context, tab="try", status=status)


@requires(Action.READ_PROMPTS)
def show(request: ProjectRequest, prompt_id: int, trial_id: int) -> HttpResponse:
    """Show a trial: its inputs, its variants and the answers so far."""
    prompt = prompt_of(request, prompt_id)
    trial = trial_of(request, prompt, trial_id)
    progress = tryit_progress.of(request, trial)
    grid = tryit_grid.grid_of(request, trial, progress)
    desk = tryit_sources.desk_of(prompt, request.user)
    context = {
        **trial_context(request, progress),
        **_shared(request, prompt, desk),
        "grid": grid,
        "desk": desk,
        "blanks": _blanks_of(grid),
        "left_out": tryit_setup.left_out_of(
            [column.variant for column in grid.columns], [row.given for row in grid.rows]
        ),
        "sources": tryit_setup.SOURCES[:2],
        "counts": tryit_setup.COUNTS,
    }
    return may_stream(render_prompt(request, "tryit/trial.html", prompt, context, tab="try"))


def may_stream(response: HttpResponse) -> HttpResponse:
    """Let the page follow answers while they are written."""
    if (live := _other_origin(settings.LIVE_URL)) is not None:
        # The streams come from a port of their own when no proxy stands in front.
        response._csp_update = {"connect-src": [live]}  # type: ignore[attr-defined]
    return response


@requires(Action.READ_PROMPTS)
def news(request: ProjectRequest, prompt_id: int, trial_id: int) -> HttpResponse:
    """Answer with the cells that changed since the page was drawn, and with what asks again."""
    prompt = prompt_of(request, prompt_id)
    return render_news(request, trial_of(request, prompt, trial_id, is_whole=False), have=request.GET.get("have", ""))


@requires(Action.READ_PROMPTS)
def difference(request: ProjectRequest, prompt_id: int, trial_id: int, row: int, column: int) -> HttpResponse:
    """Show the words in which an answer differs from that of column A."""
    prompt = prompt_of(request, prompt_id)
    trial = trial_of(request, prompt, trial_id)
    first, cell = cell_of(trial, row, 0), cell_of(trial, row, column)
    context = {
        "trial": trial,
        "cell": cell,
        "letter": letter(column),
        "pieces": diffs.words(first.text, cell.text),
        "is_same": first.text == cell.text,
    }
    if request.headers.get("HX-Request") == "true":
        return render(request, "tryit/difference.html#words", context)
    return render_prompt(request, "tryit/difference.html", prompt, context, tab="try")


def render_news(request: ProjectRequest, trial: Trial, *, have: str) -> HttpResponse:
    """Answer with everything of the grid that a page with these revisions does not show yet."""
    progress = tryit_progress.of(request, trial)
    changed = tryit_progress.whole(trial, progress.changed_since(have))
    views = tryit_grid.views_of(request, trial, progress, changed)
    return render(request, "tryit/news.html", trial_context(request, progress) | {"changed": views})


def trial_context(request: ProjectRequest, progress: Progress) -> dict[str, Any]:
    """Return what the parts of a trial need, on a page of its own or inside another one."""
    trial = progress.trial
    return {
        "project": request.project,
        "prompt": trial.prompt,
        "trial": trial,
        "progress": progress,
        "estimate": in_usd(progress.estimate) if progress.estimate else None,
        "can_run": request.membership.can(Action.RUN_MODELS),
        "keepers": [] if progress.is_inside else tryit_keep.places(request.project),
        "ticket": _ticket(request, trial) if progress.is_active else "",
        "live_url": f"{_other_origin(settings.LIVE_URL) or ''}/live/trials",
        "today": today_in_usd(progress.today),
        "people": tryit_grid.people_who_pay(request),
    }


def trial_of(request: ProjectRequest, prompt: Prompt, trial_id: int, *, is_whole: bool = True) -> Trial:
    """Return a trial of the prompt, without its inputs and columns unless it is wanted whole, or answer 404."""
    trials_here = Trial.objects.for_project(request.project).filter(prompt=prompt)
    if not is_whole:
        trials_here = trials_here.defer("inputs", "variants")
    return one(trials_here.select_related("project", "prompt", "created_by"), pk=trial_id)


def cell_of(trial: Trial, row: int, column: int) -> TrialCell:
    """Return a cell of a trial, or answer 404."""
    return one(trial.cells.select_related("trial__project", "trial__prompt"), row=row, column=column)


def _shared(request: ProjectRequest, prompt: Prompt, desk: tryit_sources.Desk) -> dict[str, Any]:
    today = spending.today(project=request.project, user=request.user)
    return {
        "can_run": request.membership.can(Action.RUN_MODELS) and not (prompt.archived_at or prompt.deleted_at),
        "can_connect": request.membership.can(Action.MANAGE_PROVIDERS),
        "who_runs": helpers(request, Action.RUN_MODELS),
        "people": tryit_grid.people_who_pay(request),
        "connections": desk.connections,
        "models": tryit_sources.models_of(request.project, desk.connections),
        "today": today_in_usd(today),
        "dearest": tryit_grid.dearest_in_words(),
    }


def today_in_usd(today: spending.Today) -> dict[str, float]:
    """Return what can still be spent today as the pages show it."""
    return {
        "left": today.left_nano_usd / spending.NANO,
        "limit": today.person.limit_nano_usd / spending.NANO,
        "project_limit": today.project.limit_nano_usd / spending.NANO,
    }


def in_usd(estimate: Estimate) -> dict[str, Any]:
    """Return an estimate as the pages show it."""
    return {
        "expected": estimate.expected.nano_usd / spending.NANO,
        "worst": estimate.worst.nano_usd / spending.NANO,
        "is_price_known": estimate.worst.is_price_known,
    }


def _blanks_of(grid: Grid) -> list[str]:
    found: dict[str, None] = {}
    for column in grid.columns:
        found |= dict.fromkeys(variable.name for variable in column.variant.prompt_content.variables)
    return list(found)


def _ticket(request: ProjectRequest, trial: Trial) -> str:
    ticket = Ticket(trial.project_id, trial.pk, request.user.pk, int(time.time()) + LIFETIME_SECONDS)
    return ticket.signed(settings.SECRET_KEY)


def _other_origin(url: str) -> str | None:
    """Return the origin of an address when it is not that of the pages."""
    here, there = urlsplit(settings.PUBLIC_URL), urlsplit(url)
    return None if (here.scheme, here.netloc) == (there.scheme, there.netloc) else f"{there.scheme}://{there.netloc}"


urlpatterns: list[URLPattern] = [
    path("prompts/<int:prompt_id>/try/", try_it, name="prompt-try"),
    path("prompts/<int:prompt_id>/try/<int:trial_id>/", show, name="trial"),
    path("prompts/<int:prompt_id>/try/<int:trial_id>/news/", news, name="trial-news"),
    path(
        "prompts/<int:prompt_id>/try/<int:trial_id>/<int:row>/<int:column>/difference/",
        difference,
        name="trial-difference",
    ),
]
