"""How allauth behaves here: no open sign-up, one policy for all ways in, and counters in PostgreSQL against guessing."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse

from projects import audit, sign_in_attempts
from webapp.accounts import reauthentication
from webapp.accounts.policy import SignInRefused, authenticate_policy
from webapp.middleware import client_address

TOO_MANY = "Too many failed sign-ins. Wait fifteen minutes, or ask an admin for a sign-in link."
WRONG = "The e-mail address or the password is not right. Check both, or ask an admin for a sign-in link."


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": WRONG,
        "enter_current_password": "This is not your current password.",
        "incorrect_password": "This is not your password.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Accounts come from invitations and from the command line only."""
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        super().pre_authenticate(request, **credentials)
        if sign_in_attempts.is_blocked(account=_account(credentials), address=client_address(request)):
            raise ValidationError(TOO_MANY)

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        super().authentication_failed(request, **credentials)
        sign_in_attempts.note_failure(account=_account(credentials), address=client_address(request))

    def pre_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse | None:
        try:
            authenticate_policy(user)
        except SignInRefused:
            refusal: HttpResponse = self.respond_user_inactive(request, user)
            return refusal
        answer: HttpResponse | None = super().pre_login(request, user, **kwargs)
        return answer

    def login(self, request: HttpRequest, user: Any, *, method: str = "password") -> None:
        """Start the person's session under a new id; every way in ends here."""
        authenticate_policy(user)
        super().login(request, user)
        reauthentication.begin(request, method=method)
        audit.record(action="user.signed_in", subject=user.email, by=user, method=method)

    def set_password(self, user: Any, password: str) -> None:
        """Store the new password; every other session of this person ends with it."""
        super().set_password(user, password)
        audit.record(action="user.password_changed", subject=user.email, by=user)

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Build the link on our own address, whatever host the request named."""
        return f"{settings.PUBLIC_URL}{urlsplit(super().get_reset_password_from_key_url(key)).path}"


def _account(credentials: dict[str, Any]) -> str:
    return str(credentials.get("email") or credentials.get("username") or "").strip().lower()
