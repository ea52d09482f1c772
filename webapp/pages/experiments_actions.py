"""What changes a test: pausing, going on, stopping, spending more, trying again what failed, and the archive."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from evals.errors import EvalsError
from evals.experiments import changes
from evals.experiments.models import Experiment
from projects import spending
from projects.errors import ProjectsError
from projects.models import User
from projects.roles import Action
from prompt_registry.errors import PromptRegistryError
from webapp import formats
from webapp.access import ProjectRequest, requires
from webapp.pages.experiments_frame import address, experiment_of
from webapp.pages.experiments_setup import in_nano_usd


@requires(Action.RUN_MODELS)
@require_POST
def pause(request: ProjectRequest, experiment_id: int) -> HttpResponseBase:
    """Let nothing new begin; what is under way ends."""
    return _do(request, experiment_id, changes.pause, "Paused. What was under way still ends; nothing new begins.")


@requires(Action.RUN_MODELS)
@require_POST
def resume(request: ProjectRequest, experiment_id: int) -> HttpResponseBase:
    """Go on where it was paused."""
    return _do(request, experiment_id, changes.resume, "It goes on where it was paused.")


@requires(Action.RUN_MODELS)
@require_POST
def cancel(request: ProjectRequest, experiment_id: int) -> HttpResponseBase:
    """End the test; what was answered stays."""
    return _do(request, experiment_id, changes.cancel, "Stopped. What was answered so far stays.")


@requires(Action.RUN_MODELS)
@require_POST
def raise_cap(request: ProjectRequest, experiment_id: int) -> HttpResponseBase:
    """Let the test spend more."""
    amount = in_nano_usd(request.POST.get("cap", ""))
    if not amount:
        messages.error(request, "Nothing was changed. Type an amount in dollars, such as 5.00.")
        return redirect("experiment", request.project.slug, experiment_of(request, experiment_id).pk)
    sentence = f"This test may cost up to {spending.in_dollars(amount)} now."
    change = _raise_and_resume if request.POST.get("do") == "resume" else changes.raise_cap
    return _do(request, experiment_id, change, sentence, cap_nano_usd=amount)


@transaction.atomic
def _raise_and_resume(*, experiment: Experiment, cap_nano_usd: int, by: User) -> None:
    changes.raise_cap(experiment=experiment, cap_nano_usd=cap_nano_usd, by=by)
    changes.resume(experiment=experiment, by=by)


@requires(Action.RUN_MODELS)
@require_POST
def retry(request: ProjectRequest, experiment_id: int) -> HttpResponseBase:
    """Ask once more for everything that failed."""
    experiment = experiment_of(request, experiment_id)
    try:
        count = changes.retry_failed(experiment=experiment, by=request.user)
    except (EvalsError, PromptRegistryError, ProjectsError) as error:
        messages.error(request, str(error))
    else:
        words = f"{formats.full_count(count)} {'answer is' if count == 1 else 'answers are'} asked for again."
        messages.success(request, words)
    return redirect(address(experiment))


@requires(Action.RUN_MODELS)
@require_POST
def archive(request: ProjectRequest, experiment_id: int) -> HttpResponseBase:
    """Take the test out of the list."""
    return _do(request, experiment_id, changes.archive, "It is in the archive, with all its results.")


@requires(Action.RUN_MODELS)
@require_POST
def restore(request: ProjectRequest, experiment_id: int) -> HttpResponseBase:
    """Bring the test back into the list."""
    return _do(request, experiment_id, changes.restore, "It is back in the list.")


def _do(
    request: ProjectRequest, experiment_id: int, change: Callable[..., object], sentence: str, **values: Any
) -> HttpResponseBase:
    experiment = experiment_of(request, experiment_id)
    try:
        change(experiment=experiment, by=request.user, **values)
    except (EvalsError, PromptRegistryError, ProjectsError) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, sentence)
    return redirect(address(experiment))


_ONE = "experiments/<int:experiment_id>"
urlpatterns: list[URLPattern] = [
    path(f"{_ONE}/pause/", pause, name="experiment-pause"),
    path(f"{_ONE}/resume/", resume, name="experiment-resume"),
    path(f"{_ONE}/cancel/", cancel, name="experiment-cancel"),
    path(f"{_ONE}/raise-cap/", raise_cap, name="experiment-raise-cap"),
    path(f"{_ONE}/retry/", retry, name="experiment-retry"),
    path(f"{_ONE}/archive/", archive, name="experiment-archive"),
    path(f"{_ONE}/restore/", restore, name="experiment-restore"),
]
