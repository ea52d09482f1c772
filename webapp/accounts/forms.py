"""The forms of accounts: new passwords, a new account, the profile."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import (
    ChangePasswordForm,
    LoginForm,
    ResetPasswordForm,
    ResetPasswordKeyForm,
    SetPasswordForm,
)
from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from projects.models import User
from webapp.accounts import reauthentication

PASSWORD_HELP = "At least 8 characters; a sentence of 15 or more is better. Common passwords are refused."  # noqa: S105
AGAIN = "Type it again"


def _password(label: str, *, is_new: bool = True, help_text: str = "") -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": "new-password" if is_new else "current-password"})
    return forms.CharField(label=label, strip=False, widget=widget, help_text=help_text)


class _NewPassword:
    """What the forms that set a password share: the rules, and typing it twice."""

    user: User
    cleaned_data: dict[str, Any]

    def clean_password1(self) -> str:
        password: str = self.cleaned_data["password1"]
        validate_password(password, self.user)
        return password


class SignIn(LoginForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)
        self.fields["password" if self.is_bound else "login"].widget.attrs["autofocus"] = True


class ChangePassword(_NewPassword, ChangePasswordForm):  # type: ignore[misc]
    oldpassword = _password("Current password", is_new=False)
    password1 = _password("New password", help_text=PASSWORD_HELP)
    password2 = _password(AGAIN)

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        self.request = request
        super().__init__(*args, **kwargs)

    def clean_oldpassword(self) -> str:
        password: str = self.cleaned_data["oldpassword"]
        reauthentication.check_password(self.request, password)
        return password


class SetPassword(_NewPassword, SetPasswordForm):  # type: ignore[misc]
    password1 = _password("New password", help_text=PASSWORD_HELP)
    password2 = _password(AGAIN)


class ResetPassword(_NewPassword, ResetPasswordKeyForm):  # type: ignore[misc]
    password1 = _password("New password", help_text=PASSWORD_HELP)
    password2 = _password(AGAIN)


class AskForReset(ResetPasswordForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = "E-mail address"
        self.fields["email"].widget.attrs.pop("placeholder", None)


class NewAccount(forms.Form):
    name = forms.CharField(
        label="Your name", max_length=120, help_text="As your team should see it.",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )  # fmt: skip
    password = _password("Password", help_text=PASSWORD_HELP)

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        self.email = email
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if "password" in data:
            try:
                validate_password(data["password"], User(email=self.email, name=data.get("name", "")))
            except ValidationError as error:
                self.add_error("password", error)
        return data


class Profile(forms.Form):
    name = forms.CharField(
        label="Your name", max_length=120, required=False, help_text="As your team sees it.",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )  # fmt: skip
    theme = forms.ChoiceField(
        label="Theme",
        choices=[("system", "As the system"), ("light", "Light"), ("dark", "Dark")],
        widget=forms.RadioSelect,
    )
    density = forms.ChoiceField(
        label="Density", choices=[("comfortable", "Comfortable"), ("compact", "Compact")], widget=forms.RadioSelect
    )
    shortcuts = forms.BooleanField(
        label="Single-letter keys", required=False,
        help_text="Keys such as «j» for the next row. Ctrl-K and other held-together keys always work.",
    )  # fmt: skip
    simple_editor = forms.BooleanField(
        label="Simple editor", required=False,
        help_text="Write prompts in plain text fields, without coloured blanks and suggestions. For this browser.",
    )  # fmt: skip
