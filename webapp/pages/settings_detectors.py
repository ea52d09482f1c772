"""Settings: what is looked for in calls, how strictly, how good that is, and looking again at past calls."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from evals.errors import EvalsError
from evals.second_opinions import changes as second_opinions
from monitoring.analysis import previews, quality, reruns, running, setting_changes, settings
from monitoring.detectors import catalogue
from monitoring.errors import RerunRefused
from projects.roles import Action
from webapp.access import ProjectRequest, requires
from webapp.pages import settings_detectors_judge
from webapp.pages.settings_detectors_judge import JudgeForm
from webapp.pages.settings_detectors_rows import call_lines, detector_rows, row_of
from webapp.pages.settings_frame import render_settings

PAGE = "settings-detectors"
LEAST, MOST = 0.05, 0.99
_SAME = 0.005
_EVERY_SECONDS = 2
_DAYS = [(1, "the last day"), (7, "the last 7 days"), (14, "the last 14 days"), (30, "the last 30 days")]


class DetectorForm(forms.Form):
    """Whether a detector is asked, and how strict it is."""

    is_enabled = forms.BooleanField(label="Look for this", required=False)
    threshold = forms.FloatField(
        label="Flag a call from this probability on", required=False, min_value=LEAST, max_value=MOST
    )


class RerunForm(forms.Form):
    days = forms.TypedChoiceField(
        label="Look again at",
        choices=_DAYS,
        coerce=int,
        initial=7,
        widget=forms.Select(attrs={"class": "input select-small"}),
    )


@requires(Action.READ_TRACES)
def detectors(request: ProjectRequest) -> HttpResponse:
    """Show everything that is looked for."""
    now = timezone.now()
    context = {
        "rows": detector_rows(request.project, now=now), "days": previews.DAYS,
        "progress": running.progress(project_id=request.project.pk), "rerun_form": RerunForm(),
        "measured_on": quality.shipped().measured_on, **_rerun(request),
    }  # fmt: skip
    return render_settings(request, "settings/detectors.html", context, page=PAGE)


@requires(Action.READ_TRACES)
def detector(request: ProjectRequest, name: str) -> HttpResponse:
    """Show one detector: how strict it is, what that finds, and how good it is."""
    return _page(request, _known(name))


@requires(Action.READ_TRACES)
@require_POST
def preview(request: ProjectRequest, name: str) -> HttpResponse:
    """Show what other choices would change; nothing is stored."""
    return _page(request, _known(name), form=DetectorForm(request.POST))


@requires(Action.MANAGE_PROJECT)
@require_POST
def change(request: ProjectRequest, name: str) -> HttpResponseBase:
    """Store what is looked for from now on."""
    known, form = _known(name), DetectorForm(request.POST)
    if not form.is_valid():
        return _page(request, known, form=form, status=422)
    threshold = None if request.POST.get("shipped") else _chosen(known, form)
    setting_changes.change(
        project=request.project, detector=known, is_enabled=form.cleaned_data["is_enabled"], threshold=threshold,
        by=request.user,
    )  # fmt: skip
    messages.success(request, "Saved. It holds for new calls; past ones keep their findings until you look again.")
    return redirect(PAGE, request.project.slug)


@requires(Action.MANAGE_PROJECT)
@require_POST
def choose_judge(request: ProjectRequest, name: str) -> HttpResponseBase:
    """Store which model is asked about the findings from now on."""
    known, form = _known(name), JudgeForm(request.POST, project=request.project)
    if not form.is_valid():
        return _page(request, known, judge_form=form, status=422)
    try:
        made = second_opinions.choose(
            project=request.project, detector=known, wanted=form.wanted(), by=request.user
        )  # fmt: skip
    except EvalsError as error:
        form.add_error(None, str(error))
        return _page(request, known, judge_form=form, status=422)
    done = "It is asked about calls that come from now on." if made.is_enabled else "It is not asked any more."
    messages.success(request, f"Saved. {done}")
    return redirect(reverse("settings-detector", args=[request.project.slug, known]) + "#judge")


@requires(Action.MANAGE_PROJECT)
@require_POST
def look_again(request: ProjectRequest) -> HttpResponseBase:
    """Have past calls looked at again."""
    form, now = RerunForm(request.POST), timezone.now()
    if not form.is_valid():
        messages.error(request, "Choose how far back to look.")
        return redirect(PAGE, request.project.slug)
    try:
        since = now - timedelta(days=form.cleaned_data["days"])
        reruns.start(project=request.project, since=since, until=now, by=request.user)
    except RerunRefused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "Past calls are being looked at again. You can leave this page.")
    return redirect(reverse(PAGE, args=[request.project.slug]) + "#again")


@requires(Action.MANAGE_PROJECT)
@require_POST
def stop_looking(request: ProjectRequest) -> HttpResponseBase:
    """End the run over past calls."""
    if reruns.stop(project=request.project, by=request.user):
        messages.success(request, "Stopped. What was looked at so far stays.")
    else:
        messages.info(request, "It had ended already.")
    return redirect(reverse(PAGE, args=[request.project.slug]) + "#again")


@requires(Action.READ_TRACES)
def progress(request: ProjectRequest) -> HttpResponse:
    """Answer with how far the run over past calls is."""
    can_manage = request.membership.can(Action.MANAGE_PROJECT)
    context = {"project": request.project, "can_manage": can_manage, **_rerun(request)}
    return render(request, "settings/rerun.html", context)


def _known(name: str) -> str:
    if name not in catalogue.DETECTORS:
        raise Http404
    return name


def _chosen(name: str, form: DetectorForm) -> float | None:
    """Return the threshold to store; none for one that is as shipped, so that a later release may improve it."""
    threshold: float | None = form.cleaned_data["threshold"]
    is_shipped = threshold is None or abs(threshold - catalogue.shipped_threshold(name)) < _SAME
    return None if is_shipped else threshold


def _rerun(request: ProjectRequest) -> dict[str, Any]:
    run = reruns.latest(project=request.project)
    url = reverse("analysis-rerun", args=[request.project.slug])
    return {"run": run, "progress_url": url, "every": _EVERY_SECONDS}


def _page(
    request: ProjectRequest, name: str, *, form: DetectorForm | None = None, judge_form: JudgeForm | None = None, status: int = 200
) -> HttpResponse:  # fmt: skip
    project, now = request.project, timezone.now()
    choice = settings.of(project.pk)[name]
    shown = form or DetectorForm(initial={"is_enabled": choice.is_enabled, "threshold": round(choice.threshold, 2)})
    row = row_of(project, name, now=now)
    context = {
        "row": row, "form": shown, "choice": choice, "least": LEAST, "most": MOST, "days": previews.DAYS,
        "shipped": quality.shipped().figures.get(name, ()), "measured_on": quality.shipped().measured_on,
        **_preview(request, name, shown, choice, now), **settings_detectors_judge.context_of(project, name, form=judge_form),
    }  # fmt: skip
    return render_settings(request, "settings/detector.html", context, page=PAGE, status=status, fragment="preview")


def _preview(
    request: ProjectRequest, name: str, form: DetectorForm, choice: settings.DetectorChoice, now: datetime
) -> dict[str, Any]:  # fmt: skip
    is_enabled, threshold = choice.is_enabled, choice.threshold
    if form.is_bound and form.is_valid():
        is_enabled = form.cleaned_data["is_enabled"]
        threshold = form.cleaned_data["threshold"] or threshold
        # The slider moves in hundredths: where it stands on the stored value, that is meant.
        threshold = choice.threshold if abs(threshold - choice.threshold) < _SAME else threshold
    found = previews.preview(project=request.project, detector=name, threshold=threshold, now=now)
    return {
        "preview": found, "will_look": is_enabled, "threshold": threshold, "lowest": previews.LOWEST,
        "examples": call_lines(request.project, found.examples),
    }  # fmt: skip


urlpatterns: list[URLPattern] = [
    path("settings/detectors/", detectors, name=PAGE),
    path("settings/detectors/again/", look_again, name="analysis-look-again"),
    path("settings/detectors/again/stop/", stop_looking, name="analysis-stop"),
    path("settings/detectors/again/progress/", progress, name="analysis-rerun"),
    path("settings/detectors/<slug:name>/", detector, name="settings-detector"),
    path("settings/detectors/<slug:name>/preview/", preview, name="preview-detector"),
    path("settings/detectors/<slug:name>/change/", change, name="change-detector"),
    path("settings/detectors/<slug:name>/judge/", choose_judge, name="detector-judge"),
]
