"""Letting a check watch live calls, or other ones than before: which, how many, and for how much a day."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse

from evals.errors import EvalsError
from evals.evaluators import definitions
from evals.evaluators.models import Evaluator
from evals.online import changes, queries
from evals.online.changes import Wanted
from evals.online.models import WHOLE_PPM, OnlineEvaluation
from monitoring import environments
from projects import spending
from projects.models import Project
from projects.roles import Action
from prompt_registry.models import Prompt
from webapp.access import ProjectRequest, one, requires
from webapp.pages.evaluators_frame import SECTION
from webapp.pages.online import cost_words, online_of
from webapp.render import render_page

_MOST_PROMPTS = 500


class CallsForm(forms.Form):
    environment = forms.ChoiceField(label="Environment", required=False)
    prompt_name = forms.ChoiceField(label="Prompt", required=False)
    label = forms.CharField(
        label="Label of the prompt", max_length=36, required=False,
        help_text="Only calls of the version that it points to at the time, such as production.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip
    model = forms.CharField(
        label="Model", max_length=255, required=False, widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})
    )  # fmt: skip
    share = forms.DecimalField(
        label="Share of these calls, in percent", min_value=Decimal("0.0001"), max_value=100, max_digits=7, decimal_places=4,
        initial=10, help_text="Drawn by the id of the trace, so it never depends on the answer or the user.",
        widget=forms.NumberInput(attrs={"step": "any", "inputmode": "decimal"}),
    )  # fmt: skip
    cap = forms.DecimalField(
        label="At most, in dollars a day", min_value=0, max_value=spending.MOST_NANO_USD // spending.NANO, max_digits=9,
        decimal_places=2, initial=1, help_text="Only checks that ask a model cost something. The limit of the project holds too.",
        widget=forms.NumberInput(attrs={"step": "0.01", "inputmode": "decimal"}),
    )  # fmt: skip

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = list(
            Prompt.objects.for_project(project).active().by_name().values_list("name", flat=True)[:_MOST_PROMPTS]
        )
        self._choose("environment", "Any environment", environments.names(project=project))
        self._choose("prompt_name", "Any prompt", names)

    def _choose(self, field: str, anything: str, names: list[str]) -> None:
        known = [*names, *([kept] if (kept := self.initial.get(field)) and kept not in names else [])]
        label = self.fields[field].label
        choices = [("", anything), *((name, name) for name in known)]
        self.fields[field] = forms.ChoiceField(label=label, required=False, choices=choices)

    def wanted(self) -> Wanted:
        """Return what was chosen."""
        values = self.cleaned_data
        return Wanted(
            environment=values["environment"], prompt_name=values["prompt_name"], label=values["label"].strip(),
            model=values["model"].strip(), share_ppm=int(values["share"] * WHOLE_PPM / 100),
            cap_nano_usd=int(values["cap"] * spending.NANO),
        )  # fmt: skip


@requires(Action.EDIT_EVALUATORS)
def new_online(request: ProjectRequest) -> HttpResponseBase:
    """Choose a check and the calls it watches; a look at a day comes before it begins."""
    project = request.project
    evaluators = changes.usable(project)
    chosen = request.POST.get("evaluator") or request.GET.get("evaluator", "")
    form = CallsForm(request.POST if request.method == "POST" else None, project=project)
    context: dict[str, Any] = {"evaluators": evaluators, "chosen": chosen}
    if form.is_bound and form.is_valid():
        evaluator = one(Evaluator.objects.for_project(project).active(), pk=int(chosen) if chosen.isdecimal() else 0)
        try:
            if request.POST.get("do") == "look":
                context |= _day(project, evaluator, form.wanted())
                return _show(request, "New check on live calls", form, context, status=200)
            online = changes.create(project=project, evaluator=evaluator, wanted=form.wanted(), by=request.user)
        except EvalsError as error:
            form.add_error(None, str(error))
        else:
            messages.success(
                request, "It watches the calls that arrive from now on. The first results take about a minute."
            )
            return redirect("online-evaluation", project.slug, online.pk)
    return _show(request, "New check on live calls", form, context, status=422 if form.is_bound else 200)


@requires(Action.EDIT_EVALUATORS)
def change_online(request: ProjectRequest, online_id: int) -> HttpResponseBase:
    """Change which calls are judged, how many, or for how much."""
    online = online_of(request, online_id)
    form = CallsForm(
        request.POST if request.method == "POST" else None, project=request.project, initial=_initial(online)
    )
    context: dict[str, Any] = {"online": online}
    if form.is_bound and form.is_valid():
        try:
            if request.POST.get("do") == "look":
                context |= _day(request.project, online.evaluator_version.evaluator, form.wanted())
                return _show(request, "Change", form, context, status=200)
            changes.change(online=online, wanted=form.wanted(), by=request.user)
        except EvalsError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "Saved. It holds for calls that arrive from now on.")
            return redirect("online-evaluation", request.project.slug, online.pk)
    return _show(request, "Change", form, context, status=422 if form.is_bound else 200)


def _day(project: Project, evaluator: Evaluator, wanted: Wanted) -> dict[str, Any]:
    """Return what the last 24 hours would have been like."""
    trial = OnlineEvaluation(
        project=project, evaluator_version=definitions.current_of(evaluator), environment=wanted.environment,
        prompt_name=wanted.prompt_name, label=wanted.label, model=wanted.model, share_ppm=wanted.share_ppm,
        cap_nano_usd=wanted.cap_nano_usd,
    )  # fmt: skip
    found = queries.preview(trial)
    return {"preview": found, "preview_cost": cost_words(found)}


def _initial(online: OnlineEvaluation) -> dict[str, Any]:
    return {
        "environment": online.environment, "prompt_name": online.prompt_name, "label": online.label, "model": online.model,
        "share": Decimal(online.share_ppm) * 100 / WHOLE_PPM, "cap": Decimal(online.cap_nano_usd) / spending.NANO,
    }  # fmt: skip


def _show(
    request: ProjectRequest, title: str, form: CallsForm, context: dict[str, Any], *, status: int
) -> HttpResponse:
    slug = request.project.slug
    crumbs = [
        {"label": "Checks", "url": reverse("evaluators", args=[slug])},
        {"label": "On live calls", "url": reverse("online-evaluations", args=[slug])},
    ]
    frame = {"page_title": title, "crumbs": crumbs, "form": form, **context}
    return render_page(request, "online/form.html", frame, section=SECTION, status=status)


urlpatterns: list[URLPattern] = [
    path("evaluators/live/new/", new_online, name="online-evaluation-new"),
    path("evaluators/live/<int:online_id>/change/", change_online, name="online-evaluation-change"),
]
