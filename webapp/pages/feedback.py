"""The inbox of feedback: what people said about answers, and what the team does with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from monitoring.errors import MarkRefused
from monitoring.feedback import inbox, triage
from monitoring.feedback.inbox import MOST_COUNTED, Entry, Page
from monitoring.feedback.wanted import Form, Wanted
from monitoring.models import Score, ScoreSource, Triage, span_hex
from monitoring.trace_search import parse_cursor
from projects.models import Project
from projects.roles import Action
from webapp import formats
from webapp.access import ProjectRequest, requires
from webapp.pages import feedback_responses, traces_links
from webapp.pages.datasets_calls import MOST_CHOSEN
from webapp.pages.traces_links import same_page, trace_url
from webapp.render import render_page

SECTION, EVERYTHING, DATASET = "explore", "all", "dataset"
_TABS = ((Triage.NEW, "New"), (Triage.HANDLED, "Handled"), (Triage.DISMISSED, "Dismissed"), ("", "All"))
_FORMS = [
    (Form.WORDS, "With words"), (Form.CORRECTIONS, "Better answers"), (Form.COMMENTS, "Comments"), (Form.ALL, "Thumbs too"),
]  # fmt: skip
_SOURCES = [
    ("", "From anybody"),
    (ScoreSource.USER, "From users"),
    (ScoreSource.HUMAN, "From the team"),
    (ScoreSource.API, "From the API"),
]
_NARROWING = ("form", "thumbs", "source", "prompt", "q", "like")


class FilterForm(forms.Form):
    """What of the inbox to show; a value that makes no sense is left out."""

    state = forms.ChoiceField(choices=[(EVERYTHING, ""), *Triage.choices], required=False)
    form = forms.ChoiceField(choices=_FORMS, required=False)
    thumbs = forms.ChoiceField(choices=[("up", ""), ("down", "")], required=False)
    source = forms.ChoiceField(choices=_SOURCES, required=False)
    prompt = forms.CharField(max_length=255, required=False)
    environment = forms.CharField(max_length=255, required=False)
    q = forms.CharField(max_length=200, required=False)
    like = forms.UUIDField(required=False)

    def wanted(self, project: Project) -> Wanted:
        """Return the filter that the fields describe."""
        self.is_valid()
        found = self.cleaned_data
        state = found.get("state") or Triage.NEW
        return Wanted(
            project.pk, triage="" if state == EVERYTHING else state, form=Form(found.get("form") or Form.WORDS),
            thumbs=found.get("thumbs") or "", source=found.get("source") or "", prompt=found.get("prompt") or "",
            environment=found.get("environment") or "", words=found.get("q") or "", like=found.get("like"),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One row as the page shows it."""

    entry: Entry
    call_url: str
    like_url: str
    is_overdue: bool


@requires(Action.READ_TRACES)
def feedback(request: ProjectRequest) -> HttpResponse:
    """Show one page of what people said, the newest first."""
    wanted = FilterForm(request.GET).wanted(request.project)
    older, newer = (parse_cursor(request.GET.get(name, "")) for name in ("older", "newer"))
    page = inbox.page(project=request.project, wanted=wanted, older_than=older, newer_than=newer)
    names = inbox.prompts(project=request.project)
    context = {
        "page_title": "Feedback", "tabs": traces_links.tabs(request, "feedback"), "states": _states(request, wanted),
        "lines": [_line(request, entry) for entry in page.entries], "wanted": wanted, "page": page, "forms": _FORMS,
        "sources": _SOURCES, "prompts": sorted({*names, wanted.prompt} - {""}),
        "may_mark": request.membership.can(Action.GIVE_FEEDBACK), "mark_url": _mark_url(request),
        "cleared_url": same_page(request, older="", newer="", **dict.fromkeys(_NARROWING, "")),
        "every_state_url": same_page(request, state=EVERYTHING, older="", newer=""), **_pager(request, page),
    }  # fmt: skip
    return render_page(request, "feedback/inbox.html", context, section=SECTION)


