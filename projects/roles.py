"""Who may do what: the table of actions, roles and key scopes that every route is checked against."""

from __future__ import annotations

from enum import StrEnum

from django.db import models


class Role(models.TextChoices):
    VIEWER = "viewer", "Viewer"
    EDITOR = "editor", "Editor"
    APPROVER = "approver", "Approver"
    ADMIN = "admin", "Admin"


class Scope(models.TextChoices):
    INGEST = "ingest", "Send calls"
    PROMPTS_READ = "prompts:read", "Read prompts"
    FEEDBACK_WRITE = "feedback:write", "Send feedback"
    API_READ = "api:read", "Read everything through the API"
    API_WRITE = "api:write", "Change prompts and datasets through the API"


class Action(StrEnum):
    """One thing a person can do inside a project."""

    READ_TRACES = "read traces"
    READ_PROMPTS = "read prompts"
    GIVE_FEEDBACK = "give feedback"
    EDIT_PROMPTS = "edit prompts"
    EDIT_DATASETS = "edit datasets"
    EDIT_EVALUATORS = "edit checks"
    EDIT_ISSUES = "care for issues"
    EDIT_ALERTS = "change alerts"
    EDIT_DASHBOARDS = "change dashboards"
    RUN_MODELS = "run models"
    PUBLISH = "publish to a protected label"
    UNDO_PUBLISH = "undo a publish"
    MANAGE_PROVIDERS = "manage providers"
    MANAGE_PROJECT = "manage the project"


_EVERYBODY = frozenset(Role)
_WRITERS = frozenset({Role.EDITOR, Role.APPROVER, Role.ADMIN})
_APPROVERS = frozenset({Role.APPROVER, Role.ADMIN})
_ADMINS = frozenset({Role.ADMIN})

ROLES_ALLOWED: dict[Action, frozenset[Role]] = {
    Action.READ_TRACES: _EVERYBODY,
    Action.READ_PROMPTS: _EVERYBODY,
    Action.GIVE_FEEDBACK: _WRITERS,
    Action.EDIT_PROMPTS: _WRITERS,
    Action.EDIT_DATASETS: _WRITERS,
    Action.EDIT_EVALUATORS: _WRITERS,
    Action.EDIT_ISSUES: _WRITERS,
    Action.EDIT_ALERTS: _WRITERS,
    Action.EDIT_DASHBOARDS: _WRITERS,
    Action.RUN_MODELS: _WRITERS,
    Action.PUBLISH: _APPROVERS,
    Action.UNDO_PUBLISH: _WRITERS,
    Action.MANAGE_PROVIDERS: _ADMINS,
    Action.MANAGE_PROJECT: _ADMINS,
}


def is_allowed(*, role: str, action: Action) -> bool:
    """Tell whether a role may do an action; what is not in the table is denied."""
    return role in ROLES_ALLOWED.get(action, frozenset())
