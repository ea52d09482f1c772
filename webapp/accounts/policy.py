"""The one rule that every way in passes: password, one-time link, invitation, and each request of a running session."""

from __future__ import annotations

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend

from projects.errors import ProjectsError


class SignInRefused(ProjectsError):
    """This account is switched off. Ask an admin of your project to have it switched on again."""


def authenticate_policy(user: Any) -> None:
    """Raise SignInRefused unless this person may be signed in right now."""
    if not user.is_active:
        raise SignInRefused


class Backend(AuthenticationBackend):  # type: ignore[misc]
    """Checks passwords and resumes sessions; both ask the policy, so a disabled person is out with the next request."""

    def user_can_authenticate(self, user: Any) -> bool:
        try:
            authenticate_policy(user)
        except SignInRefused:
            return False
        return True
