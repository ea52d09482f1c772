"""Making a dataset of an issue: calls that show the problem and good ones beside them, masked, half of each held out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.text import slugify

from evals import calls, datasets
from evals.adding import Addition
from evals.calls import CallsAdded, RecordedCall
from evals.errors import EvalsError
from evals.models import Dataset
from monitoring.issues import fixes, follow_ups
from monitoring.issues.fix_models import IssueFix
from monitoring.issues.models import Issue
from projects.roles import Action
from webapp import formats
from webapp.access import ProjectRequest, one, requires
from webapp.pages import issues_examples
from webapp.pages.datasets_calls import AddForm, shown
from webapp.pages.issues_detail import SECTION, issue_of
from webapp.pages.issues_merge import crumbs
from webapp.render import render_page

# Half of each is held out: so many good ones show that a new version breaks at most five in a hundred of them.
BAD, GOOD = 40, 120
MOST_CALLS = 200
SHOWN = 3
_NEW = "new"


class IssueDatasetForm(AddForm):
    """Which dataset, and how many calls of each kind."""

    bad = forms.IntegerField(label="Calls with the problem", min_value=1, max_value=MOST_CALLS)
    good = forms.IntegerField(
        label="Good calls beside them", min_value=0, max_value=MOST_CALLS,
        help_text="They show whether a new version breaks what works.",
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Which call is on which side is for nobody to choose.
        del self.fields["split"]
        self.fields["with_answer"].label = "The answers of the good calls are right"
        self.fields["with_answer"].help_text = "They become the expected answers. Those with the problem never do."


@requires(Action.EDIT_DATASETS)
def dataset(request: ProjectRequest, number: int) -> HttpResponseBase:
    """Say which calls they are, and put them into a dataset when the form is sent."""
    found = issue_of(request, number)
    first = {"dataset": _NEW, "name": suggested_name(found), "bad": BAD, "good": GOOD, "with_answer": False}
    form = IssueDatasetForm(request.POST if request.method == "POST" else None, project=request.project, initial=first)
    if form.is_bound and form.is_valid():
        try:
            made, done = _add(request, found, form.cleaned_data)
        except EvalsError as error:
            form.add_error("name" if form.cleaned_data["dataset"] == _NEW else None, str(error))
        else:
            if made is not None:
                _tell(request, made, done)
                if fixes.current(found) is not None:
                    # The way to the proof says what comes next.
                    return redirect("issue", request.project.slug, number)
                return redirect("dataset", request.project.slug, made.pk)
            form.add_error(None, "None of its calls has a text that was recorded, so there is nothing to keep.")
    fix = fixes.current(found)
    bad, good = (_recorded(found, fix, is_bad=is_bad, limit=SHOWN) for is_bad in (True, False))
    context = {
        "page_title": "Make a dataset", "issue": found, "form": form, "crumbs": crumbs(request, found),
        "groups": [("With the problem", [shown(call) for call in bad]), ("Good ones", [shown(call) for call in good])],
        "is_empty": not bad,
    }  # fmt: skip
    return render_page(
        request, "issues/dataset.html", context, section=SECTION, status=422 if form.is_bound else 200
    )  # fmt: skip


def suggested_name(found: Issue) -> str:
    """Return a name for the dataset made of an issue, such as `issues/12-refunds-after-30-days`."""
    words = slugify(found.title.partition(":")[0].replace("/", " "))[:60].strip("-")
    return f"issues/{found.number}-{words}" if words else f"issues/{found.number}"


def _add(request: ProjectRequest, found: Issue, values: dict[str, Any]) -> tuple[Dataset | None, CallsAdded]:
    fix = fixes.current(found)
    bad = _recorded(found, fix, is_bad=True, limit=values["bad"])
    good = _recorded(found, fix, is_bad=False, limit=values["good"])
    if not bad and not good:
        return None, CallsAdded(Addition(), 0)
    trusted = [replace(call, correction=call.expected(with_answer=values["with_answer"])) for call in good]
    tags = [tag.strip() for tag in values["tags"].split(",") if tag.strip()]
    made = _chosen(request, values)
    done = calls.add(dataset=made, calls=[*bad, *trusted], tags=tags, by=request.user)
    kept = done.addition.added_count + done.addition.duplicate_count
    follow_ups.dataset_made(issue=found, dataset_id=made.pk, name=made.name, item_count=kept, by=request.user)
    if fix is not None:
        fixes.link(fix=fix, by=request.user, dataset_id=made.pk)
    return made, done


def _chosen(request: ProjectRequest, values: dict[str, Any]) -> Dataset:
    if values["dataset"] == _NEW:
        return datasets.create(project=request.project, name=values["name"], by=request.user)
    return one(Dataset.objects.for_project(request.project).active(), pk=int(values["dataset"]))


def _recorded(found: Issue, fix: IssueFix | None, *, is_bad: bool, limit: int) -> Sequence[RecordedCall]:
    """Return the examples that were chosen, and others until there are enough."""
    first = issues_examples.chosen(found, fix, is_bad=is_bad) if fix is not None else []
    both = [*first, *issues_examples.candidates(found, is_bad=is_bad, limit=limit)]
    once = {(call.span.trace_id, call.span.span_id): call for call in both}
    return issues_examples.as_items(found, list(once.values())[:limit], is_bad=is_bad)


def _tell(request: ProjectRequest, made: Dataset, done: CallsAdded) -> None:
    added, twice = done.addition.added_count, done.addition.duplicate_count
    text = f"{formats.full_count(added)} {'item' if added == 1 else 'items'} added to {made.name}."
    if twice:
        text += f" {formats.full_count(twice)} {'was' if twice == 1 else 'were'} left out: the same was there already."
    (messages.success if added else messages.info)(request, text)


urlpatterns: list[URLPattern] = [path("issues/<int:number>/dataset/", dataset, name="issue-dataset")]
