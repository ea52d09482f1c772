"""Settings: how much may be spent on models in a day."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone

from projects import spending
from projects.errors import ProjectsError
from projects.models import Project
from projects.roles import Action
from projects.spending_models import SpendingDay
from webapp.access import ProjectRequest, requires
from webapp.pages import tryit_grid
from webapp.pages.settings_frame import render_settings

PAGE = "settings-spending"
_MOST = spending.MOST_NANO_USD // spending.NANO


def _amount(label: str, help_text: str) -> forms.DecimalField:
    return forms.DecimalField(
        label=label, help_text=help_text, min_value=0, max_value=_MOST, max_digits=9, decimal_places=2,
        widget=forms.NumberInput(attrs={"step": "0.01", "inputmode": "decimal", "autocomplete": "off"}),
    )  # fmt: skip


class LimitsForm(forms.Form):
    project = _amount(
        "The whole project, in dollars a day", "All people together. 0 stops everything that costs money."
    )
    person = _amount("Each person, in dollars a day", "Nobody can use up the money of all the others.")


@requires(Action.MANAGE_PROJECT)
def limits(request: ProjectRequest) -> HttpResponse:
    """Show what is spent today, and change the limits."""
    is_sent = request.method == "POST"
    form = LimitsForm(request.POST if is_sent else None, initial=_initial(request.project))
    if is_sent and form.is_valid():
        amounts = {f"{name}_nano_usd": int(form.cleaned_data[name] * spending.NANO) for name in ("project", "person")}
        try:
            spending.change_limits(project=request.project, by=request.user, **amounts)
        except ProjectsError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "The limits are saved. They hold from now on.")
            return redirect(PAGE, request.project.slug)
    context = {"form": form, **_today(request)}
    return render_settings(request, "settings/spending.html", context, page=PAGE, status=422 if is_sent else 200)


def _initial(project: Project) -> dict[str, Decimal]:
    found = spending.limits_of(project)
    amounts = {"project": found.project_nano_usd, "person": found.person_nano_usd}
    return {name: (Decimal(amount) / spending.NANO).quantize(Decimal("0.01")) for name, amount in amounts.items()}


def _today(request: ProjectRequest) -> dict[str, Any]:
    today = spending.today(project=request.project, user=request.user)
    days = SpendingDay.objects.filter(project=request.project, day=timezone.now().date()).exclude(user=None)
    people = [
        {"person": day.user, "spent": day.spent_nano_usd / spending.NANO, "reserved": day.reserved_nano_usd / spending.NANO}
        for day in days.select_related("user").order_by("-spent_nano_usd")[:100]
    ]  # fmt: skip
    used = today.project.spent_nano_usd + today.project.reserved_nano_usd
    return {
        "people": people,
        "used": used / spending.NANO,
        "limit": today.project.limit_nano_usd / spending.NANO,
        "used_percent": min(100, round(100 * used / today.project.limit_nano_usd))
        if today.project.limit_nano_usd
        else 100,
        "dearest": tryit_grid.dearest_in_words(),
    }


urlpatterns: list[URLPattern] = [path("settings/spending/", limits, name=PAGE)]
