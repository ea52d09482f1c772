"""Adding recorded calls to a dataset: one step of a trace, the chosen rows of the list, or all that pass its filter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from evals import calls, datasets, queries
from evals.calls import CallsAdded, RecordedCall
from evals.errors import EvalsError
from evals.models import Dataset
from monitoring import trace_reading
from monitoring.models import Span, Trace, span_number
from projects.models import Project
from projects.roles import Action
from prompt_registry import texts
from webapp import formats, time_ranges
from webapp.access import ProjectRequest, one, requires
from webapp.pages import traces_filters
from webapp.pages.datasets_frame import SECTION
from webapp.pages.datasets_words import in_words
from webapp.pages.traces_filters import TraceFilterForm
from webapp.pages.traces_links import same_page
from webapp.render import render_page

MOST_DATASETS = 200
MOST_CHOSEN = 100
SHOWN = 3
_NEW = "new"


@dataclass(frozen=True, slots=True)
class Selection:
    """The calls that somebody chose, in words, and where the form is sent: the same calls, whatever arrives meanwhile."""

    traces: list[Trace]
    span: Span | None
    title: str
    text: str
    chips: list[dict[str, str]]
    action: str

    def calls(self) -> list[RecordedCall | None]:
        if self.span is not None:
            return [calls.of_span(self.traces[0], self.span)]
        return [call for _, call in calls.of_traces(self.traces)]

    def first_calls(self) -> list[RecordedCall | None]:
        """Return the calls that the page shows."""
        if self.span is not None:
            return self.calls()
        return [call for _, call in calls.of_traces(self.traces[:SHOWN])]


@dataclass(frozen=True, slots=True)
class Shown:
    """One call as the item that it would become."""

    inputs: list[tuple[str, str]]
    output: str
    correction: str


class AddForm(forms.Form):
    dataset = forms.ChoiceField(label="Dataset")
    name = forms.CharField(
        label="Name of the new dataset", max_length=255, required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "placeholder": "support/disliked"}),
    )  # fmt: skip
    with_answer = forms.BooleanField(
        label="The recorded answers are right", required=False,
        help_text="They become the expected answers. A better answer from the team is always used, with or without this.",
    )  # fmt: skip
    tags = forms.CharField(label="Tags", required=False, max_length=500, help_text="Separate them with commas.")
    split = forms.CharField(
        label="Part", required=False, max_length=40, help_text="For example train or test.",
        widget=forms.TextInput(attrs={"list": "splits", "autocomplete": "off"}),
    )  # fmt: skip

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows, _ = queries.datasets(project=project, limit=MOST_DATASETS)
        choices = [(str(row.pk), row.name) for row in rows]
        self.fields["dataset"] = forms.ChoiceField(label="Dataset", choices=[*choices, (_NEW, "A new dataset")])

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        if found.get("dataset") == _NEW and not found.get("name"):
            self.add_error("name", "Give the new dataset a name.")
        return found


@requires(Action.EDIT_DATASETS)
def from_calls(request: ProjectRequest) -> HttpResponseBase:
    """Say which calls they are and how many, and put them into a dataset when the form is sent."""
    selection = selection_of(request)
    form = AddForm(request.POST if request.method == "POST" else None, project=request.project)
    if form.is_bound and form.is_valid():
        try:
            dataset, done = _add(request, form.cleaned_data, selection)
        except EvalsError as error:
            form.add_error("name" if form.cleaned_data["dataset"] == _NEW else None, str(error))
        else:
            _tell(request, dataset, done)
            return redirect("dataset", request.project.slug, dataset.pk)
    found = selection.first_calls()
    context = {
        "page_title": "Add to dataset",
        "crumbs": [{"label": "Datasets", "url": reverse("datasets", args=[request.project.slug])}],
        "form": form,
        "selection": selection,
        "shown": [shown(call) for call in found if call],
        "is_empty": not any(found),
    }
    status = 422 if form.is_bound else 200
    return render_page(request, "datasets/from_calls.html", context, section=SECTION, status=status)


def _add(request: ProjectRequest, values: dict[str, Any], selection: Selection) -> tuple[Dataset, CallsAdded]:
    tags = [tag.strip() for tag in texts.clean(values["tags"]).split(",") if tag.strip()]
    if values["dataset"] == _NEW:
        dataset = datasets.create(project=request.project, name=values["name"], by=request.user)
    else:
        dataset = one(Dataset.objects.for_project(request.project).active(), pk=int(values["dataset"]))
    done = calls.add(
        dataset=dataset, calls=selection.calls(), with_answer=values["with_answer"], tags=tags, split=values["split"],
        by=request.user,
    )  # fmt: skip
    return dataset, done


def _tell(request: ProjectRequest, dataset: Dataset, done: CallsAdded) -> None:
    added, twice = done.addition.added_count, done.addition.duplicate_count
    sentences = [f"{formats.full_count(added)} {'item' if added == 1 else 'items'} added to {dataset.name}."]
    if twice:
        sentences.append(f"{formats.full_count(twice)} {'was' if twice == 1 else 'were'} there already.")
    if done.left_out_count:
        sentences.append(f"{formats.full_count(done.left_out_count)} without usable text left out.")
    (messages.success if added else messages.info)(request, " ".join(sentences))


def selection_of(request: ProjectRequest) -> Selection:
    if request.GET.get("trace"):
        return _one_step(request)
    if request.GET.getlist("chosen"):
        return _rows(request)
    return _matching(request)


def _one_step(request: ProjectRequest) -> Selection:
    trace = one(Trace.objects.for_project(request.project), trace_id=_uuid(request.GET["trace"]))
    try:
        number = span_number(request.GET.get("span", ""))
    except (ValueError, OverflowError):
        raise Http404 from None
    span = trace_reading.span_of(trace, number) if -(2**63) <= number < 2**63 else None
    if span is None:
        raise Http404
    return Selection([trace], span, "One recorded call", f"{span.name} of {trace.name}", [], request.get_full_path())


def _rows(request: ProjectRequest) -> Selection:
    wanted = [_uuid(text) for text in request.GET.getlist("chosen")[:MOST_CHOSEN]]
    traces = list(Trace.objects.for_project(request.project).filter(trace_id__in=wanted).newest_first())
    if not traces:
        raise Http404
    title = f"{len(traces)} chosen {'trace' if len(traces) == 1 else 'traces'}"
    return Selection(traces, None, title, "The last call of each is taken.", [], request.get_full_path())


def _matching(request: ProjectRequest) -> Selection:
    now = timezone.now()
    time_range = time_ranges.from_request(request, now=now)
    form = TraceFilterForm(request.GET)
    form.is_valid()
    wanted = form.wanted(start=time_range.start, end=time_range.end)
    found = calls.chosen(project=request.project, wanted=wanted)
    count = formats.full_count(len(found.traces))
    title = f"The newest {count} matching traces" if found.has_more else f"All {count} matching traces"
    text = f"Up to {calls.MOST_CALLS} are taken at once. " if found.has_more else ""
    chips = [{"label": chip.label, "value": chip.value} for chip in traces_filters.chips(wanted)]
    chips.insert(0, {"label": "Time", "value": time_range.label})
    span = f"{time_range.start:%Y-%m-%dT%H:%M:%S}..{time_range.end:%Y-%m-%dT%H:%M:%S}"
    action = same_page(request, range=span)
    return Selection(found.traces, None, title, f"{text}The last call of each is taken.", chips, action)


def shown(call: RecordedCall) -> Shown:
    """Return a call as the item that it would become."""
    inputs = [(name, in_words(value)[:600]) for name, value in call.input.items()]
    return Shown(inputs, call.output[:600], call.correction[:600])


def _uuid(text: str) -> UUID:
    try:
        return UUID(hex=text)
    except ValueError:
        raise Http404 from None


urlpatterns: list[URLPattern] = [path("datasets/from-calls/", from_calls, name="dataset-from-calls")]
