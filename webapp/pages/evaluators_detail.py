"""One check: what it looks at, how it judges an answer that is pasted or taken from a dataset, and its versions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import structlog
from django import forms
from django.http import HttpResponse, HttpResponseBase
from django.urls import URLPattern, path

from evals.errors import EvalsError
from evals.evaluators import catalogue, definitions, queries
from evals.evaluators.cases import Case, ModelEvaluator, Outcome
from evals.evaluators.models import Evaluator, EvaluatorVersion
from evals.experiments.judging import SomethingBroke
from evals.judges import canaries, once
from evals.judges import catalogue as judges
from evals.judges.catalogue import BETTER, FEEDBACK
from evals.models import Dataset, DatasetItem
from projects import spending
from projects.errors import ProjectsError
from projects.roles import Action
from prompt_registry import rendering
from webapp.access import ProjectRequest, refuse, requires
from webapp.pages import evaluators_words
from webapp.pages.evaluators_frame import evaluator_of, is_judge, render_evaluator
from webapp.pages.prompts_form import number_in

log = structlog.get_logger("callboard.evaluators")

_LONGEST = 100_000
_DATASETS = 100
_VERSIONS = 100


class TryForm(forms.Form):
    """An answer to try the check on, with what the kind compares it with."""

    output = forms.CharField(
        label="The answer", max_length=_LONGEST, widget=forms.Textarea(attrs={"rows": 5, "dir": "auto"}), strip=False
    )
    question = forms.CharField(
        label="What was asked",
        required=False,
        max_length=_LONGEST,
        widget=forms.Textarea(attrs={"rows": 2, "dir": "auto"}),
    )
    expected = forms.CharField(
        label="The expected answer",
        required=False,
        max_length=_LONGEST,
        widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"}),
    )
    context = forms.CharField(
        label="Context",
        required=False,
        max_length=_LONGEST,
        widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"}),
        help_text="What the answer should be based on, such as a help page.",
    )
    rival = forms.CharField(
        label="The answer it is compared with",
        required=False,
        max_length=_LONGEST,
        widget=forms.Textarea(attrs={"rows": 5, "dir": "auto"}),
    )
    old_answer = forms.CharField(
        label="The old answer",
        required=False,
        max_length=_LONGEST,
        widget=forms.Textarea(attrs={"rows": 4, "dir": "auto"}),
    )
    feedback = forms.CharField(
        label="The feedback on it",
        required=False,
        max_length=_LONGEST,
        widget=forms.Textarea(attrs={"rows": 2, "dir": "auto"}),
    )

    def keep(self, names: set[str]) -> None:
        """Leave only the fields that the check looks at."""
        for name in set(self.fields) - names:
            del self.fields[name]

    def case(self) -> Case:
        found = self.cleaned_data
        notes = {name: found[name] for name in ("feedback", "old_answer") if found.get(name)}
        return Case(
            output=found["output"], expected=found.get("expected") or None, context=found.get("context") or None,
            inputs={"question": found["question"]} if found.get("question") else {}, rival=found.get("rival") or None, notes=notes,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of trying: an outcome, or why there is none; and what it cost."""

    outcome: Outcome | None = None
    error: str = ""
    cost_usd: float | None = None
    is_simulated: bool = False

    @property
    def criteria(self) -> list[dict[str, Any]]:
        return list(self.outcome.detail.get("criteria", [])) if self.outcome else []

    @property
    def orders(self) -> list[dict[str, Any]]:
        return list(self.outcome.detail.get("orders", [])) if self.outcome else []

    @property
    def is_quote_missing(self) -> bool:
        """Whether the judge quotes something that the answer does not say."""
        if self.outcome is None:
            return False
        said = [*self.criteria, *self.orders, self.outcome.detail]
        return any(one.get("quote") and not one.get("is_quoted") for one in said)


@requires(Action.READ_PROMPTS)
def detail(request: ProjectRequest, evaluator_id: int) -> HttpResponseBase:
    """Show a check and try it: at once, or, when a model is asked, after its price was shown."""
    evaluator = evaluator_of(request, evaluator_id)
    version = definitions.current_of(evaluator)
    data = request.POST if request.method == "POST" else None
    action = request.POST.get("do", "") if data is not None else ""
    if action == "ask" and not request.membership.can(Action.RUN_MODELS):
        return refuse(request, Action.RUN_MODELS)
    form = TryForm(data, initial=_initial(request))
    form.keep(_fields_of(version))
    context = _context(request, evaluator, version, form)
    status = 200
    if data is not None and form.is_valid():
        context |= _carry_out(request, version, form.case(), action)
    elif data is not None:
        status = 422
    return render_evaluator(request, "evaluators/detail.html", evaluator, context, tab="try", status=status)


