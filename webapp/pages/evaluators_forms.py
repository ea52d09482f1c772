"""The form of each kind of check: only what that kind needs, in words; no JSON but where the answer itself is JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from django import forms

from evals.evaluators import languages
from evals.evaluators.readability import Hardness
from evals.evaluators.texts import Wanted
from monitoring.kinds import Sensitive

_SENSITIVE = {
    Sensitive.EMAIL: "E-mail addresses", Sensitive.PHONE: "Phone numbers", Sensitive.CARD: "Card numbers",
    Sensitive.IBAN: "Bank accounts (IBAN)", Sensitive.SECRET: "Keys and passwords", Sensitive.TOKEN: "Access tokens",
}  # fmt: skip


class SettingsForm(forms.Form):
    """What can be set for a kind; a kind without settings uses it as it is."""

    def settings(self) -> dict[str, Any]:
        """Return what was chosen, as the kind takes it; what was left empty is left out."""
        return {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}

    @classmethod
    def initial_of(cls, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Return settings as the form shows them."""
        return dict(settings)


class LinesField(forms.CharField):
    """A list of texts, one on each line."""

    def __init__(self, **values: Any) -> None:
        super().__init__(
            **{"widget": forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}), "max_length": 20_000, **values}
        )

    def clean(self, value: Any) -> list[str]:
        text = super().clean(value)
        return [line.strip() for line in text.splitlines() if line.strip()]

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value


class ObjectField(forms.CharField):
    """A JSON object; says on which line it breaks off."""

    def __init__(self, **values: Any) -> None:
        widget = forms.Textarea(attrs={"rows": 10, "class": "mono", "spellcheck": "false"})
        super().__init__(**{"widget": widget, "max_length": 70_000, **values})

    def clean(self, value: Any) -> dict[str, Any] | None:
        text = super().clean(value)
        if not text:
            return None
        try:
            found = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise forms.ValidationError(f"This is no JSON: {error.msg}, line {error.lineno}.") from error
        if not isinstance(found, dict):
            raise forms.ValidationError("Write an object in curly braces.")
        return found

    def prepare_value(self, value: Any) -> Any:
        return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode() if isinstance(value, dict) else value


class ExactForm(SettingsForm):
    strict = forms.BooleanField(
        label="Every letter counts", required=False,
        help_text="Otherwise capitals, spaces and the last full stop do not matter.",
    )  # fmt: skip


class ContainsForm(SettingsForm):
    wanted = forms.ChoiceField(
        label="The answer contains", widget=forms.RadioSelect, initial=Wanted.ALL,
        choices=[(Wanted.ALL, "all of these texts"), (Wanted.ANY, "any of them"), (Wanted.NONE, "none of them")],
    )  # fmt: skip
    texts = LinesField(label="Texts", help_text="One on each line. Capitals and spaces do not matter.")


class PatternForm(SettingsForm):
    pattern = forms.CharField(
        label="Pattern", max_length=1_024, widget=forms.TextInput(attrs={"class": "mono", "spellcheck": "false"}),
        help_text="A regular expression of RE2, such as «order #\\d{6}».",
    )  # fmt: skip
    must_match = forms.TypedChoiceField(
        label="The answer", widget=forms.RadioSelect, initial="True", coerce=lambda value: value == "True",
        choices=[("True", "matches it"), ("False", "does not match it")],
    )  # fmt: skip


class LengthForm(SettingsForm):
    fewest = forms.IntegerField(label="At least so many words", required=False, min_value=0, max_value=1_000_000)
    most = forms.IntegerField(label="At most so many words", required=False, min_value=0, max_value=1_000_000)


class NumberForm(SettingsForm):
    tolerance = forms.FloatField(
        label="Give or take", required=False, min_value=0, initial=0,
        help_text="How far the number may be from the expected one, in its own unit.",
    )  # fmt: skip


class JsonForm(SettingsForm):
    schema = ObjectField(
        label="JSON Schema", required=False, help_text="Leave it empty when any valid JSON is fine.",
    )  # fmt: skip


class JsonPathForm(SettingsForm):
    path = forms.CharField(
        label="Way to the value", max_length=200, help_text="Such as «order.items[0].price».",
        widget=forms.TextInput(attrs={"class": "mono", "spellcheck": "false"}),
    )  # fmt: skip
    equals = forms.CharField(
        label="What should stand there", required=False, max_length=1_000,
        help_text="Leave it empty to compare with the expected answer of each item.",
    )  # fmt: skip


class ToolCallsForm(SettingsForm):
    tools = ObjectField(
        label="Tools", help_text='Each name with the JSON Schema of its arguments: {"refund": {"type": "object"}}.'
    )
    must_call = forms.CharField(
        label="One that must be asked for", required=False, max_length=64,
        widget=forms.TextInput(attrs={"class": "mono", "spellcheck": "false"}),
    )  # fmt: skip


class DateForm(SettingsForm):
    month_first = forms.BooleanField(
        label="3/4/2026 is the 4th of March", required=False, help_text="Otherwise it is the 3rd of April."
    )


class LanguageForm(SettingsForm):
    language = forms.ChoiceField(
        label="Language", choices=[("", "That of the question"), *languages.NAMES.items()], required=False
    )


class ReadabilityForm(SettingsForm):
    hardest = forms.ChoiceField(
        label="An answer may be at most", initial=Hardness.MEDIUM, help_text="Easy is like a children's book, medium like a newspaper.",
        choices=[(name, name) for name in Hardness if name != Hardness.VERY_HARD],
    )  # fmt: skip


class PersonalDataForm(SettingsForm):
    kinds = forms.MultipleChoiceField(
        label="What to look for", choices=list(_SENSITIVE.items()), initial=list(_SENSITIVE), widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Tick what to look for."},
    )  # fmt: skip
    may_repeat = forms.BooleanField(
        label="What the question or the context holds may be repeated", required=False, initial=True
    )


class LinksForm(SettingsForm):
    hosts = LinesField(
        label="Known places", help_text="One host on each line, such as example.com; what is below it counts too."
    )


class ShareForm(SettingsForm):
    at_least = forms.DecimalField(
        label="At least so much in common, in percent",
        min_value=1,
        max_value=100,
        initial=50,
        max_digits=5,
        decimal_places=2,
    )

    def settings(self) -> dict[str, Any]:
        return {"at_least": float(self.cleaned_data["at_least"]) / 100}

    @classmethod
    def initial_of(cls, settings: Mapping[str, Any]) -> dict[str, Any]:
        return {"at_least": f"{settings.get('at_least', 0.5) * 100:.6g}"}


FORMS: Mapping[str, type[SettingsForm]] = {
    "exact": ExactForm, "contains": ContainsForm, "pattern": PatternForm, "length": LengthForm, "number": NumberForm,
    "json": JsonForm, "json path": JsonPathForm, "tool calls": ToolCallsForm, "date": DateForm, "language": LanguageForm,
    "readability": ReadabilityForm, "personal data": PersonalDataForm, "links": LinksForm, "words in common": ShareForm,
    "rouge-1": ShareForm, "rouge-2": ShareForm, "rouge-l": ShareForm, "chrf": ShareForm, "bleu": ShareForm,
    "edit distance": ShareForm, "meaning": ShareForm,
}  # fmt: skip
