"""Renaming, archiving and bringing back a check."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from evals.errors import EvalsError
from evals.evaluators import definitions
from projects.roles import Action
from webapp.access import ProjectRequest, requires
from webapp.pages.evaluators_frame import address, evaluator_of, render_evaluator
from webapp.pages.evaluators_making import NameForm


@requires(Action.EDIT_EVALUATORS)
def rename(request: ProjectRequest, evaluator_id: int) -> HttpResponseBase:
    """Give the check another name or description."""
    evaluator = evaluator_of(request, evaluator_id)
    initial = {"name": evaluator.name, "description": evaluator.description}
    form = NameForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_bound and form.is_valid():
        try:
            definitions.rename(evaluator=evaluator, by=request.user, **form.cleaned_data)
        except EvalsError as error:
            form.add_error("name", str(error))
        else:
            messages.success(request, "Saved.")
            return redirect(address(evaluator))
    status = 422 if form.is_bound else 200
    return render_evaluator(request, "evaluators/rename.html", evaluator, {"form": form}, tab="", status=status)


@requires(Action.EDIT_EVALUATORS)
@require_POST
def archive(request: ProjectRequest, evaluator_id: int) -> HttpResponseBase:
    """Take the check out of the list."""
    evaluator = evaluator_of(request, evaluator_id)
    definitions.archive(evaluator=evaluator, by=request.user)
    messages.success(request, f"{evaluator.name} is in the archive. What it judged keeps its results.")
    return redirect("evaluators", request.project.slug)


@requires(Action.EDIT_EVALUATORS)
@require_POST
def restore(request: ProjectRequest, evaluator_id: int) -> HttpResponseBase:
    """Bring the check back."""
    evaluator = evaluator_of(request, evaluator_id)
    definitions.restore(evaluator=evaluator, by=request.user)
    messages.success(request, f"{evaluator.name} is back.")
    return redirect(address(evaluator))


urlpatterns: list[URLPattern] = [
    path("evaluators/<int:evaluator_id>/rename/", rename, name="evaluator-rename"),
    path("evaluators/<int:evaluator_id>/archive/", archive, name="evaluator-archive"),
    path("evaluators/<int:evaluator_id>/restore/", restore, name="evaluator-restore"),
]
