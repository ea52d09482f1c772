"""Settings of one detector: which model is asked for a second opinion, about how many calls, and for how much a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone

from evals.second_opinions.changes import Wanted
from evals.second_opinions.questions import ABOUT
from monitoring.analysis import opinions
from monitoring.analysis.models import WHOLE_PPM, DetectorJudge
from monitoring.analysis.opinions import Agreement
from projects import spending
from projects.models import Project
from webapp import formats

_PERCENT = WHOLE_PPM // 100
_FOR_EVER = 9_000


def _share(label: str, initial: str, help_text: str) -> forms.DecimalField:
    return forms.DecimalField(
        label=label, min_value=0, max_value=100, max_digits=7, decimal_places=4, initial=Decimal(initial), help_text=help_text,
        widget=forms.NumberInput(attrs={"step": "any", "inputmode": "decimal"}),
    )  # fmt: skip


class JudgeForm(forms.Form):
    """Who is asked, and how much."""

    is_enabled = forms.BooleanField(label="Ask a model for a second opinion", required=False)
    connection = forms.ChoiceField(label="Provider")
    model = forms.CharField(
        label="Model", max_length=120, widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})
    )
    flagged = _share("Of the flagged calls, in percent", "20", "They tell how many findings are right.")
    unflagged = _share("Of all other calls, in percent", "1", "They tell what is missed.")
    cap = forms.DecimalField(
        label="At most, in dollars a day", min_value=0, max_value=spending.MOST_NANO_USD // spending.NANO, max_digits=9,
        decimal_places=2, initial=1, help_text="The limit of the project holds too.",
        widget=forms.NumberInput(attrs={"step": "0.01", "inputmode": "decimal"}),
    )  # fmt: skip

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = project.provider_connections.order_by("name").values_list("pk", "name")[:200]
        self.fields["connection"] = forms.ChoiceField(label="Provider", choices=[(str(pk), name) for pk, name in rows])

    def wanted(self) -> Wanted:
        """Return what was chosen."""
        values = self.cleaned_data
        return Wanted(
            connection_id=int(values["connection"]), model=values["model"], flagged_ppm=int(values["flagged"] * _PERCENT),
            unflagged_ppm=int(values["unflagged"] * _PERCENT), cap_nano_usd=int(values["cap"] * spending.NANO),
            is_enabled=values["is_enabled"],
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Standing:
    """How asking goes: what it cost today, why it waits and until when, and how often the model agreed."""

    judge: DetectorJudge | None
    spent: str
    cap: str
    waits_until: str
    agreement: Agreement


def context_of(project: Project, name: str, *, form: JudgeForm | None = None) -> dict[str, Any]:
    """Return what the part of the page about second opinions shows; nothing for what is counted and not read."""
    if name not in ABOUT:
        return {}
    judge = DetectorJudge.objects.filter(project=project, detector=name).first()
    shown = form or JudgeForm(project=project, initial=_initial(judge))
    return {
        "judge_form": shown, "judge": standing(project, name, judge), "judge_asks": ABOUT[name].criterion,
        "has_providers": project.provider_connections.exists(),
    }  # fmt: skip


def standing(project: Project, name: str, judge: DetectorJudge | None) -> Standing:
    """Return how asking goes for one detector."""
    now = timezone.now()
    agreed = opinions.agreement(project_id=project.pk, now=now).get(name, Agreement())
    if judge is None:
        return Standing(None, "", "", "", agreed)
    is_today = judge.spent_on == now.astimezone(UTC).date()
    until = judge.blocked_until
    words = f"{timezone.localtime(until):%-d %b, %H:%M}" if until and until.year < _FOR_EVER else ""
    spent = formats.usd((judge.spent_nano_usd if is_today else 0) / spending.NANO)
    return Standing(judge, spent, spending.in_dollars(judge.cap_nano_usd), words, agreed)


def _initial(judge: DetectorJudge | None) -> dict[str, Any]:
    if judge is None:
        return {}
    return {
        "is_enabled": judge.is_enabled, "connection": str(judge.connection_id), "model": judge.model,
        "flagged": Decimal(judge.flagged_ppm) / _PERCENT, "unflagged": Decimal(judge.unflagged_ppm) / _PERCENT,
        "cap": Decimal(judge.cap_nano_usd) / spending.NANO,
    }  # fmt: skip
