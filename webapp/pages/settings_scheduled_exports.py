"""Settings: calls that go to a folder or an object store by themselves; what was written, and what could not be."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from monitoring import environments
from monitoring.exports.calls import ALL_STEPS
from monitoring.exports.models import ExportKind
from monitoring.scheduled_exports import changes, folders
from monitoring.scheduled_exports.changes import USUAL_REGION, Wanted
from monitoring.scheduled_exports.errors import FoldersAreOff, ScheduledExportRefused, SecretMissing
from monitoring.scheduled_exports.models import (
    EVERY_CHOICES,
    KINDS,
    Destination,
    ExportRun,
    ScheduledExport,
)
from projects.models import Project
from projects.roles import Action
from webapp.access import ProjectRequest, one, requires
from webapp.accounts.reauthentication import fresh
from webapp.pages.prompts_form import number_in
from webapp.pages.settings_frame import render_settings

PAGE = "settings-data"
SHOWN = 50
EVERY_SECONDS = 3
_PLAIN = {"autocomplete": "off", "spellcheck": "false"}
# `secret` is never shown again.
_SHOWN_FIELDS = ("name", "kind", "rows", "environment", "folder", "endpoint", "region", "bucket", "access_key")


class FolderForm(forms.Form):
    name = forms.CharField(label="Name", max_length=80, help_text="What reads it, for example «Warehouse».")
    kind = forms.ChoiceField(
        label="Files", choices=[(kind.value, kind.label) for kind in KINDS],
        help_text="Parquet and JSON lines hold everything of a call. JSON lines and CSV are packed with gzip.",
    )  # fmt: skip
    rows = forms.ChoiceField(
        label="One line for", choices=[("calls", "every call of a model"), (ALL_STEPS, "every step, with tools and searches")],
    )  # fmt: skip
    environment = forms.ChoiceField(label="Calls of", required=False)
    every = forms.ChoiceField(
        label="When", choices=EVERY_CHOICES,
        help_text="Days and hours are those of UTC. A day is written an hour after its end, an hour ten minutes after.",
    )  # fmt: skip
    folder = forms.CharField(
        label="Folder", max_length=200, required=False, widget=forms.TextInput(attrs=_PLAIN),
        help_text="Below the folder for exports of this server, for example «team/calls».",
    )  # fmt: skip

    def __init__(self, *args: Any, project: Project, is_new: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = environments.names(project=project)
        choices = [("", "all environments"), *((name, name) for name in names)]
        self.fields["environment"] = forms.ChoiceField(label="Calls of", required=False, choices=choices)
        if not is_new:
            del self.fields["every"]

    def wanted(self, destination: str, every: str) -> Wanted:
        """Return what was typed; `secret` goes its own way."""
        values = {name: value for name, value in self.cleaned_data.items() if name != "secret"}
        return Wanted(**{"every": every} | values, destination=destination)


class StoreForm(FolderForm):
    endpoint = forms.CharField(
        label="Address of the store", max_length=500, widget=forms.URLInput(attrs=_PLAIN),
        help_text="For example https://s3.eu-central-1.amazonaws.com, or the address of your own store.",
    )  # fmt: skip
    region = forms.CharField(
        label="Region", max_length=40, required=False, widget=forms.TextInput(attrs=_PLAIN | {"placeholder": USUAL_REGION}),
        help_text="As the store calls it; many stores of one's own take any.",
    )  # fmt: skip
    bucket = forms.CharField(label="Bucket", max_length=63, widget=forms.TextInput(attrs=_PLAIN))
    access_key = forms.CharField(
        label="Access key", max_length=200, widget=forms.TextInput(attrs=_PLAIN),
        help_text="Of a pair that may put and delete objects in this bucket and nothing else.",
    )  # fmt: skip
    secret = forms.CharField(
        label="Secret", max_length=500, required=False, widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="Stored encrypted and never shown again.",
    )  # fmt: skip

    field_order = (
        "name", "kind", "rows", "environment", "every", "endpoint", "region", "bucket", "folder", "access_key", "secret",
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        folder, secret = self.fields["folder"], self.fields["secret"]
        folder.label, folder.help_text = "Prefix", "Before the names of the objects, for example «team/calls»."
        secret.required = kwargs["is_new"]
        secret.error_messages["required"] = SecretMissing.__doc__ or ""
        if not kwargs["is_new"]:
            secret.help_text = (
                "Leave it empty to keep the stored one. With another address, bucket or key, type it again."
            )


@requires(Action.MANAGE_PROJECT)
@sensitive_post_parameters("secret")
@fresh
def new(request: ProjectRequest) -> HttpResponseBase:
    """Plan an export; the day or hour before is written at once."""
    destination = request.GET.get("to", "")
    if destination not in Destination.values:
        destination = Destination.FOLDER if folders.base() is not None else Destination.OBJECT_STORE
    form = _form_class(destination)(request.POST or None, project=request.project, is_new=True)
    if request.method == "POST" and form.is_valid():
        wanted = form.wanted(destination, form.cleaned_data["every"])
        try:
            made = changes.create(
                project=request.project, wanted=wanted, secret=form.cleaned_data.get("secret", ""), by=request.user
            )
        except ScheduledExportRefused as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        else:
            messages.success(request, "Planned. The last whole day or hour is written first, so that you see it work.")
            return redirect("scheduled-export", request.project.slug, made.pk)
    return _form_page(request, form, destination, None)


@requires(Action.MANAGE_PROJECT)
def detail(request: ProjectRequest, scheduled_id: int) -> HttpResponse:
    """Show where calls go and what was written, newest first; what is being written is watched."""
    scheduled = _scheduled(request, scheduled_id)
    runs = list(ExportRun.objects.filter(scheduled_export=scheduled).newest_first()[:SHOWN])
    for run in runs:
        run.scheduled_export = scheduled
    context = {
        "scheduled": scheduled, "runs": runs, "address": _address(scheduled), "every_seconds": EVERY_SECONDS,
        "is_watched": any(run.is_open and (scheduled.is_on or run.requested_by_id) for run in runs),
        "watch_url": request.get_full_path(), "is_for_steps": scheduled.rows == ALL_STEPS,
    }  # fmt: skip
    return render_settings(request, "settings/scheduled_export.html", context, page=PAGE, fragment="runs")


@requires(Action.MANAGE_PROJECT)
@sensitive_post_parameters("secret")
@fresh
def change(request: ProjectRequest, scheduled_id: int) -> HttpResponseBase:
    """Change what goes where from the next run on."""
    scheduled = _scheduled(request, scheduled_id)
    form_class = _form_class(scheduled.destination)
    initial = {name: getattr(scheduled, name) for name in _SHOWN_FIELDS}
    form = form_class(request.POST or None, initial=initial, project=request.project, is_new=False)
    if request.method == "POST" and form.is_valid():
        wanted = form.wanted(scheduled.destination, scheduled.every)
        try:
            changes.change(
                scheduled=scheduled, wanted=wanted, secret=form.cleaned_data.get("secret", ""), by=request.user
            )
        except ScheduledExportRefused as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        else:
            messages.success(request, "Saved. It holds from the next run on.")
            return redirect("scheduled-export", request.project.slug, scheduled.pk)
    return _form_page(request, form, scheduled.destination, scheduled)


@requires(Action.MANAGE_PROJECT)
@require_POST
@fresh
def switch(request: ProjectRequest, scheduled_id: int) -> HttpResponseBase:
    """Pause an export, or let it go on."""
    is_on = request.POST.get("on") == "yes"
    changes.switch(scheduled=_scheduled(request, scheduled_id), on=is_on, by=request.user)
    messages.success(
        request,
        "It goes on. What was missed meanwhile is written." if is_on else "Paused. What is missed is written later.",
    )
    return redirect("scheduled-export", request.project.slug, scheduled_id)


@requires(Action.MANAGE_PROJECT)
@require_POST
@fresh
def run(request: ProjectRequest, scheduled_id: int) -> HttpResponseBase:
    """Write the last whole day or hour now, or one of the log once more."""
    scheduled = _scheduled(request, scheduled_id)
    run_id = number_in(request.POST, "run")
    if run_id:
        changes.again(run=one(ExportRun.objects.filter(scheduled_export=scheduled), pk=run_id), by=request.user)
    else:
        changes.run_now(scheduled=scheduled, by=request.user)
    return redirect("scheduled-export", request.project.slug, scheduled_id)


@requires(Action.MANAGE_PROJECT)
@require_POST
@fresh
def delete(request: ProjectRequest, scheduled_id: int) -> HttpResponseBase:
    """Remove an export with its secret and its log; what was written stays where it is."""
    scheduled = _scheduled(request, scheduled_id)
    changes.delete(scheduled=scheduled, by=request.user)
    messages.success(request, f"«{scheduled.name}» is removed. What it wrote is still there; delete it there.")
    return redirect(PAGE, request.project.slug)


def _scheduled(request: ProjectRequest, scheduled_id: int) -> ScheduledExport:
    return one(request.project.scheduled_exports.select_related("project", "created_by"), pk=scheduled_id)


def _form_class(destination: str) -> type[FolderForm]:
    return FolderForm if destination == Destination.FOLDER else StoreForm


def _address(scheduled: ScheduledExport) -> str:
    """Return where its files are, as people write it."""
    if scheduled.destination == Destination.OBJECT_STORE:
        return f"s3://{scheduled.bucket}/{scheduled.root}/"
    base = folders.base()
    return f"{base / scheduled.root}/" if base is not None else f"…/{scheduled.root}/"


def _form_page(
    request: ProjectRequest, form: FolderForm, destination: str, scheduled: ScheduledExport | None
) -> HttpResponse:
    here = reverse("scheduled-export-new", args=[request.project.slug])
    tabs = [
        {"label": "Folder on the server" if value == Destination.FOLDER else "Object store", "url": f"{here}?to={value}",
         "current": value == destination}
        for value in Destination.values
    ]  # fmt: skip
    is_off = destination == Destination.FOLDER and folders.base() is None
    context = {
        "form": form, "scheduled": scheduled, "tabs": [] if scheduled else tabs, "kinds": ExportKind,
        "is_off": is_off, "why_off": FoldersAreOff.__doc__, "base": folders.base() if destination == Destination.FOLDER else "",
    }  # fmt: skip
    status = 422 if form.is_bound else 200
    return render_settings(request, "settings/scheduled_export_form.html", context, page=PAGE, status=status)


urlpatterns: list[URLPattern] = [
    path("settings/data/scheduled/new/", new, name="scheduled-export-new"),
    path("settings/data/scheduled/<int:scheduled_id>/", detail, name="scheduled-export"),
    path("settings/data/scheduled/<int:scheduled_id>/change/", change, name="scheduled-export-change"),
    path("settings/data/scheduled/<int:scheduled_id>/switch/", switch, name="scheduled-export-switch"),
    path("settings/data/scheduled/<int:scheduled_id>/run/", run, name="scheduled-export-run"),
    path("settings/data/scheduled/<int:scheduled_id>/delete/", delete, name="scheduled-export-delete"),
]
