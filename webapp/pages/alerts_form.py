"""The sentence that an alert is written as: its blanks, and what they mean."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils import timezone

from monitoring import environments, usage
from monitoring.alerts import words
from monitoring.alerts.measures import MEASURES, Source
from monitoring.alerts.rules import Direction, Kind, Period
from monitoring.alerts.wanted import WINDOWS, WINDOWS_OF_HOURS, Wanted
from projects import notifications
from projects.models import Project
from projects.roles import Action
from webapp.pages import alerts_limits
from webapp.pages.alerts_limits import NotALimit

_NAMES_FROM = timedelta(days=30)
_WAITS = (0, 5, 15, 30, 60, 180, 360, 720, 1440)
_GROUPS = (("Calls", Source.COUNTERS), ("What is found in them", Source.FINDINGS), ("Checks", Source.SCORES))
DEFAULTS: dict[str, Wanted] = {
    Kind.THRESHOLD: Wanted(kind=Kind.THRESHOLD, measure="errors", limit=0.05),
    Kind.CHANGE: Wanted(kind=Kind.CHANGE, measure="calls", limit=0.5, window_minutes=60, recovery_minutes=60),
    Kind.SILENCE: Wanted(kind=Kind.SILENCE, window_minutes=60, least_calls=50, recovery_minutes=0),
    Kind.BUDGET: Wanted(kind=Kind.BUDGET, period=Period.MONTH, limit=100.0, shares=(50, 80, 100)),
    Kind.HAPPENING: Wanted(kind=Kind.HAPPENING, happenings=("issue:opened", "issue:regressed", "rollout:rolled_back")),
}


def _choices_of_measure() -> list[tuple[str, list[tuple[str, str]]]]:
    return [
        (group, [(one.name, f"the {one.words}") for one in MEASURES.values() if one.source == source])
        for group, source in _GROUPS
    ]


def _times(minutes: Iterable[int], never: str = "") -> list[tuple[int, str]]:
    return [(one, words.length(timedelta(minutes=one)) if one else never) for one in minutes]


def _select(label: str, choices: Any) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label,
        choices=choices,
        required=False,
        widget=forms.Select(attrs={"class": "input", "aria-label": label}),
    )


def _number(label: str, choices: Any) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        label=label, choices=choices, coerce=int, required=False, empty_value=0,  # type: ignore[arg-type]
        widget=forms.Select(attrs={"class": "input", "aria-label": label}),
    )  # fmt: skip


def _text(label: str, **options: Any) -> forms.CharField:
    attrs = {"class": "input", "aria-label": label, "autocomplete": "off", **options.pop("attrs", {})}
    return forms.CharField(label=label, required=False, widget=forms.TextInput(attrs=attrs), **options)


class AlertForm(forms.Form):
    """The blanks of the sentence; which of them are shown depends on the kind."""

    kind = forms.ChoiceField(choices=Kind.choices, widget=forms.HiddenInput)
    revision = forms.IntegerField(required=False, widget=forms.HiddenInput)
    measure = _select("Number", _choices_of_measure)
    score_name = _text("Name of the check", max_length=80, attrs={"placeholder": "name of the check"})
    direction = _select("Above or below", [(Direction.ABOVE, "above"), (Direction.BELOW, "below")])
    limit = _text("Limit", max_length=30, attrs={"spellcheck": "false"})
    window_minutes = _number("Over which time", _times(WINDOWS))
    period = _select("Day or month", Period.choices)
    shares = _text("Warn at (percent)", max_length=40)
    happenings = forms.MultipleChoiceField(
        label="What to hear of", required=False, widget=forms.CheckboxSelectMultiple,
        choices=[(name, text.capitalize()) for name, text in words.HAPPENINGS.items()],
    )  # fmt: skip
    prompt_name = _select("Prompt", [])
    prompt_version = forms.IntegerField(
        label="Version", required=False, min_value=1, max_value=2**31 - 1,
        widget=forms.NumberInput(attrs={"class": "input", "aria-label": "Version", "placeholder": "any"}),
    )  # fmt: skip
    model = _select("Model", [])
    environment = _select("Environment", [])
    tells_everybody = forms.BooleanField(label="Everybody in the project", required=False)
    people_ids = forms.TypedMultipleChoiceField(
        label="People", required=False, coerce=int, widget=forms.CheckboxSelectMultiple
    )
    endpoint_ids = forms.TypedMultipleChoiceField(
        label="Webhooks and chats", required=False, coerce=int, widget=forms.CheckboxSelectMultiple
    )
    least_calls = forms.IntegerField(
        label="Only with at least so many calls", required=False, min_value=0, max_value=1_000_000,
        help_text="With fewer calls in the time nothing is said: one failure among three is a third, and means nothing.",
    )  # fmt: skip
    pending_minutes = _number("Must last for", _times(_WAITS, "fires at once"))
    recovery_minutes = _number("Is over after good values for", _times(_WAITS, "one good value"))
    remind_minutes = _number("While it lasts, say so again", _times((0, 30, 60, 240, 720, 1440), "never"))
    quiet_from = _select("Quiet from", [])
    quiet_until = _select("until", [])
    name = _text("Name", max_length=120, help_text="Without a name it is called by what it says.")

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.project = project
        self._offer(project)

    def _offer(self, project: Project) -> None:
        prompts, models = usage.seen_names(project=project, since=_NAMES_FROM, now=timezone.now())
        for name, seen, anything in (
            ("prompt_name", prompts, "any prompt"), ("model", models, "any model"),
            ("environment", environments.names(project=project), "any environment"),
        ):  # fmt: skip
            self._choose(name, [("", anything), *((one, one) for one in self._with_chosen(name, seen))])
        members = notifications.who_may(project=project, action=Action.READ_TRACES)
        self._choose("people_ids", [(user.pk, user.display_name) for user in members])
        endpoints = project.webhook_endpoints.order_by("name", "pk")
        self._choose("endpoint_ids", [(one.pk, one.name + ("" if one.is_enabled else " (off)")) for one in endpoints])
        hours = [("", "–"), *((str(hour), f"{hour:02}:00") for hour in range(24))]
        self._choose("quiet_from", hours)
        self._choose("quiet_until", hours)
        if self.chosen_kind == Kind.CHANGE:
            self._choose("window_minutes", _times(WINDOWS_OF_HOURS))
            self._choose("direction", [(Direction.ABOVE, "more"), (Direction.BELOW, "less")])

    def _choose(self, name: str, choices: list[tuple[Any, str]]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    def _with_chosen(self, name: str, seen: list[str]) -> list[str]:
        """Return the names that were seen, and what is chosen already: it may not have been called lately."""
        chosen = str(self.data.get(name) or "") if self.is_bound else str(self.initial.get(name) or "")
        return seen if not chosen or chosen in seen else sorted([*seen, chosen[:255]])

    @property
    def chosen_kind(self) -> str:
        """The kind of alert that is written."""
        value = self.data.get("kind") if self.is_bound else self.initial.get("kind")
        return str(value) if value in Kind.values else str(Kind.THRESHOLD)

    def clean(self) -> dict[str, Any]:
        """Return the blanks with the limit and the shares as numbers."""
        cleaned = super().clean() or {}
        if self.chosen_kind in (Kind.THRESHOLD, Kind.CHANGE, Kind.BUDGET):
            try:
                cleaned["limit"] = alerts_limits.parse(
                    cleaned.get("limit") or "", kind=self.chosen_kind, measure=cleaned.get("measure") or ""
                )
            except NotALimit:
                self.add_error("limit", "Type a number, such as 5 % or 2.5 s or $12.")
        else:
            cleaned["limit"] = 0.0
        parts = (cleaned.get("shares") or "").replace("%", " ").replace(",", " ").split()
        if all(part.isdecimal() and len(part) < 5 for part in parts):
            cleaned["shares"] = tuple(int(part) for part in parts)
        else:
            self.add_error("shares", "Type whole percents, such as 50, 80, 100.")
        return cleaned

    def wanted(self) -> Wanted:
        """Return what the sentence says; only when it is valid."""
        data = self.cleaned_data
        default = DEFAULTS[self.chosen_kind]
        least, hours = data.get("least_calls"), [_hour(data.get(name)) for name in ("quiet_from", "quiet_until")]
        return Wanted(
            kind=Kind(self.chosen_kind), measure=data["measure"] or default.measure, score_name=data["score_name"],
            direction=Direction(data["direction"] or default.direction), limit=data["limit"],
            window_minutes=data["window_minutes"] or default.window_minutes,
            least_calls=default.least_calls if least is None else least, pending_minutes=data["pending_minutes"],
            recovery_minutes=data["recovery_minutes"], remind_minutes=data["remind_minutes"], quiet_from=hours[0],
            quiet_until=hours[1], period=Period(data["period"] or default.period), shares=data["shares"],
            happenings=tuple(data["happenings"]), environment=data["environment"], prompt_name=data["prompt_name"],
            prompt_version=data["prompt_version"] or 0, model=data["model"], tells_everybody=data["tells_everybody"],
            people_ids=tuple(data["people_ids"]), endpoint_ids=tuple(data["endpoint_ids"]), name=data["name"],
        )  # fmt: skip


def bound(project: Project, data: QueryDict) -> AlertForm:
    """Return the sentence as somebody filled it in."""
    return AlertForm(data, project=project)


def filled(project: Project, wanted: Wanted, *, revision: int = 0) -> AlertForm:
    """Return the sentence with the blanks of an alert."""
    values: dict[str, Any] = {name: getattr(wanted, name) for name in Wanted.__slots__}
    lists = {name: list(value) for name, value in values.items() if isinstance(value, tuple)}
    limit = alerts_limits.shown(wanted.limit, kind=wanted.kind, measure=wanted.measure)
    texts = {"limit": limit, "shares": ", ".join(str(share) for share in wanted.shares)}
    return AlertForm(
        initial=values | lists | texts | {"prompt_version": wanted.prompt_version or None, "revision": revision},
        project=project,
    )


def _hour(value: Any) -> int | None:
    return int(value) if value not in (None, "") else None
