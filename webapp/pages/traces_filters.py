"""The filters of the trace list: read from the address, checked, shown as chips, as one line and as a form."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django import forms

from monitoring import usage
from monitoring.exploring import language
from monitoring.exploring.terms import Term
from monitoring.kinds import Arm
from monitoring.trace_filters import Outcome, Thumbs, TraceFilter
from projects.models import Project
from webapp import formats
from webapp.pages import findings_words, traces_words

NAMES_FROM = timedelta(days=30)
_OUTCOMES = [("", "Any outcome"), (Outcome.ERROR.value, "With errors"), (Outcome.OK.value, "Without errors")]
_THUMBS = [("", "Any feedback"), (Thumbs.DOWN.value, "Thumbs down"), (Thumbs.UP.value, "Thumbs up")]

_ARM_OF = {"candidate": Arm.CANDIDATE, "control": Arm.CONTROL}
_ARMS = [("", "Both sides"), ("candidate", "New version"), ("control", "Version until now")]


@dataclass(frozen=True, slots=True)
class Chip:
    """One part of a filter in words, and which values of the address leave it out."""

    field: str
    part: str | Term
    label: str
    value: str
    without: dict[str, str] = dataclasses.field(default_factory=dict)


class TraceFilterForm(forms.Form):
    """What may be asked of the trace list; anything else in the address is ignored."""

    q = forms.CharField(label="Filter", required=False, max_length=language.MOST_CHARS)
    status = forms.ChoiceField(label="Outcome", required=False, choices=_OUTCOMES)
    thumbs = forms.ChoiceField(label="Feedback", required=False, choices=_THUMBS)
    prompt = forms.CharField(label="Prompt", required=False, max_length=255)
    version = forms.IntegerField(label="Version", required=False, min_value=1, max_value=2**31 - 1)
    model = forms.CharField(label="Model", required=False, max_length=255)
    user = forms.CharField(label="User", required=False, max_length=255)
    session = forms.CharField(label="Session", required=False, max_length=255)
    flag = forms.ChoiceField(label="Found", required=False, choices=findings_words.filter_choices)
    min_seconds = forms.FloatField(label="Took at least (seconds)", required=False, min_value=0, max_value=1e7)
    min_cost = forms.FloatField(label="Cost at least (USD)", required=False, min_value=0, max_value=1e6)
    environment = forms.CharField(label="Environment", required=False, max_length=255, widget=forms.HiddenInput)
    rollout = forms.UUIDField(label="Rollout", required=False, widget=forms.HiddenInput)
    arm = forms.ChoiceField(label="Side", required=False, choices=_ARMS, widget=forms.HiddenInput)
    issue = forms.IntegerField(
        label="Issue", required=False, min_value=1, max_value=2**31 - 1, widget=forms.HiddenInput
    )
    group = forms.IntegerField(
        label="Group of questions", required=False, min_value=1, max_value=10**18 - 1, widget=forms.HiddenInput
    )
    among = forms.CharField(label="Chosen", required=False, max_length=4_000, widget=forms.HiddenInput)

    # What the line says, without the parts that make no sense.
    terms: tuple[Term, ...] = ()

    def clean_q(self) -> str:
        """Read the line; what is left out of it is named with the words that it stands at."""
        line: str = self.cleaned_data["q"]
        parsed = language.parse(line)
        self.terms = parsed.terms
        if parsed.problems:
            raise forms.ValidationError([
                f"At «{line[problem.start : problem.end][:60]}»: {problem.text}" for problem in parsed.problems
            ])  # fmt: skip
        return line

    def clean_among(self) -> tuple[UUID, ...]:
        """Return the ids of traces that were chosen, such as on the map."""
        try:
            return tuple(UUID(hex=text) for text in self.cleaned_data["among"].split(",") if text)
        except ValueError:
            raise forms.ValidationError("This is no list of trace ids.") from None

    def wanted(self, *, start: datetime, end: datetime) -> TraceFilter:
        """Return the checked filter for a time range; fields in error count as empty."""
        values: dict[str, Any] = self.cleaned_data
        value = values.get
        return TraceFilter(
            start=start, end=end, terms=self.terms, status=Outcome(value("status") or ""),
            thumbs=Thumbs(value("thumbs") or ""), environment=value("environment") or "", prompt=value("prompt") or "",
            version=value("version") or 0, model=value("model") or "", user=value("user") or "",
            session=value("session") or "", flag=value("flag") or "", min_duration_ms=(value("min_seconds") or 0) * 1000,
            min_cost_usd=value("min_cost") or 0, rollout=value("rollout"), arm=_ARM_OF.get(value("arm") or "", Arm.NONE),
            issue=value("issue") or 0, group=value("group") or 0, among=value("among") or (),
        )  # fmt: skip


def chips(wanted: TraceFilter) -> list[Chip]:
    """Return the parts of the filter, in the words of the page."""
    return [_of_term(wanted, part) if isinstance(part, Term) else _of_field(wanted, part) for part in wanted.parts]


def _of_term(wanted: TraceFilter, term: Term) -> Chip:
    label, value = traces_words.of_term(term)
    return Chip(term.field, term, label, value, {"q": language.printed(wanted.without(term).terms)})


def _of_field(wanted: TraceFilter, name: str) -> Chip:
    field = {"min_duration_ms": "min_seconds", "min_cost_usd": "min_cost", "text": "q"}.get(name, name)
    label, value = _words(wanted, name)
    gone = {field: ""} | ({"version": ""} if name == "prompt" else {})
    return Chip(field, name, label, value, gone)


def _words(wanted: TraceFilter, name: str) -> tuple[str, str]:
    found = {
        "text": ("Text", wanted.text),
        "status": ("Outcome", dict(_OUTCOMES)[wanted.status].lower()),
        "thumbs": ("Feedback", dict(_THUMBS)[wanted.thumbs].lower()),
        "environment": ("Environment", wanted.environment),
        "prompt": ("Prompt", wanted.prompt),
        "version": ("Version", f"v{wanted.version}"),
        "model": ("Model", wanted.model),
        "user": ("User", wanted.user),
        "session": ("Session", wanted.session),
        "rollout": ("Rollout", str(wanted.rollout)[:8]),
        "arm": ("Side", "new version" if wanted.arm == Arm.CANDIDATE else "version until now"),
        "flag": ("Found", findings_words.filter_words(wanted.flag)),
        "min_duration_ms": ("Took at least", formats.duration_ms(wanted.min_duration_ms)),
        "min_cost_usd": ("Cost at least", formats.usd(wanted.min_cost_usd)),
        "issue": ("Issue", f"#{wanted.issue}"),
        "group": ("Group of questions", str(wanted.group)),
        "among": ("Chosen", f"{len(wanted.among)} traces"),
    }
    return found[name]


@dataclass(frozen=True, slots=True)
class Choices:
    """Names to choose from in the filter bar; a name that is asked for is always among them."""

    prompts: list[str]
    models: list[str]


def choices(project: Project, prompt: str, model: str, *, now: datetime) -> Choices:
    """Return the prompts and models that were seen lately."""
    prompts, models = usage.seen_names(project=project, since=NAMES_FROM, now=now)
    return Choices(_with(prompts, prompt), _with(models, model))


def _with(names: list[str], chosen: str) -> list[str]:
    return names if not chosen or chosen in names else sorted([*names, chosen])
