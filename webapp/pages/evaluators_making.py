"""Making a check: what it looks at is chosen in words, then only that kind's fields are shown; changing one makes a version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path

from evals.errors import EvalsError
from evals.evaluators import catalogue, definitions, queries
from evals.evaluators.models import CODE
from evals.judges import families
from evals.judges.catalogue import JUDGES
from projects.roles import Action
from webapp.access import ProjectRequest, requires
from webapp.pages.evaluators_forms import FORMS, SettingsForm
from webapp.pages.evaluators_frame import SECTION, address, crumbs, evaluator_of, render_evaluator
from webapp.pages.evaluators_judge_forms import JUDGE_FORMS, connections_of, models_of
from webapp.render import render_page

# What engineers know and others do not need to see first.
_TECHNICAL = ("pattern", "json", "json path", "tool calls")
_MEASURES = ("words in common", "rouge-1", "rouge-2", "rouge-l", "chrf", "bleu", "edit distance", "meaning")


class NameForm(forms.Form):
    name = forms.CharField(
        label="Name", max_length=definitions.MAX_NAME, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    description = forms.CharField(
        label="What it is for", max_length=definitions.MAX_DESCRIPTION, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )  # fmt: skip


@requires(Action.EDIT_EVALUATORS)
def new_evaluator(request: ProjectRequest) -> HttpResponseBase:
    """Choose what is looked at, fill in its form, make the check and open it."""
    kind = request.GET.get("kind", "")
    if kind == CODE or queries.kind_of(kind) is None:
        return _show_kinds(request)
    data = request.POST if request.method == "POST" else None
    name_form, form = NameForm(data, initial={"name": _usual_name(kind)}), form_of(request, kind, data)
    if data is not None and all([name_form.is_valid(), form.is_valid()]):
        try:
            evaluator = definitions.create(
                project=request.project, kind=kind, settings=form.settings(), by=request.user, **name_form.cleaned_data
            )
        except EvalsError as error:
            _add_error(name_form, form, error)
        else:
            messages.success(request, f"{evaluator.name} is ready. Try it here, then choose it in a test.")
            return redirect(address(evaluator))
    return _show_form(request, kind, name_form, form)


@requires(Action.EDIT_EVALUATORS)
def change(request: ProjectRequest, evaluator_id: int) -> HttpResponseBase:
    """Let the check judge otherwise from now on."""
    evaluator = evaluator_of(request, evaluator_id)
    version = definitions.current_of(evaluator)
    data = request.POST if request.method == "POST" else None
    form = form_of(request, version.kind, data, version.settings)
    if data is not None and form.is_valid():
        try:
            changed = definitions.change(
                evaluator=evaluator, kind=version.kind, settings=form.settings(), by=request.user
            )
        except EvalsError as error:
            form.add_error(None, str(error))
        else:
            if changed.number == version.number:
                messages.info(request, "Nothing changed, so there is no new version.")
            else:
                messages.success(request, f"Version {changed.number} judges from now on. Earlier results keep theirs.")
            return redirect(address(evaluator))
    context = {"form": form, "fields": _fields(form), "version": version, **_judge_context(request, version.kind, form)}
    status = 422 if data is not None else 200
    return render_evaluator(request, "evaluators/change.html", evaluator, context, tab="", status=status)


def form_of(request: ProjectRequest, kind: str, data: Any, settings: Mapping[str, Any] | None = None) -> SettingsForm:
    """Return the form of a kind, empty, filled in with settings, or as it was sent."""
    if kind in JUDGE_FORMS:
        judge_form = JUDGE_FORMS[kind]
        initial = judge_form.initial_of(settings) if settings is not None else None
        return judge_form(data, project=request.project, initial=initial)
    form = FORMS.get(kind, SettingsForm)
    return form(data, initial=form.initial_of(settings) if settings is not None else None)


def _show_kinds(request: ProjectRequest) -> HttpResponse:
    quick = [(name, kind) for name, kind in catalogue.KINDS.items() if name not in (*_TECHNICAL, *_MEASURES)]
    context = {
        "page_title": "New check",
        "crumbs": crumbs(request),
        "groups": [
            {"title": "Looks at the answer itself", "text": "At once and at no cost.", "kinds": quick},
            {"title": "Asks a model", "text": "For what only a reader can tell. Each answer costs a little.",
             "kinds": list(JUDGES.items())},
            {"title": "Measures how near the answer is to the expected one", "needs_expected": True,
             "text": "Needs items with an expected answer.",
             "kinds": _chosen(_MEASURES)},
            {"title": "For answers that programs read", "text": "These need an engineer.", "kinds": _chosen(_TECHNICAL)},
        ],
        "has_provider": connections_of(request.project).exists(),
        "can_connect": request.membership.can(Action.MANAGE_PROVIDERS),
    }  # fmt: skip
    return render_page(request, "evaluators/kinds.html", context, section=SECTION)


def _show_form(request: ProjectRequest, kind: str, name_form: NameForm, form: SettingsForm) -> HttpResponse:
    context = {
        "page_title": "New check",
        "crumbs": [*crumbs(request), {"label": "New check", "url": request.path}],
        "kind": queries.kind_of(kind),
        "name_form": name_form,
        "form": form,
        "fields": _fields(form),
        **_judge_context(request, kind, form),
    }
    return render_page(request, "evaluators/new.html", context, section=SECTION, status=422 if form.is_bound else 200)


def _judge_context(request: ProjectRequest, kind: str, form: SettingsForm) -> dict[str, Any]:
    if kind not in JUDGES:
        return {}
    live = _models_in_use(request)
    judge = str(form["model"].value() or "")
    return {
        "is_judge": True,
        "has_provider": connections_of(request.project).exists(),
        "can_connect": request.membership.can(Action.MANAGE_PROVIDERS),
        "models": models_of(request.project),
        "family_warning": families.warning(judge=judge, tested=live),
    }


def _models_in_use(request: ProjectRequest) -> list[str]:
    """Return the models that the prompts of the project name: what a judge will most likely judge."""
    rows = request.project.prompts.filter(archived_at=None, deleted_at=None, labels__name="production")
    found = rows.values_list("labels__version__settings__model", flat=True).distinct()[:50]
    return sorted({str(model) for model in found if model})


def _fields(form: SettingsForm) -> list[forms.BoundField]:
    return list(form)


def _chosen(names: tuple[str, ...]) -> list[tuple[str, catalogue.Kind]]:
    return [(name, catalogue.KINDS[name]) for name in names if name in catalogue.KINDS]


def _usual_name(kind: str) -> str:
    found = queries.kind_of(kind)
    return found.title if found and kind not in JUDGES else ""


def _add_error(name_form: NameForm, form: SettingsForm, error: EvalsError) -> None:
    if type(error).__name__.startswith("EvaluatorName"):
        name_form.add_error("name", str(error))
    else:
        form.add_error(None, str(error))


urlpatterns: list[URLPattern] = [
    path("evaluators/new/", new_evaluator, name="evaluator-new"),
    path("evaluators/<int:evaluator_id>/change/", change, name="evaluator-change"),
]
