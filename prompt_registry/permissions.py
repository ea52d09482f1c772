"""Asks the table of roles before a prompt is changed, on whatever road the change comes."""

from __future__ import annotations

from projects.models import Membership, Project, User
from projects.roles import ROLES_ALLOWED, Action, Role
from prompt_registry.errors import NotAllowed

# What an application may do with a key that has the scope api:write; moving a protected label is never among it.
_APPLICATIONS_MAY = frozenset({Action.EDIT_PROMPTS, Action.EDIT_DATASETS, Action.EDIT_EVALUATORS, Action.UNDO_PUBLISH})


def demand(*, project: Project, action: Action, by: User | None) -> None:
    """Refuse what this person's role, or an application (`by` is None), may not do in the project."""
    if by is None:
        if action not in _APPLICATIONS_MAY:
            raise NotAllowed(f"An application may not {action}. A person with the role {_roles_for(action)} can do it.")
        return
    membership = Membership.objects.filter(project=project, user=by).first()
    if membership is None:
        raise NotAllowed("You are not a member of this project.")
    if not membership.can(action):
        role = Role(membership.role).label
        raise NotAllowed(f"Your role {role} may not {action}. Ask somebody with the role {_roles_for(action)}.")


def _roles_for(action: Action) -> str:
    allowed = [role.label for role in Role if role in ROLES_ALLOWED[action]]
    return " or ".join([", ".join(allowed[:-1]), allowed[-1]]) if len(allowed) > 1 else allowed[0]