@requires(Action.GIVE_FEEDBACK)
@require_POST
def mark(request: ProjectRequest) -> HttpResponseBase:
    """Say what was done with the chosen rows, or lead on to the dataset that their calls go into."""
    to, score_ids = _asked(request)
    if to == DATASET:
        return _to_dataset(request, score_ids)
    wanted = FilterForm(request.GET).wanted(request.project)
    try:
        count = triage.mark(project=request.project, wanted=wanted, score_ids=score_ids, to=to, by=request.user)
    except MarkRefused as error:
        messages.error(request, str(error))
    else:
        _tell(request, count, to)
    return redirect(_with(reverse("feedback", args=[request.project.slug]), request.GET.urlencode()))


def _asked(request: ProjectRequest) -> tuple[str, list[UUID]]:
    """Return what to do with which rows: a button of one row names both, the bar above the list only what to do."""
    to, _, one = request.POST.get("one", "").partition(":")
    if one:
        return to, _uuids([one])
    return request.POST.get("to", ""), _uuids(request.POST.getlist("chosen")[: inbox.PAGE_SIZE])


def _uuids(texts: list[str]) -> list[UUID]:
    found = []
    for text in texts:
        try:
            found.append(UUID(hex=text))
        except ValueError:
            continue
    return found


def _to_dataset(request: ProjectRequest, score_ids: list[UUID]) -> HttpResponseBase:
    """Lead to the page that makes items of calls; a better answer that people gave becomes what is expected there."""
    rows = Score.objects.filter(project=request.project, id__in=score_ids).exclude(joined_at=None)
    steps = list(dict.fromkeys(rows.order_by("-received_at").values_list("trace_id", "span_id")))[:MOST_CHOSEN]
    if not steps:
        messages.error(request, "Choose feedback whose call has arrived.")
        return redirect(_with(reverse("feedback", args=[request.project.slug]), request.GET.urlencode()))
    trace_id, span_id = steps[0]
    if len(steps) == 1 and span_id is not None:
        query = urlencode({"trace": trace_id.hex, "span": span_hex(span_id)})
    else:
        query = urlencode([("chosen", trace_id.hex) for trace_id, _ in steps])
    return redirect(_with(reverse("dataset-from-calls", args=[request.project.slug]), query))


def _tell(request: ProjectRequest, count: int, to: str) -> None:
    if not count:
        messages.info(request, "Nothing changed: it was there already, or it is gone.")
        return
    done = {Triage.NEW: "put back as new", Triage.HANDLED: "handled", Triage.DISMISSED: "dismissed"}[Triage(to)]
    messages.success(request, f"{formats.full_count(count)} {'piece' if count == 1 else 'pieces'} of feedback {done}.")


def _line(request: ProjectRequest, entry: Entry) -> Line:
    score = entry.score
    span = span_hex(score.span_id) if score.span_id is not None else ""
    return Line(
        entry, trace_url(request.project, entry.trace.hex_id, span=span) + "#feedback" if entry.trace else "",
        same_page(request, like=score.id.hex, older="", newer=""), inbox.is_overdue(score, now=timezone.now()),
    )  # fmt: skip


def _states(request: ProjectRequest, wanted: Wanted) -> list[dict[str, Any]]:
    found = inbox.counts(wanted=wanted)
    return [
        {
            "label": label, "current": wanted.triage == state, "count": _counted(found[state]),
            "url": same_page(request, state=state or EVERYTHING, older="", newer=""),
        }
        for state, label in _TABS
    ]  # fmt: skip


def _counted(count: int) -> str:
    return f"{formats.full_count(count)}+" if count >= MOST_COUNTED else str(count or "")


def _mark_url(request: ProjectRequest) -> str:
    return _with(reverse("feedback-mark", args=[request.project.slug]), request.GET.urlencode())


def _with(address: str, query: str) -> str:
    return f"{address}?{query}" if query else address


def _pager(request: ProjectRequest, page: Page) -> dict[str, str]:
    return {
        "older_url": same_page(request, older=page.older, newer="") if page.older else "",
        "newer_url": same_page(request, newer=page.newer, older="") if page.newer else "",
    }


urlpatterns: list[URLPattern] = [
    path("feedback/", feedback, name="feedback"),
    path("feedback/mark/", mark, name="feedback-mark"),
    *feedback_responses.urlpatterns,
]
