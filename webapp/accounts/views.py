"""Signing in and out, and passwords: allauth's views with our pages around them."""

from __future__ import annotations

from typing import Any

from allauth.account import views
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters

from projects.models import User
from webapp.access import SignedInRequest, signed_in
from webapp.accounts import forms, preferences, reauthentication
from webapp.accounts.redirects import next_page


class _Page:
    """Names the page, and answers a refused form with 422."""

    page_title = ""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)  # type: ignore[misc]
        return {**context, "page_title": self.page_title, "is_mail_configured": settings.IS_MAIL_CONFIGURED}

    def form_invalid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_invalid(form)  # type: ignore[misc]
        response.status_code = 422
        return response


class SignIn(_Page, views.LoginView):  # type: ignore[misc]
    page_title = "Sign in"
    form_class = forms.SignIn

    def form_valid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        if self.request.user.is_authenticated:
            preferences.restore(response, self.request.user)
        return response


class SignOut(_Page, views.LogoutView):  # type: ignore[misc]
    page_title = "Sign out"


class SwitchedOff(_Page, views.AccountInactiveView):  # type: ignore[misc]
    page_title = "Account switched off"


class ChangePassword(_Page, views.PasswordChangeView):  # type: ignore[misc]
    page_title = "Change password"
    form_class = forms.ChangePassword

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "request": self.request}

    def get_default_success_url(self) -> str:
        return reverse("profile")


class SetPassword(_Page, views.PasswordSetView):  # type: ignore[misc]
    """Lets somebody choose a password without the old one: only just after a one-time link signed them in."""

    page_title = "Choose a password"
    form_class = forms.SetPassword

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not reauthentication.came_by_link(request):
            has_password = request.user.has_usable_password()  # type: ignore[union-attr]
            return redirect("account_change_password") if has_password else reauthentication.ask(request, kept=False)
        # Past allauth's own check, which sends everybody with a password to the page that asks for the old one.
        answer: HttpResponseBase = super(views.PasswordSetView, self).dispatch(request, *args, **kwargs)
        return answer

    def get_default_success_url(self) -> str:
        return "/"


class AskForReset(_Page, views.PasswordResetView):  # type: ignore[misc]
    page_title = "Forgotten password"
    form_class = forms.AskForReset


class ResetAsked(_Page, views.PasswordResetDoneView):  # type: ignore[misc]
    page_title = "Look into your mail"


class ResetPassword(_Page, views.PasswordResetFromKeyView):  # type: ignore[misc]
    page_title = "Choose a new password"
    form_class = forms.ResetPassword


class ResetDone(_Page, views.PasswordResetFromKeyDoneView):  # type: ignore[misc]
    page_title = "Password changed"


_ask_for_reset = AskForReset.as_view()


def ask_for_reset(request: HttpRequest) -> HttpResponseBase:
    """Offer a reset by mail where mail is set up, else say whom to ask."""
    if settings.IS_MAIL_CONFIGURED:
        answer: HttpResponseBase = _ask_for_reset(request)
        return answer
    return render(request, "account/password_reset_by_admin.html", {"page_title": AskForReset.page_title})


def no_sign_up(request: HttpRequest) -> HttpResponse:
    """Say how accounts come about."""
    return render(request, "account/signup_closed.html", {"page_title": "Accounts come by invitation"})


@signed_in
@sensitive_post_parameters(reauthentication.PASSWORD_FIELD)
def confirm(request: SignedInRequest) -> HttpResponseBase:
    """Ask for the password once more, then go on to where the person wanted to be."""
    if request.method != "POST":
        return (
            HttpResponseRedirect(next_page(request))
            if reauthentication.is_fresh(request)
            else reauthentication.ask(request)
        )
    try:
        reauthentication.check_password(request, request.POST.get(reauthentication.PASSWORD_FIELD, ""))
    except ValidationError as refused:
        return reauthentication.ask(request, error=refused.messages[0], kept=False)
    return HttpResponseRedirect(next_page(request))


@signed_in
def profile(request: SignedInRequest) -> HttpResponse:
    """Show and change how the person is named and how pages look to them."""
    form = forms.Profile(request.POST if request.method == "POST" else None, initial=_profile_of(request))
    if request.method != "POST" or not form.is_valid():
        context = {"page_title": "Your profile", "form": form, "back": next_page(request)}
        return render(request, "accounts/profile.html", context, status=422 if form.is_bound else 200)
    User.objects.filter(pk=request.user.pk).update(name=form.cleaned_data["name"].strip())
    messages.success(request, "Your profile is saved.")
    response = redirect("profile")
    switches = {
        "shortcuts": "on" if form.cleaned_data["shortcuts"] else "off",
        "editor": "simple" if form.cleaned_data["simple_editor"] else "rich",
    }
    preferences.keep(response, request.user, {**form.cleaned_data, **switches})
    return response


def _profile_of(request: SignedInRequest) -> dict[str, Any]:
    return {
        "name": request.user.name,
        "theme": request.COOKIES.get("cb_theme", "system"),
        "density": request.COOKIES.get("cb_density", "comfortable"),
        "shortcuts": request.user.shortcuts_enabled,
        "simple_editor": request.COOKIES.get("cb_editor") == "simple",
    }
