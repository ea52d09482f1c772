"""Bringing a file of items in: hand it over, look at what would become of it, confirm, see what was done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import URLPattern, path

from evals import imports, mappings
from evals.errors import EvalsError, FileTooLarge, ImportNotWaiting
from evals.file_rows import Layout
from evals.imports import Look
from evals.item_contents import MAX_NAME
from evals.mappings import Column, Role
from evals.models import Dataset, DatasetImport, ImportState
from projects.roles import Action
from webapp import uploads
from webapp.access import ProjectRequest, one, requires
from webapp.pages.datasets_frame import address, dataset_of, render_dataset
from webapp.pages.datasets_words import in_words

EVERY_SECONDS = 1
_SAMPLE = 120
_PASTED = "pasted rows"


@dataclass(frozen=True, slots=True)
class ColumnLine:
    """One column of the file with a sample of what is in it."""

    column: Column
    sample: str

    @property
    def has_name(self) -> bool:
        return self.column.role in (Role.BLANK, Role.NOTE)


@dataclass(frozen=True, slots=True)
class PreviewLine:
    """One of the first rows as the item that it would become."""

    line: int
    inputs: list[tuple[str, str]]
    expected: str
    context: str
    notes: list[tuple[str, str]]
    tags: tuple[str, ...]
    split: str


@requires(Action.EDIT_DATASETS)
def hand_over(request: ProjectRequest, dataset_id: int) -> HttpResponseBase:
    """Take a file, or rows pasted from a spreadsheet; nothing is added yet."""
    dataset = dataset_of(request, dataset_id)
    if request.method != "POST":
        return _form(request, dataset)
    file, pasted = request.FILES.get("file"), request.POST.get("rows", "")
    if file is None and not pasted.strip():
        problem = str(FileTooLarge()) if uploads.was_too_large(request) else "Choose a file, or paste rows."
        return _form(request, dataset, problem=problem)
    try:
        name = file.name or "" if file else _PASTED
        chunks = file.chunks() if file else [pasted.strip().encode("utf-8", "replace")]
        found = imports.begin(dataset=dataset, file_name=name, chunks=chunks, by=request.user)
    except EvalsError as error:
        return _form(request, dataset, problem=str(error), pasted=pasted)
    return redirect(address(dataset, "dataset-import-look", found.pk))


@requires(Action.EDIT_DATASETS)
def look(request: ProjectRequest, dataset_id: int, import_id: int) -> HttpResponseBase:
    """Show what would become of the file, or what became of it; a POST changes the columns, confirms or drops it."""
    dataset = dataset_of(request, dataset_id)
    found = _import_of(dataset, import_id)
    if request.method == "POST":
        return _act(request, dataset, found)
    if found.state != ImportState.WAITING:
        return render_dataset(request, "datasets/imported.html", dataset, _state(dataset, found), tab="")
    seen, samples = imports.look(dataset_import=found), imports.samples(dataset_import=found)
    context = {
        "import": found,
        "layout": Layout(found.layout).label,
        "columns": [ColumnLine(column, _short(samples.get(column.column))) for column in mappings.read(found.mapping)],
        "roles": Role.choices,
        "look": seen,
        "preview": _preview(seen),
        "repeated": _repeated(seen),
    }
    return render_dataset(request, "datasets/import_look.html", dataset, context, tab="")


@requires(Action.EDIT_DATASETS)
def state(request: ProjectRequest, dataset_id: int, import_id: int) -> HttpResponse:
    """Answer with what became of the file so far; asks again while it is being imported."""
    dataset = dataset_of(request, dataset_id)
    context = _state(dataset, _import_of(dataset, import_id))
    return render(request, "datasets/import_state.html", context | {"project": request.project, "dataset": dataset})


def _act(request: ProjectRequest, dataset: Dataset, found: DatasetImport) -> HttpResponseBase:
    try:
        if request.POST.get("do") == "drop":
            imports.drop(dataset_import=found, by=request.user)
            messages.info(request, "The file is forgotten. Nothing was added.")
            return redirect(address(dataset))
        if request.POST.getlist("column"):
            imports.choose(dataset_import=found, mapping=_mapping(request.POST, found), by=request.user)
        if request.POST.get("do") == "confirm":
            imports.confirm(dataset_import=found, by=request.user)
    except ImportNotWaiting as error:
        messages.warning(request, str(error))
    return redirect(address(dataset, "dataset-import-look", found.pk))


def _repeated(seen: Look) -> dict[str, str]:
    """Say how many rows would be stored once with another, and what to do when they should not."""
    many = seen.repeated_count != 1
    return {
        "title": f"{seen.repeated_count:,} {'rows say' if many else 'row says'} the same as an earlier row",
        "text": "What goes in, the context and the expected answer are the same, so they are stored once. If another column "
        "tells them apart, let that become a blank.",
    }


def _mapping(values: QueryDict, found: DatasetImport) -> list[Column]:
    """Return the columns as somebody set them; columns that the file does not have are left out."""
    rows = zip(
        values.getlist("column"), values.getlist("role"), values.getlist("name"), strict=False
    )  # fmt: skip
    chosen = {column: (role, name.strip()[:MAX_NAME]) for column, role, name in rows if role in Role.values}
    return [
        Column(old.column, chosen[old.column][0], chosen[old.column][1] or old.name) if old.column in chosen else old
        for old in mappings.read(found.mapping)
    ]


def _preview(seen: Look) -> list[PreviewLine]:
    return [
        PreviewLine(
            row.line, [(name, in_words(value)[:300]) for name, value in content.input.items()],
            in_words(content.expected_output)[:300], content.context[:300],
            [(name, in_words(value)[:80]) for name, value in content.metadata.items()], content.tags, content.split,
        )
        for row, content in seen.first
    ]  # fmt: skip


def _state(dataset: Dataset, found: DatasetImport) -> dict[str, Any]:
    return {
        "import": found,
        "is_running": found.state == ImportState.CONFIRMED,
        "is_waiting": found.state == ImportState.WAITING,
        "is_failed": found.state == ImportState.FAILED,
        "src": address(dataset, "dataset-import-state", found.pk),
        "every": EVERY_SECONDS,
    }


def _form(request: ProjectRequest, dataset: Dataset, *, problem: str = "", pasted: str = "") -> HttpResponse:
    context = {"problem": problem, "pasted": pasted}
    return render_dataset(
        request, "datasets/import.html", dataset, context, tab="", status=422 if problem else 200
    )  # fmt: skip


def _short(value: Any) -> str:
    return in_words(value)[:_SAMPLE]


def _import_of(dataset: Dataset, import_id: int) -> DatasetImport:
    rows = DatasetImport.objects.filter(dataset=dataset).select_related("dataset__project", "project")
    return one(rows, pk=import_id)


urlpatterns: list[URLPattern] = [
    path("datasets/<int:dataset_id>/import/", hand_over, name="dataset-import"),
    path("datasets/<int:dataset_id>/imports/<int:import_id>/", look, name="dataset-import-look"),
    path("datasets/<int:dataset_id>/imports/<int:import_id>/state/", state, name="dataset-import-state"),
]
