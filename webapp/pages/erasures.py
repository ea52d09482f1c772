"""Deleting on request: whose data, what that would take away, and how far it is."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from monitoring.erasure import requests
from monitoring.erasure.errors import ErasureRefused
from monitoring.erasure.leftovers import SHORTEST
from monitoring.erasure.models import Erasure, SubjectKind
from monitoring.erasure.requests import Subject
from monitoring.scheduled_exports import planning
from projects.roles import Action
from webapp.access import ProjectRequest, one, requires
from webapp.accounts.reauthentication import fresh
from webapp.pages.exports_choice import CallChoice, chosen_calls
from webapp.pages.settings_frame import render_settings
from workers import erasure_jobs

PAGE = "settings-data"
EVERY_SECONDS = 2
_TYPED_KINDS = [(kind.value, kind.label) for kind in SubjectKind if kind != SubjectKind.FILTER]
_FILTER_WORD = "delete"
# The tables of texts that people typed, in the words of the screen.
_TABLES = {
    "prompt_version": "versions of prompts", "draft": "drafts of prompts", "comment": "comments on prompts",
    "dataset_item": "items of datasets", "issue": "issues", "issue_event": "notes on issues", "notification": "notifications",
    "review_queue": "review queues", "experiment": "tests", "dataset": "datasets",
}  # fmt: skip


class SubjectForm(forms.Form):
    kind = forms.ChoiceField(label="Delete", choices=_TYPED_KINDS)
    subject = forms.CharField(
        label="Its id", max_length=requests.MOST_CHARS, strip=True,
        help_text="Exactly as your application sends it. If ids are hidden in this project, type the real id: it is found by its code.",
        widget=forms.TextInput(attrs={"class": "mono", "autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip


class ValidityForm(forms.Form):
    valid_days = forms.IntegerField(
        label="Also keep out what arrives late, for days", min_value=1, max_value=requests.MOST_VALID_DAYS,
        initial=requests.VALID_DAYS, help_text="Applications and devices may send calls long after they were made.",
    )  # fmt: skip
    typed = forms.CharField(
        label="Type it once more to confirm", max_length=requests.MOST_CHARS,
        widget=forms.TextInput(attrs={"class": "mono", "autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip


@requires(Action.MANAGE_PROJECT)
def new(request: ProjectRequest) -> HttpResponse:
    """Ask whose data is to be deleted; a POST, or a filter of Explore in the address, shows what that would take away."""
    form = SubjectForm(request.POST if request.method == "POST" else None, initial=_prefilled(request))
    choice = _choice(request)
    if choice is None and not form.is_bound:
        return _page(request, form)
    try:
        subject = _subject(form, choice)
    except ErasureRefused as error:
        if choice is None:
            form.add_error("subject", str(error))
        return _page(request, form, choice=choice, status=422)
    return _look(request, form, choice, subject, ValidityForm())


@requires(Action.MANAGE_PROJECT)
@require_POST
@fresh
def ask(request: ProjectRequest) -> HttpResponseBase:
    """Begin to delete, when the id was typed once more."""
    form, choice, confirmed = SubjectForm(request.POST), _choice(request), ValidityForm(request.POST)
    try:
        subject = _subject(form, choice)
    except ErasureRefused as error:
        form.add_error("subject", str(error))
        return _page(request, form, choice=choice, status=422)
    if not confirmed.is_valid():
        return _look(request, form, choice, subject, confirmed, status=422)
    try:
        made = requests.ask(
            project=request.project, subject=subject, by=request.user, typed=confirmed.cleaned_data["typed"],
            valid_days=confirmed.cleaned_data["valid_days"],
        )  # fmt: skip
    except ErasureRefused as error:
        confirmed.add_error("typed", str(error))
        return _look(request, form, choice, subject, confirmed, status=422)
    messages.info(request, "It is being deleted. You can leave this page.")
    return redirect("erasure", request.project.slug, made.pk)


@requires(Action.MANAGE_PROJECT)
def detail(request: ProjectRequest, erasure_id: int) -> HttpResponse:
    """Show how far a request is, place by place."""
    return render_settings(request, "erasures/detail.html", _state(request, _erasure(request, erasure_id)), page=PAGE)


@requires(Action.MANAGE_PROJECT)
def state(request: ProjectRequest, erasure_id: int) -> HttpResponse:
    """Answer with how far a request is; asks again while it is being worked on."""
    context = _state(request, _erasure(request, erasure_id)) | {"project": request.project}
    return render(request, "erasures/state.html", context)


def _state(request: ProjectRequest, erasure: Erasure) -> dict[str, Any]:
    titles = {place.name: place.title for place in erasure_jobs.all_places()}
    looked = erasure.traces.filter(round__gte=erasure.round).count() if erasure.is_open else erasure.trace_count
    return {
        "erasure": erasure, "every": EVERY_SECONDS, "looked": looked, "valid_until": erasure.valid_until,
        "src": reverse("erasure-state", args=[request.project.slug, erasure.pk]),
        "places": [(titles.get(place.name, place.name), place) for place in erasure.places.all()],
        "leftovers": [(_TABLES.get(table, table.replace("_", " ")), count) for table, count in erasure.leftovers],
        "shortest": SHORTEST, "has_delivered": planning.has_delivered(request.project),
    }  # fmt: skip


def _prefilled(request: ProjectRequest) -> dict[str, str]:
    """Return what a page that leads here already knows, such as the id of a trace."""
    found = {kind.value: request.GET.get(kind.value, "") for kind in SubjectKind}
    kind = next((name for name in ("trace", "session", "user") if found[name]), SubjectKind.USER.value)
    return {"kind": kind, "subject": found.get(kind, "")[: requests.MOST_CHARS]}


def _choice(request: ProjectRequest) -> CallChoice | None:
    """Return the calls that the filter of the address selects, when somebody came with one."""
    is_filter = bool(request.GET.getlist("chosen")) or "range" in request.GET
    return chosen_calls(request) if is_filter else None


def _subject(form: SubjectForm, choice: CallChoice | None) -> Subject:
    if choice is not None:
        if choice.problem:
            raise ErasureRefused(choice.problem)
        return requests.checked(kind=SubjectKind.FILTER, wanted=choice.wanted)
    values = form.cleaned_data if form.is_valid() else {}
    return requests.checked(kind=values.get("kind", ""), subject=values.get("subject", ""))


def _look(
    request: ProjectRequest, form: SubjectForm, choice: CallChoice | None, subject: Subject, confirm: ValidityForm, *,
    status: int = 200,
) -> HttpResponse:  # fmt: skip
    found = requests.preview(project=request.project, subject=subject, places=erasure_jobs.all_places())
    context = {
        "subject": subject, "preview": found, "confirm": confirm, "kind_words": subject.kind.label,
        "word": subject.id or _FILTER_WORD, "places": [(title, count) for title, count in found.places if count],
        "most": requests.MOST_LOOKED_INTO, "action": _with_query(request, "erasure-ask", choice),
    }  # fmt: skip
    return _page(request, form, choice=choice, status=status, **context)


def _page(
    request: ProjectRequest, form: SubjectForm, *, choice: CallChoice | None = None, status: int = 200, **more: Any
) -> HttpResponse:  # fmt: skip
    context = {"form": form, "choice": choice, "look_url": reverse("erasure-new", args=[request.project.slug]), **more}
    return render_settings(request, "erasures/new.html", context, page=PAGE, status=status)


def _with_query(request: ProjectRequest, name: str, choice: CallChoice | None) -> str:
    query = choice.action.partition("?")[2] if choice else ""
    address = reverse(name, args=[request.project.slug])
    return f"{address}?{query}" if query else address


def _erasure(request: ProjectRequest, erasure_id: int) -> Erasure:
    return one(Erasure.objects.for_project(request.project).select_related("requested_by"), pk=erasure_id)


urlpatterns: list[URLPattern] = [
    path("settings/data/delete/", new, name="erasure-new"),
    path("settings/data/delete/ask/", ask, name="erasure-ask"),
    path("settings/data/delete/<int:erasure_id>/", detail, name="erasure"),
    path("settings/data/delete/<int:erasure_id>/state/", state, name="erasure-state"),
]
