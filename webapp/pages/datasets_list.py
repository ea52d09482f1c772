"""The list of datasets, its search and archive, and the form that makes a new one."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse

from evals import datasets, queries
from evals.errors import EvalsError
from evals.models import Dataset
from projects.roles import Action
from prompt_registry import texts
from webapp.access import ProjectRequest, requires
from webapp.pages.datasets_frame import SECTION
from webapp.render import render_page

PAGE_SIZE = 50


class DatasetForm(forms.Form):
    name = forms.CharField(
        label="Name", max_length=255, help_text="«/» makes folders: support/refunds.",
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip
    description = forms.CharField(
        label="What is in it", max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text="For example «Refund questions that users disliked in November».",
    )  # fmt: skip


@requires(Action.READ_TRACES)
def dataset_list(request: ProjectRequest) -> HttpResponse:
    """Show the datasets by name, those that a search finds, or the archive."""
    words = texts.clean(request.GET.get("q", "")).strip()[:200]
    is_archive = "archive" in request.GET
    rows, has_more = queries.datasets(
        project=request.project, words=words, is_archive=is_archive, after=texts.clean(request.GET.get("after", "")),
        limit=PAGE_SIZE,
    )  # fmt: skip
    context = {
        "page_title": "Datasets",
        "words": words,
        "is_archive": is_archive,
        "datasets": rows,
        "archive_count": Dataset.objects.for_project(request.project).exclude(archived_at=None).count(),
        "older_url": _next_url(request, rows[-1].name) if has_more else "",
        "may_edit": request.membership.can(Action.EDIT_DATASETS),
        "new_url": reverse("dataset-new", args=[request.project.slug]),
    }
    return render_page(request, "datasets/list.html", context, fragment="rows", section=SECTION)


@requires(Action.EDIT_DATASETS)
def new_dataset(request: ProjectRequest) -> HttpResponseBase:
    """Make a dataset and open it."""
    form = DatasetForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            dataset = datasets.create(project=request.project, by=request.user, **form.cleaned_data)
        except EvalsError as error:
            form.add_error("name", str(error))
        else:
            return redirect("dataset", request.project.slug, dataset.pk)
    top = {"label": "Datasets", "url": reverse("datasets", args=[request.project.slug])}
    context: dict[str, Any] = {"page_title": "New dataset", "form": form, "crumbs": [top]}
    return render_page(
        request, "datasets/new.html", context, section=SECTION, status=422 if form.is_bound else 200
    )  # fmt: skip


def _next_url(request: ProjectRequest, name: str) -> str:
    return f"?{urlencode({**request.GET.dict(), 'after': name})}"


urlpatterns: list[URLPattern] = [
    path("datasets/", dataset_list, name="datasets"),
    path("datasets/new/", new_dataset, name="dataset-new"),
]