@requires(Action.READ_PROMPTS)
def history(request: ProjectRequest, evaluator_id: int) -> HttpResponse:
    """Show the versions, newest first, each with what it changed."""
    evaluator = evaluator_of(request, evaluator_id)
    rows = list(evaluator.versions.select_related("author").order_by("-number")[: _VERSIONS + 1])
    older: list[EvaluatorVersion | None] = [*rows[1:], None]
    pairs = [
        {"version": row, "differences": evaluators_words.differences(before, row) if before else []}
        for row, before in zip(rows, older, strict=True)
    ]
    return render_evaluator(
        request, "evaluators/versions.html", evaluator, {"pairs": pairs[:_VERSIONS]}, tab="versions"
    )


def _context(request: ProjectRequest, evaluator: Evaluator, version: EvaluatorVersion, form: TryForm) -> dict[str, Any]:
    return {
        "version": version,
        "lines": evaluators_words.lines_of(version),
        "uses": queries.uses_of(evaluator),
        "form": form,
        "datasets": list(Dataset.objects.for_project(request.project).active().by_name()[:_DATASETS]),
        "dataset_id": number_in(request.GET, "dataset"),
        "item_number": number_in(request.GET, "item") or 1,
        "may_run": request.membership.can(Action.RUN_MODELS),
        "standing": canaries.standing(version) if is_judge(version) else None,
        "tried": None,
        "price": None,
    }


def _carry_out(request: ProjectRequest, version: EvaluatorVersion, case: Case, action: str) -> dict[str, Any]:
    try:
        if not is_judge(version):
            return {"tried": Tried(outcome=_quick(version, case))}
        judge = judges.build(version.kind, version.settings)
        return _ask(request, judge, case) if action == "ask" else _price(request, judge, case)
    except (EvalsError, ProjectsError) as error:
        return {"tried": Tried(error=str(error))}


def _quick(version: EvaluatorVersion, case: Case) -> Outcome:
    try:
        return catalogue.build(version.kind, version.settings).judge(case)
    except EvalsError:
        raise
    except Exception as error:  # the edge of one evaluator: an answer that breaks it is an error, never a broken page
        log.exception("evaluator_broke", evaluator_version=version.pk)
        raise SomethingBroke from error


def _price(request: ProjectRequest, judge: ModelEvaluator, case: Case) -> dict[str, Any]:
    found = once.estimate(project=request.project, judge=judge, case=case)
    today = spending.today(project=request.project, user=request.user)
    return {
        "price": {
            "expected": found.expected.nano_usd / spending.NANO,
            "worst": found.worst.nano_usd / spending.NANO,
            "is_known": found.worst.is_price_known,
            "left": today.left_nano_usd / spending.NANO,
            "model": judge.model,
            "is_too_much": found.worst.nano_usd > today.left_nano_usd,
        }
    }


def _ask(request: ProjectRequest, judge: ModelEvaluator, case: Case) -> dict[str, Any]:
    said = once.ask(project=request.project, judge=judge, case=case, by=request.user)
    tried = Tried(said.outcome, said.error, said.cost.nano_usd / spending.NANO, said.is_simulated)
    return {"tried": tried}


def _fields_of(version: EvaluatorVersion) -> set[str]:
    found = {"output"}
    kind = queries.kind_of(version.kind)
    if is_judge(version):
        found |= {"question", "context"}
    if version.kind in ("language", "personal data"):
        found |= {"question"}
    if version.kind in ("groundedness", "personal data"):
        found |= {"context"}
    if kind and (kind.needs_expected or (version.kind == "json path" and not version.settings.get("equals"))):
        found |= {"expected"}
    if version.kind == BETTER:
        found |= {"rival"}
    if version.kind == FEEDBACK:
        found |= {"feedback", "old_answer"}
    return found


def _initial(request: ProjectRequest) -> dict[str, str]:
    """Return what an item of a dataset brings along; its expected answer stands as the answer until another is typed."""
    dataset_id, number = number_in(request.GET, "dataset"), number_in(request.GET, "item") or 1
    items = DatasetItem.objects.current().filter(dataset__project=request.project, dataset_id=dataset_id)
    item = items.filter(number__gte=number).order_by("number").first() if dataset_id else None
    if item is None:
        return {}
    inputs = [rendering.stringify(value) for value in item.input.values()]
    expected = "" if item.expected_output is None else rendering.stringify(item.expected_output)
    notes = {name: rendering.stringify(item.metadata.get(name, "")) for name in ("feedback", "old_answer")}
    return {"output": expected, "question": "\n\n".join(inputs), "expected": expected, "context": item.context, **notes}


urlpatterns: list[URLPattern] = [
    path("evaluators/<int:evaluator_id>/", detail, name="evaluator"),
    path("evaluators/<int:evaluator_id>/versions/", history, name="evaluator-versions"),
]
