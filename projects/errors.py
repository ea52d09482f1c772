"""What can go wrong with people, projects, keys and jobs, in words for the person who reads them."""

from __future__ import annotations


class ProjectsError(Exception):
    """Something about the project does not allow this."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (self.__doc__ or "").strip())


class NameMissing(ProjectsError):
    """A project needs a name. Type one and try again."""


class SlugTaken(ProjectsError):
    """Another project already uses this address. Choose another name or slug."""


class EmailTaken(ProjectsError):
    """Somebody with this e-mail address already has an account. Invite them to the project instead."""


class OwnAccount(ProjectsError):
    """You cannot switch off your own account. Ask another owner of this installation."""


class AlreadyMember(ProjectsError):
    """This person is already a member of the project. Change their role instead."""


class LastAdmin(ProjectsError):
    """A project needs at least one admin. Make somebody else an admin first."""


class UnknownScope(ProjectsError):
    """This key scope does not exist. Use ingest, prompts:read, feedback:write, api:read or api:write."""


class NoScopes(ProjectsError):
    """A key needs at least one permission. Tick what the application should be able to do."""


class InvitationNotUsable(ProjectsError):
    """This invitation has expired, was used already or was taken back. Ask for a new one."""


class SignInLinkNotUsable(ProjectsError):
    """This sign-in link has expired or was used already. Make a new one with `callboard sign-in-link EMAIL`."""


class SecretUnreadable(ProjectsError):
    """The stored secret cannot be read with this installation's master key. Enter the secret again."""


class LeaseLost(ProjectsError):
    """Another worker took this job over; nothing was changed."""
