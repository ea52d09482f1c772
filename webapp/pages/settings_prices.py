"""Settings: what models cost. Everybody reads; admins set prices of their own and have past calls counted again."""

from __future__ import annotations

from datetime import date, timedelta
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from monitoring import repricing
from monitoring.errors import RepricingRefused
from projects.roles import Action
from prompt_registry.errors import PromptRegistryError
from prompt_registry.prices import books, changes
from webapp.access import ProjectRequest, one, requires
from webapp.pages.settings_frame import render_settings
from webapp.pages.settings_prices_form import PriceForm, initial_of, price_of
from webapp.pages.settings_prices_rows import history_rows, listed_rows, own_rows, seen_models

PAGE = "settings-prices"
_DEFAULT_DAYS = 30
_EVERY_SECONDS = 2


class RepricingForm(forms.Form):
    since = forms.DateField(
        label="Calls from this day on", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )  # fmt: skip


@requires(Action.READ_TRACES)
def price_list(request: ProjectRequest) -> HttpResponse:
    """Show the prices in use: models without one first, then the project's own, then the list."""
    book = books.of(request.project.pk)
    seen = seen_models(request.project, book)
    context = {
        "unknown": [row for row in seen if row.is_unknown],
        "seen": [row for row in seen if not row.is_unknown],
        "own": own_rows(book),
        "listed": listed_rows(book, request.GET.get("q", "").replace("\x00", "").strip().lower()[:100]),
        "words": request.GET.get("q", "")[:100],
        "as_of": books.as_of(book.listed),
        "is_shipped": books.is_shipped(book.listed),
        "run": repricing.latest(project=request.project),
        "repricing_form": RepricingForm(initial={"since": timezone.now().date() - timedelta(days=_DEFAULT_DAYS)}),
        **_frame(request),
    }
    return render_settings(request, "settings/prices.html", context, page=PAGE)


@requires(Action.READ_TRACES)
def history(request: ProjectRequest) -> HttpResponse:
    """Show what one model cost, and costs, from when on and where that is known from."""
    model, provider = (request.GET.get(name, "").replace("\x00", "")[:120] for name in ("model", "provider"))
    context = {
        "model": model, "provider": provider, **_frame(request),
        "rows": history_rows(books.of(request.project.pk), provider=provider, model=model),
    }  # fmt: skip
    return render_settings(request, "settings/price_history.html", context, page=PAGE)


@requires(Action.MANAGE_PROVIDERS)
def set_price(request: ProjectRequest) -> HttpResponseBase:
    """Set what a model costs from a day on."""
    if request.method != "POST":
        book = books.of(request.project.pk)
        model, provider = (request.GET.get(name, "").replace("\x00", "")[:120] for name in ("model", "provider"))
        return _form_page(request, PriceForm(initial=initial_of(book, provider=provider, model=model)))
    form = PriceForm(request.POST)
    if not form.is_valid():
        return _form_page(request, form, status=422)
    try:
        row = changes.set_price(project=request.project, price=price_of(form.cleaned_data), by=request.user)
    except PromptRegistryError as error:
        form.add_error(None, str(error))
        return _form_page(request, form, status=422)
    sentence = (
        f"«{row.model}» has this price from {row.valid_from} on. New calls are counted with it within 20 seconds."
    )
    messages.success(request, sentence)
    if row.valid_from < timezone.now().date():
        messages.info(request, "Calls that are here already keep their cost until you count them again, below.")
    return redirect(PAGE, request.project.slug)


@requires(Action.MANAGE_PROVIDERS)
@require_POST
def remove_price(request: ProjectRequest, price_id: int) -> HttpResponseBase:
    """Take back a price of the project."""
    price = one(request.project.model_prices.select_related("project"), pk=price_id)
    model = price.model
    changes.remove(price=price, by=request.user)
    messages.success(request, f"Your price of «{model}» is gone. What is listed holds again.")
    return redirect(PAGE, request.project.slug)


@requires(Action.MANAGE_PROVIDERS)
@require_POST
def reprice(request: ProjectRequest) -> HttpResponseBase:
    """Have past calls counted again."""
    form = RepricingForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Choose the day from which on calls are counted again.")
        return redirect(PAGE, request.project.slug)
    since: date = form.cleaned_data["since"]
    try:
        repricing.start(project=request.project, since=since, by=request.user)
    except RepricingRefused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"Calls since {since} are being counted again. You can leave this page.")
    return redirect(PAGE, request.project.slug)


@requires(Action.MANAGE_PROVIDERS)
@require_POST
def stop_repricing(request: ProjectRequest) -> HttpResponseBase:
    """End the run that counts past calls again."""
    if repricing.stop(project=request.project, by=request.user):
        messages.success(request, "Stopped. What was counted so far stays.")
    else:
        messages.info(request, "It had ended already.")
    return redirect(PAGE, request.project.slug)


@requires(Action.READ_TRACES)
def progress(request: ProjectRequest) -> HttpResponse:
    """Answer with how far the run is."""
    context = {
        "project": request.project,
        "run": repricing.latest(project=request.project),
        "can_manage": request.membership.can(Action.MANAGE_PROVIDERS),
        **_frame(request),
    }
    return render(request, "settings/repricing.html", context)


def _frame(request: ProjectRequest) -> dict[str, object]:
    return {
        "can_set": request.membership.can(Action.MANAGE_PROVIDERS),
        "progress_url": reverse("repricing", args=[request.project.slug]),
        "every": _EVERY_SECONDS,
        "today": timezone.now().date(),
    }


def _form_page(request: ProjectRequest, form: PriceForm, *, status: int = 200) -> HttpResponse:
    back = reverse("settings-prices", args=[request.project.slug])
    model = str(form["model"].value() or "")
    context = {"form": form, "back_url": back, "history_query": urlencode({"model": model}) if model else ""}
    return render_settings(request, "settings/price_form.html", context, page=PAGE, status=status)


urlpatterns: list[URLPattern] = [
    path("settings/prices/", price_list, name=PAGE),
    path("settings/prices/history/", history, name="price-history"),
    path("settings/prices/set/", set_price, name="set-price"),
    path("settings/prices/<int:price_id>/remove/", remove_price, name="remove-price"),
    path("settings/prices/recount/", reprice, name="reprice"),
    path("settings/prices/recount/stop/", stop_repricing, name="stop-repricing"),
    path("settings/prices/recount/progress/", progress, name="repricing"),
]
