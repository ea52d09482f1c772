"""Training data from chosen calls: what it would be and cost, and asking for it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from evals.training import estimating
from evals.training.checks import FEWEST_ROWS
from evals.training.choosing import Which
from monitoring.exports import requests
from monitoring.exports.models import TRAINING, ExportKind
from monitoring.exports.requests import ExportRefused
from projects.roles import Action
from webapp.access import ProjectRequest, requires
from webapp.accounts.reauthentication import fresh
from webapp.pages.exports import COUNT_WORDS, crumbs
from webapp.pages.exports_choice import CallChoice, chosen_calls
from webapp.render import render_page

_PER_MILLION = 1_000_000


class TrainingForm(forms.Form):
    kind = forms.ChoiceField(
        label="What for", choices=[(kind.value, kind.label) for kind in TRAINING],
        help_text="In the form that OpenAI documents for fine-tuning; others read it too.",
    )  # fmt: skip
    which = forms.ChoiceField(
        label="Which answers", choices=Which.choices, initial=Which.GOOD,
        help_text="For fine-tuning. A correction always stands in for the answer. Pairs need none of this.",
    )  # fmt: skip
    reviews = forms.BooleanField(
        label="Also all pairs that reviewers judged", required=False, initial=True, help_text="For pairs."
    )
    masks = forms.BooleanField(
        label="Mask personal data and secrets", required=False, initial=True,
        help_text="Addresses, numbers of phones, cards and accounts, keys, and what the rules of the project find.",
    )  # fmt: skip
    validation_percent = forms.IntegerField(
        label="Kept to validate with, in percent", min_value=0, max_value=50, initial=10,
        help_text="All calls of one user or session are on the same side.",
    )  # fmt: skip
    price = forms.FloatField(
        label="Price of training, USD a million tokens", required=False, min_value=0, max_value=1_000,
        help_text="As your provider lists it, for the estimate alone.",
    )  # fmt: skip
    epochs = forms.IntegerField(label="Times that everything is trained on", min_value=1, max_value=50, initial=3)

    @property
    def options(self) -> dict[str, Any]:
        values = self.cleaned_data
        return {
            "which": values["which"], "reviews": values["reviews"], "masks": values["masks"],
            "validation_share": values["validation_percent"] / 100,
        }  # fmt: skip


@requires(Action.MANAGE_PROJECT)
def new(request: ProjectRequest) -> HttpResponse:
    """Ask what for; a POST looks at the newest calls and says what would be made of all of them."""
    choice = chosen_calls(request)
    form = TrainingForm(request.POST if request.method == "POST" else None)
    if not form.is_bound or choice.problem or not form.is_valid():
        return _page(request, choice, form, status=422 if form.is_bound else 200)
    values = form.cleaned_data
    found = estimating.estimate(
        project=request.project, kind=values["kind"], wanted=choice.wanted, options=form.options
    )
    tokens = (found.expected_tokens or 0) * values["epochs"]
    context = {
        "estimate": found, "price_usd": tokens * values["price"] / _PER_MILLION if values["price"] else None,
        "counted": [(COUNT_WORDS[name], found.counts[name]) for name in COUNT_WORDS if found.counts.get(name)],
        "is_too_few": found.is_whole and found.rows < FEWEST_ROWS, "fewest": FEWEST_ROWS, "epochs": values["epochs"],
    }  # fmt: skip
    return _page(request, choice, form, **context)


@requires(Action.MANAGE_PROJECT)
@require_POST
@fresh
def ask(request: ProjectRequest) -> HttpResponseBase:
    """Begin to write training data."""
    choice, form = chosen_calls(request), TrainingForm(request.POST)
    if choice.problem or not form.is_valid():
        return _page(request, choice, form, status=422)
    try:
        export = requests.ask(
            project=request.project, kind=ExportKind(form.cleaned_data["kind"]), wanted=choice.wanted, words=choice.words,
            options=form.options, by=request.user,
        )  # fmt: skip
    except ExportRefused as error:
        form.add_error(None, str(error))
        return _page(request, choice, form, status=422)
    return redirect("export", request.project.slug, export.pk)


def _page(
    request: ProjectRequest, choice: CallChoice, form: TrainingForm, *, status: int = 200, **more: Any
) -> HttpResponse:  # fmt: skip
    slug = request.project.slug
    here, there = reverse("training-new", args=[slug]), reverse("training-ask", args=[slug])
    query = choice.action.partition("?")[2]
    context = {
        "page_title": "Training data", "crumbs": crumbs(request), "form": form, "choice": choice,
        "look_url": f"{here}?{query}", "ask_url": f"{there}?{query}", **more,
    }  # fmt: skip
    return render_page(request, "exports/training.html", context, section="explore", status=status)


urlpatterns: list[URLPattern] = [
    path("exports/training/", new, name="training-new"),
    path("exports/training/ask/", ask, name="training-ask"),
]
