"""Files of calls to take away: asking for one, watching it being written, taking it away, deleting it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from monitoring.exports import parts, requests
from monitoring.exports.calls import ALL_STEPS
from monitoring.exports.models import TRAINING, Export, ExportKind
from monitoring.exports.requests import ExportRefused
from monitoring.exports.running import KEPT_DAYS
from projects.roles import Action
from webapp import exports
from webapp.access import ProjectRequest, one, public, requires
from webapp.accounts.reauthentication import fresh
from webapp.pages.exports_choice import CallChoice, chosen_calls
from webapp.render import render_page

EVERY_SECONDS = 2
SHOWN = 50
# An address works for so long, for whoever has it; a long download that began in time goes on.
ADDRESS_SECONDS = 600
_SALT = "export-file"
_TYPES = {
    ExportKind.CSV: ("csv", "text/csv; charset=utf-8"), ExportKind.PARQUET: ("parquet", "application/vnd.apache.parquet"),
}  # fmt: skip
_JSON_LINES = ("jsonl", "application/x-ndjson")
_ZIP = ("zip", "application/zip")
# What counts are called on screen.
COUNT_WORDS = {
    "train": "to train on", "validation": "to validate with", "tokens": "tokens, about", "duplicates": "said the same twice",
    "leaks_exact": "left out: a test holds exactly this", "leaks_near": "left out: a test holds nearly this",
    "not_chosen": "left out: not the wanted feedback", "unusable": "left out: not in the form that the provider takes",
    "without_counterpart": "with a thumb, but no opposite one to the same input", "reviewed": "pairs from reviews",
}  # fmt: skip


class ExportForm(forms.Form):
    kind = forms.ChoiceField(
        label="File", choices=[(kind.value, kind.label) for kind in ExportKind if kind not in TRAINING],
        help_text="JSON lines hold everything of a call. Parquet holds the same in typed columns, for pandas, DuckDB, Spark. "
        "CSV holds one row a call for spreadsheets; nothing in it runs as a formula.",
    )  # fmt: skip
    rows = forms.ChoiceField(
        label="One line for", choices=[("calls", "every call of a model"), (ALL_STEPS, "every step, with tools and searches")],
    )  # fmt: skip


@requires(Action.MANAGE_PROJECT)
def listed(request: ProjectRequest) -> HttpResponse:
    """Show the files of the project, newest first."""
    rows = Export.objects.for_project(request.project).newest_first().select_related("requested_by")[:SHOWN]
    now = timezone.now()
    context = {"page_title": "Exports", "rows": [(row, row.is_there(now)) for row in rows], "kept_days": KEPT_DAYS}
    return render_page(request, "exports/list.html", context, section="explore")


@requires(Action.MANAGE_PROJECT)
def new(request: ProjectRequest) -> HttpResponse:
    """Say which calls would be in the file and about how many."""
    return _form(request, chosen_calls(request), ExportForm())


@requires(Action.MANAGE_PROJECT)
@require_POST
@fresh
def ask(request: ProjectRequest) -> HttpResponseBase:
    """Begin to write a file."""
    choice, form = chosen_calls(request), ExportForm(request.POST)
    if choice.problem or not form.is_valid():
        return _form(request, choice, form, status=422)
    try:
        export = requests.ask(
            project=request.project, kind=form.cleaned_data["kind"], wanted=choice.wanted, words=choice.words,
            options={"rows": form.cleaned_data["rows"]}, by=request.user,
        )  # fmt: skip
    except ExportRefused as error:
        form.add_error(None, str(error))
        return _form(request, choice, form, status=422)
    return redirect("export", request.project.slug, export.pk)


def _form(request: ProjectRequest, choice: CallChoice, form: ExportForm, *, status: int = 200) -> HttpResponse:
    slug, query = request.project.slug, choice.action.partition("?")[2]
    context = {
        "page_title": "Export calls", "crumbs": crumbs(request), "form": form, "choice": choice, "kept_days": KEPT_DAYS,
        "expected": None if choice.problem else requests.expected(project=request.project, wanted=choice.wanted),
        "ask_url": f"{reverse('export-ask', args=[slug])}?{query}",
        "training_url": f"{reverse('training-new', args=[slug])}?{query}",
    }  # fmt: skip
    return render_page(request, "exports/new.html", context, section="explore", status=status)


@requires(Action.MANAGE_PROJECT)
def detail(request: ProjectRequest, export_id: int) -> HttpResponse:
    """Show one file: how far it is, what is in it, and how to take it away."""
    context = _state(request, _export(request, export_id)) | {"page_title": "Export", "crumbs": crumbs(request)}
    return render_page(request, "exports/detail.html", context, section="explore")


@requires(Action.MANAGE_PROJECT)
def state(request: ProjectRequest, export_id: int) -> HttpResponse:
    """Answer with how far a file is; asks again while it is being written."""
    context = _state(request, _export(request, export_id)) | {"project": request.project}
    return render(request, "exports/state.html", context)


def _state(request: ProjectRequest, export: Export) -> dict[str, Any]:
    counted = [(COUNT_WORDS[name], export.counts[name]) for name in COUNT_WORDS if export.counts.get(name)]
    return {
        "export": export, "is_there": export.is_there(timezone.now()), "counted": counted, "every": EVERY_SECONDS,
        "src": reverse("export-state", args=[request.project.slug, export.pk]), "is_training": export.kind in TRAINING,
        "is_packed": export.kind == ExportKind.PARQUET,
    }  # fmt: skip


@requires(Action.MANAGE_PROJECT)
@require_POST
def stop(request: ProjectRequest, export_id: int) -> HttpResponseBase:
    """Stop writing a file."""
    if requests.stop(export=_export(request, export_id), by=request.user):
        messages.info(request, "Stopped. What was written so far is deleted.")
    return redirect("export", request.project.slug, export_id)


@requires(Action.MANAGE_PROJECT)
@require_POST
def delete(request: ProjectRequest, export_id: int) -> HttpResponseBase:
    """Delete a finished file before its time."""
    requests.delete_file(export=_export(request, export_id), by=request.user)
    messages.success(request, "The file is deleted.")
    return redirect("exports", request.project.slug)


@requires(Action.MANAGE_PROJECT)
@require_POST
@fresh
def take(request: ProjectRequest, export_id: int, file: str) -> HttpResponseBase:
    """Lead to an address at which the file can be had for ten minutes."""
    export = _there(_export(request, export_id), file)
    requests.note_download(export=export, file=file, by=request.user)
    return redirect(signed_address(export, file, is_packed=request.POST.get("packed") == "1"))


@requires(Action.MANAGE_PROJECT)
def manifest(request: ProjectRequest, export_id: int) -> HttpResponseBase:
    """Answer with what is in the files and how they came about, to keep beside them."""
    response = JsonResponse(manifest_of(_export(request, export_id)), json_dumps_params={"indent": 2})
    response["Content-Disposition"] = f'attachment; filename="export-{export_id}-manifest.json"'
    response["Cache-Control"] = "no-store"
    return response


def manifest_of(export: Export) -> dict[str, Any]:
    """Return the query, the options, the counts and the hashes of an export."""
    return {
        "project": export.project.slug, "export": export.pk, "kind": export.kind, "state": export.state,
        "query": export.wanted, "query_in_words": export.words, "options": export.options,
        "requested_at": export.requested_at.isoformat(),
        "finished_at": export.finished_at.isoformat() if export.finished_at else None,
        "traces": export.trace_count, "rows": export.row_count, "counts": export.counts, "files": export.files,
    }  # fmt: skip


def signed_address(export: Export, file: str, *, is_packed: bool = False) -> str:
    """Return an address at which a file can be had for a while, without a session."""
    token = signing.dumps({"export": export.pk, "file": file, "packed": is_packed}, salt=_SALT)
    return reverse("export-download", args=[token])


@public("the address is signed, names one file and works for ten minutes")
def download(request: HttpRequest, token: str) -> HttpResponseBase:
    """Send a file, one part in memory at a time."""
    try:
        named = signing.loads(token, salt=_SALT, max_age=timedelta(seconds=ADDRESS_SECONDS))
    except signing.BadSignature:
        raise Http404 from None
    export = _there(one(Export.objects.select_related("project"), pk=named["export"]), named["file"])
    ending, content_type = _TYPES.get(ExportKind(export.kind), _JSON_LINES)
    if parts.is_archive(export, named["file"]):
        ending, content_type = _ZIP
    name = f"{export.project.slug}-{export.pk}-{named['file']}.{ending}"
    if named["packed"] and export.kind != ExportKind.PARQUET:
        return exports.download(
            parts.whole(export, named["file"]), name=f"{name}.gz", content_type="application/gzip"
        )  # fmt: skip
    return exports.download(parts.plain(export, named["file"]), name=name, content_type=content_type)


def crumbs(request: ProjectRequest) -> list[dict[str, str]]:
    return [{"label": "Exports", "url": reverse("exports", args=[request.project.slug])}]


def _export(request: ProjectRequest, export_id: int) -> Export:
    return one(Export.objects.for_project(request.project).select_related("project", "requested_by"), pk=export_id)


def _there(export: Export, file: str) -> Export:
    """Return the export when this is one of its files and still there, or answer 404."""
    if not export.is_there(timezone.now()) or file not in {one["name"] for one in export.files}:
        raise Http404
    return export


urlpatterns: list[URLPattern] = [
    path("exports/", listed, name="exports"),
    path("exports/new/", new, name="export-new"),
    path("exports/new/ask/", ask, name="export-ask"),
    path("exports/<int:export_id>/", detail, name="export"),
    path("exports/<int:export_id>/state/", state, name="export-state"),
    path("exports/<int:export_id>/stop/", stop, name="export-stop"),
    path("exports/<int:export_id>/delete/", delete, name="export-delete"),
    path("exports/<int:export_id>/files/<slug:file>/", take, name="export-file"),
    path("exports/<int:export_id>/manifest.json", manifest, name="export-manifest"),
]
download_patterns: list[URLPattern] = [path("exports/files/<str:token>/", download, name="export-download")]
