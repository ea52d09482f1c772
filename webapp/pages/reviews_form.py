"""The form that makes a review queue, for each of the places its items can come from."""

from __future__ import annotations

from typing import Any, cast

from django import forms

from evals.experiments.models import Experiment
from evals.experiments.plans import Variant
from evals.reviews import questions
from evals.reviews.models import Order, Purpose, QuestionKind
from evals.reviews.questions import BETTER, CORRECTION, GOOD, NewQuestion
from evals.reviews.queues import MOST_AT_ONCE, QueuePlan
from evals.reviews.sources import Source, SourceKind
from projects.models import Project, User
from projects.roles import Action, Role, is_allowed

JUDGE = "judge"
_DAYS = [(1, "The last day"), (7, "The last 7 days"), (30, "The last 30 days")]
_OF_EXPERIMENT = (SourceKind.ANSWERS, SourceKind.PAIRS, JUDGE)
_MORE = ("second", "third")
_KINDS = [
    (QuestionKind.YES_NO, "Yes or no"),
    (QuestionKind.SCALE, "A scale"),
    (QuestionKind.CHOICE, "One of several"),
    (QuestionKind.TEXT, "Free text"),
]
_TITLES = {
    SourceKind.ANSWERS: "Answers of", SourceKind.PAIRS: "Pairs of", JUDGE: "Judge check on", SourceKind.DISLIKED: "Disliked calls",
    SourceKind.SAMPLE: "Random sample", SourceKind.DISAGREEMENTS: "Disagreements", SourceKind.CHOSEN: "Chosen calls",
}  # fmt: skip


