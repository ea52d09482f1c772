"""Settings: how long calls are kept, deleting on request, and the files that were made of calls."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from monitoring import environments, retention_rules
from monitoring.erasure.models import Erasure
from monitoring.exports.models import Export
from monitoring.retention_models import FEWEST_DAYS, MOST_DAYS, USUAL_CALL_DAYS, USUAL_NUMBER_DAYS
from monitoring.retention_rules import Kept, RetentionRefused
from monitoring.scheduled_exports.models import ExportRun, ScheduledExport
from projects.models import Project
from projects.roles import Action
from webapp.access import ProjectRequest, requires
from webapp.accounts.reauthentication import fresh
from webapp.pages.settings_frame import render_settings

PAGE = "settings-data"
SHOWN = 10
BACKUP_DAYS = 35


class RetentionForm(forms.Form):
    environment = forms.ChoiceField(label="Environment", required=False)
    call_days = forms.IntegerField(
        label="Keep calls with their texts for days",
        min_value=FEWEST_DAYS,
        max_value=MOST_DAYS,
        initial=USUAL_CALL_DAYS,
    )
    number_days = forms.IntegerField(
        label="Keep the numbers of charts for days", min_value=FEWEST_DAYS, max_value=MOST_DAYS, initial=USUAL_NUMBER_DAYS,
        help_text="Numbers hold no texts and no ids of people.",
    )  # fmt: skip

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = environments.names(project=project)
        choices = [("", "All without a rule of their own"), *((name, name) for name in names)]
        self.fields["environment"] = forms.ChoiceField(label="Environment", required=False, choices=choices)

    @property
    def kept(self) -> Kept:
        values = self.cleaned_data
        return Kept(values["environment"], values["call_days"], values["number_days"])


@requires(Action.MANAGE_PROJECT)
def data(request: ProjectRequest) -> HttpResponse:
    """Show how long calls are kept, what was deleted on request, and the latest files."""
    return _page(request, RetentionForm(project=request.project))


@requires(Action.MANAGE_PROJECT)
@require_POST
def look(request: ProjectRequest) -> HttpResponse:
    """Say what a rule would take away; nothing is stored."""
    form = RetentionForm(request.POST, project=request.project)
    if not form.is_valid():
        return _page(request, form, status=422)
    try:
        found = retention_rules.preview(project=request.project, kept=form.kept)
    except RetentionRefused as error:
        form.add_error("number_days", str(error))
        return _page(request, form, status=422)
    return _page(request, form, removal=found)


@requires(Action.MANAGE_PROJECT)
@require_POST
@fresh
def change(request: ProjectRequest) -> HttpResponseBase:
    """Store a rule, or let the one for all environments hold again."""
    if request.POST.get("do") == "remove":
        name = request.POST.get("environment", "")
        retention_rules.remove(project=request.project, environment=name, by=request.user)
        messages.success(request, f"The rule for «{name}» is removed.")
        return redirect(PAGE, request.project.slug)
    form = RetentionForm(request.POST, project=request.project)
    if not form.is_valid():
        return _page(request, form, status=422)
    try:
        retention_rules.change(project=request.project, kept=form.kept, by=request.user)
    except RetentionRefused as error:
        form.add_error("number_days", str(error))
        return _page(request, form, status=422)
    messages.success(request, "Saved. What is older is deleted within the hour, in small steps.")
    return redirect(PAGE, request.project.slug)


def _page(request: ProjectRequest, form: RetentionForm, *, status: int = 200, **more: Any) -> HttpResponse:
    project = request.project
    context = {
        "form": form, "rules": retention_rules.of_project(project.pk), "backup_days": BACKUP_DAYS,
        "erasures": Erasure.objects.for_project(project).newest_first().select_related("requested_by")[:SHOWN],
        "scheduled": _scheduled(project),
        "exports": Export.objects.for_project(project).newest_first()[:SHOWN], **more,
    }  # fmt: skip
    return render_settings(request, "settings/data.html", context, page=PAGE, status=status)


def _scheduled(project: Project) -> list[tuple[ScheduledExport, ExportRun | None]]:
    """Return the scheduled exports, each with its newest run."""
    rows = list(project.scheduled_exports.order_by("name", "pk"))
    newest = ExportRun.objects.filter(scheduled_export__in=rows).order_by("scheduled_export_id", "-starts_at")
    runs = {run.scheduled_export_id: run for run in newest.distinct("scheduled_export_id")}
    return [(row, runs.get(row.pk)) for row in rows]


urlpatterns: list[URLPattern] = [
    path("settings/data/", data, name=PAGE),
    path("settings/data/retention/look/", look, name="look-at-retention"),
    path("settings/data/retention/", change, name="change-retention"),
]
