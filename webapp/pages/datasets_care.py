"""Renaming, archiving and bringing back a dataset."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from evals import datasets
from evals.errors import EvalsError
from projects.roles import Action
from webapp.access import ProjectRequest, requires
from webapp.pages.datasets_frame import address, dataset_of, render_dataset
from webapp.pages.datasets_list import DatasetForm


@requires(Action.EDIT_DATASETS)
def rename(request: ProjectRequest, dataset_id: int) -> HttpResponseBase:
    """Give the dataset another name, folder or description."""
    dataset = dataset_of(request, dataset_id)
    initial = {"name": dataset.name, "description": dataset.description}
    form = DatasetForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_bound and form.is_valid():
        try:
            datasets.rename(dataset=dataset, by=request.user, **form.cleaned_data)
        except EvalsError as error:
            form.add_error("name", str(error))
        else:
            messages.success(request, "Saved.")
            return redirect(address(dataset))
    status = 422 if form.is_bound else 200
    return render_dataset(request, "datasets/rename.html", dataset, {"form": form}, tab="", status=status)


@requires(Action.EDIT_DATASETS)
@require_POST
def archive(request: ProjectRequest, dataset_id: int) -> HttpResponseBase:
    """Take the dataset out of the list."""
    dataset = dataset_of(request, dataset_id)
    datasets.archive(dataset=dataset, by=request.user)
    messages.success(request, f"{dataset.name} is in the archive, with all its items and revisions.")
    return redirect("datasets", request.project.slug)


@requires(Action.EDIT_DATASETS)
@require_POST
def restore(request: ProjectRequest, dataset_id: int) -> HttpResponseBase:
    """Bring the dataset back."""
    dataset = dataset_of(request, dataset_id)
    datasets.restore(dataset=dataset, by=request.user)
    messages.success(request, f"{dataset.name} is back.")
    return redirect(address(dataset))


urlpatterns: list[URLPattern] = [
    path("datasets/<int:dataset_id>/rename/", rename, name="dataset-rename"),
    path("datasets/<int:dataset_id>/archive/", archive, name="dataset-archive"),
    path("datasets/<int:dataset_id>/restore/", restore, name="dataset-restore"),
]