class QueueForm(forms.Form):
    """What is asked, of which items, by whom; fields that the place of the items does not need are left out."""

    name = forms.CharField(label="Name", max_length=120, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    evaluator = forms.TypedChoiceField(label="Judge", coerce=int)
    column = forms.TypedChoiceField(label="Whose answers", coerce=int)
    rival = forms.TypedChoiceField(label="Against", coerce=int)
    days = forms.TypedChoiceField(label="From", choices=_DAYS, coerce=int, initial=7)
    count = forms.IntegerField(label="How many items", min_value=1, max_value=MOST_AT_ONCE, initial=60)
    question = forms.CharField(label="Question", max_length=300, initial=GOOD.text)
    kind = forms.ChoiceField(label="Answered with", choices=_KINDS[:3])
    options = forms.CharField(
        label="The answers to choose from", required=False, max_length=600, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="One on each line, for «one of several» and for scales from low to high. A scale without any goes from 1 to 5.",
    )  # fmt: skip
    second_question = forms.CharField(label="Second question", max_length=300, required=False)
    second_kind = forms.ChoiceField(label="Answered with", choices=_KINDS)
    second_options = forms.CharField(
        label="Its answers", required=False, max_length=600, widget=forms.Textarea(attrs={"rows": 2})
    )
    third_question = forms.CharField(label="Third question", max_length=300, required=False)
    third_kind = forms.ChoiceField(label="Answered with", choices=_KINDS)
    third_options = forms.CharField(
        label="Its answers", required=False, max_length=600, widget=forms.Textarea(attrs={"rows": 2})
    )
    correction = forms.BooleanField(
        label="Let reviewers write a better answer", required=False, initial=True,
        help_text="It can become a dataset item with one press.",
    )  # fmt: skip
    guidance = forms.CharField(
        label="What reviewers should know", max_length=2_000, required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="For example what makes an answer good, and what to do in doubt.",
    )  # fmt: skip
    answers_wanted = forms.IntegerField(
        label="People for each item", min_value=1, max_value=9, initial=1,
        help_text="With two or more you see how far people agree.",
    )  # fmt: skip
    adjudicator = forms.TypedChoiceField(
        label="Who decides where they disagree", coerce=int, required=False, empty_value=None,
        help_text="Without anybody the majority decides.",
    )  # fmt: skip
    order = forms.ChoiceField(
        label="Order", choices=Order.choices, required=False, initial=Order.UNIFORM,
        help_text="Most informative: where a judge is in doubt, or evaluators disagree, comes first.",
    )  # fmt: skip
    is_blind = forms.BooleanField(
        label="Blind", required=False, initial=True,
        help_text="Flags, judges' scores and names of variants are shown only after an answer.",
    )  # fmt: skip
    is_shared = forms.BooleanField(
        label="Several people may have the same item at once", required=False,
        help_text="Otherwise an item is before one person at a time.",
    )  # fmt: skip
    daily_goal = forms.IntegerField(label="Answers a day for each person", min_value=1, max_value=10_000, initial=60)

    def __init__(
        self, *args: Any, project: Project, source: str, experiment: Experiment | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.source, self.experiment = source, experiment
        self.fields[
            "name"
        ].initial = f"{_TITLES[SourceKind(source) if source != JUDGE else JUDGE]} {experiment or ''}".strip()[:120]
        self._choose("adjudicator", [("", "Nobody in particular"), *people(project)])
        if experiment:
            self._ask_of_experiment(experiment)
        for name in self._not_asked():
            del self.fields[name]
        if source == JUDGE:
            self.fields["count"].initial = 100

    def _ask_of_experiment(self, experiment: Experiment) -> None:
        titles = [Variant.from_json(raw).title for raw in experiment.variants]
        columns = list(enumerate(titles))
        self._choose("column", columns if self.source == SourceKind.PAIRS else [(-1, "All variants"), *columns])
        self._choose("rival", columns)
        self.fields["rival"].initial = min(1, len(columns) - 1)
        versions = experiment.evaluator_versions.select_related("evaluator").order_by("evaluator__name")
        self._choose("evaluator", [(version.pk, str(version)) for version in versions])

    def _choose(self, name: str, choices: list[tuple[Any, str]]) -> None:
        cast(forms.ChoiceField, self.fields[name]).choices = choices

    def _not_asked(self) -> list[str]:
        dropped = []
        if self.source not in _OF_EXPERIMENT:
            dropped += ["column"]
        if self.source != SourceKind.PAIRS:
            dropped += ["rival"]
        if self.source != JUDGE:
            dropped += ["evaluator"]
        else:
            # A calibration is drawn by chance, asks for a yes or no, and would be worth nothing if reviewers knew the judge.
            dropped += ["order", "is_blind", "kind", "options"]
        if self.source == SourceKind.PAIRS:
            dropped += ["question", "kind", "options", "correction", "is_blind", "order"]
        if self.source not in (SourceKind.DISLIKED, SourceKind.SAMPLE, SourceKind.DISAGREEMENTS):
            dropped += ["days"]
        if self.source == SourceKind.CHOSEN:
            dropped += ["count"]
        return dropped

    def plan(self, *, chosen: Source | None, by_id: dict[int, User]) -> QueuePlan:
        """Return the queue that the form describes."""
        value = self.cleaned_data.get
        is_judge = self.source == JUDGE
        version_id = value("evaluator") if is_judge else None
        versions = self.experiment.evaluator_versions.all() if self.experiment else []
        return QueuePlan(
            name=value("name") or "", source=chosen or self._source(), questions=self._questions(),
            purpose=Purpose.CALIBRATION if is_judge else Purpose.PAIRS if self.source == SourceKind.PAIRS else Purpose.REVIEW,
            guidance=value("guidance") or "", count=value("count") or len(chosen.traces if chosen else ()),
            answers_wanted=value("answers_wanted") or 1, order=value("order") or Order.UNIFORM, is_blind=value("is_blind", True),
            is_shared=value("is_shared") or False, daily_goal=value("daily_goal") or 60,
            adjudicator=by_id.get(value("adjudicator") or 0), experiment=self.experiment,
            evaluator_version=next((version for version in versions if version.pk == version_id), None),
        )  # fmt: skip

    def _source(self) -> Source:
        value = self.cleaned_data.get
        column, rival = value("column", -1), value("rival", -1)
        columns = (column, rival) if self.source == SourceKind.PAIRS else () if column < 0 else (column,)
        return Source(
            kind=SourceKind.ANSWERS if self.source == JUDGE else self.source, columns=columns, days=value("days") or 0,
            experiment_id=self.experiment.pk if self.experiment else 0, evaluator_version_id=value("evaluator") or 0,
        )  # fmt: skip

    def _questions(self) -> list[NewQuestion]:
        value = self.cleaned_data.get
        first = BETTER
        if self.source != SourceKind.PAIRS:
            kind = value("kind") or QuestionKind.YES_NO
            name = GOOD.name if kind == QuestionKind.YES_NO and value("question") == GOOD.text else ""
            first = NewQuestion(kind, value("question") or "", name, _lines(value("options")))
        more = [
            NewQuestion(value(f"{name}_kind") or "", text, "", _lines(value(f"{name}_options")), value(f"{name}_kind") != QuestionKind.TEXT)
            for name in _MORE
            if (text := value(f"{name}_question"))
        ]  # fmt: skip
        return [first, *more, *([CORRECTION] if value("correction") else [])]


def people(project: Project) -> list[tuple[int, str]]:
    """Return the members who may answer, by name, as choices."""
    roles = [role for role in Role if is_allowed(role=role, action=Action.GIVE_FEEDBACK)]
    rows = project.memberships.filter(role__in=roles, user__is_active=True).select_related("user")[:500]
    return sorted(((member.user_id, member.user.display_name) for member in rows), key=lambda choice: choice[1].lower())


def _lines(text: str | None) -> tuple[str, ...]:
    return tuple(line.strip() for line in (text or "").splitlines() if line.strip())[: questions.MAX_OPTIONS + 1]
