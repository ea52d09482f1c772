"""The forms of judges: whom to ask, and what, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import QueryDict

from evals.judges import catalogue, rubric
from evals.judges.settings import MAX_WORDS
from projects.models import Project
from prompt_registry.models import ProviderConnection
from prompt_registry.providers.simulated.models import MODELS
from webapp.pages.evaluators_forms import SettingsForm

# So many criteria stand open; the others are folded away.
_SHOWN = 4


class JudgeForm(SettingsForm):
    """Which model judges; what all judges have."""

    connection_id = forms.TypedChoiceField(
        label="Who judges", coerce=int, error_messages={"required": "Choose a provider."}
    )
    model = forms.CharField(
        label="Model",
        max_length=120,
        widget=forms.TextInput(attrs={"list": "judge-models", "autocomplete": "off", "spellcheck": "false"}),
        help_text="Best one of another family than the models you test: models like what their relatives write.",
    )

    def __init__(
        self, data: QueryDict | None = None, *, project: Project, initial: Mapping[str, Any] | None = None
    ) -> None:
        rows = list(connections_of(project))
        first = {"connection_id": rows[0].pk, "model": rows[0].default_model} if rows else {}
        super().__init__(data, initial={**first, **(initial or {})})
        names = [
            (row.pk, f"{row.name} (simulated)" if row.is_simulated and "imulated" not in row.name else row.name)
            for row in rows
        ]
        self.fields["connection_id"].choices = names  # type: ignore[attr-defined]


class OwnWordsForm(JudgeForm):
    criterion = forms.CharField(
        label="An answer is good when",
        max_length=MAX_WORDS,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="For example «It names the next step, and who takes it». Say one thing; for several use a list of criteria.",
    )
    field_order = ("criterion", "connection_id", "model")


class ReferenceForm(JudgeForm):
    hint = forms.CharField(
        label="What matters",
        required=False,
        max_length=MAX_WORDS,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="For example «The amount must be the same; how it is said does not matter».",
    )
    field_order = ("hint", "connection_id", "model")


class BetterForm(JudgeForm):
    aspect = forms.CharField(
        label="Better means",
        required=False,
        max_length=MAX_WORDS,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Leave it empty for: right, complete as far as it matters, and clear.",
    )
    field_order = ("aspect", "connection_id", "model")


class FeedbackForm(JudgeForm):
    pass


class CriterionForm(forms.Form):
    """One criterion of a rubric; an empty one does not count."""

    use_required_attribute = False

    name = forms.CharField(
        label="Criterion",
        required=False,
        max_length=rubric.MAX_NAME,
        widget=forms.TextInput(attrs={"placeholder": "Names the next step"}),
    )
    definition = forms.CharField(
        label="It is met when",
        required=False,
        max_length=rubric.MAX_DEFINITION,
        widget=forms.Textarea(
            attrs={"rows": 2, "placeholder": "It says what the customer has to do next, and by when."}
        ),
    )
    weight = forms.FloatField(label="Weight", required=False, min_value=0.1, max_value=rubric.MAX_WEIGHT, initial=1)

    @property
    def is_empty(self) -> bool:
        return not (self["name"].value() or self["definition"].value())


class RubricForm(JudgeForm):
    at_least = forms.IntegerField(
        label="Passes from so many percent up",
        min_value=1,
        max_value=100,
        initial=round(rubric.USUAL_SHARE * 100),
        help_text="The share of the criteria that are met, each by its weight.",
    )

    def __init__(
        self, data: QueryDict | None = None, *, project: Project, initial: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(data, project=project, initial=initial)
        given = (initial or {}).get("criteria", [])
        self.criteria = [
            CriterionForm(data, prefix=f"criterion-{place}", initial=given[place] if place < len(given) else None)
            for place in range(rubric.MOST)
        ]

    @property
    def shown_criteria(self) -> list[CriterionForm]:
        return self.criteria[: self._shown]

    @property
    def more_criteria(self) -> list[CriterionForm]:
        return self.criteria[self._shown :]

    @property
    def _shown(self) -> int:
        used = [place for place, one in enumerate(self.criteria, start=1) if not one.is_empty]
        return max([_SHOWN, *used])

    def is_valid(self) -> bool:
        return all([super().is_valid(), *(one.is_valid() for one in self.criteria)])

    def settings(self) -> dict[str, Any]:
        data = self.cleaned_data
        criteria = [
            {
                "name": one.cleaned_data["name"],
                "definition": one.cleaned_data["definition"],
                "weight": one.cleaned_data["weight"] or 1.0,
            }
            for one in self.criteria
            if not one.is_empty
        ]
        return {
            "connection_id": data["connection_id"],
            "model": data["model"],
            "criteria": criteria,
            "at_least": data["at_least"] / 100,
        }

    @classmethod
    def initial_of(cls, settings: Mapping[str, Any]) -> dict[str, Any]:
        return {**settings, "at_least": round(settings.get("at_least", rubric.USUAL_SHARE) * 100)}


JUDGE_FORMS: Mapping[str, type[JudgeForm]] = {
    catalogue.OWN_WORDS: OwnWordsForm,
    catalogue.RUBRIC: RubricForm,
    catalogue.REFERENCE: ReferenceForm,
    catalogue.BETTER: BetterForm,
    catalogue.FEEDBACK: FeedbackForm,
}


def connections_of(project: Project) -> Any:
    """Return the providers of a project, real ones first."""
    return ProviderConnection.objects.filter(project=project).order_by("is_simulated", "name")


def models_of(project: Project) -> list[str]:
    """Return the models that are offered: those of the connections, and the simulated ones."""
    rows = list(connections_of(project))
    found = dict.fromkeys(row.default_model for row in rows if row.default_model)
    return [*found, *(name for name in MODELS if name not in found and any(row.is_simulated for row in rows))]
