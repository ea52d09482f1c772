"""The table of roles."""

from __future__ import annotations

import pytest

from projects.roles import ROLES_ALLOWED, Action, Role, is_allowed

V, E, P, A = Role.VIEWER, Role.EDITOR, Role.APPROVER, Role.ADMIN
# What each role may do; a cell not listed is denied.
EXPECTED = {
    Action.READ_TRACES: {V, E, P, A},
    Action.READ_PROMPTS: {V, E, P, A},
    Action.GIVE_FEEDBACK: {E, P, A},
    Action.EDIT_PROMPTS: {E, P, A},
    Action.EDIT_DATASETS: {E, P, A},
    Action.EDIT_EVALUATORS: {E, P, A},
    Action.EDIT_ISSUES: {E, P, A},
    Action.EDIT_ALERTS: {E, P, A},
    Action.EDIT_DASHBOARDS: {E, P, A},
    Action.RUN_MODELS: {E, P, A},
    Action.UNDO_PUBLISH: {E, P, A},
    Action.PUBLISH: {P, A},
    Action.MANAGE_PROVIDERS: {A},
    Action.MANAGE_PROJECT: {A},
}


def test_every_action_has_a_row_and_nobody_may_more_than_it_says():
    assert set(EXPECTED) == set(Action)
    assert {action: set(roles) for action, roles in ROLES_ALLOWED.items()} == EXPECTED


@pytest.mark.parametrize("role", ["", "owner", "Admin"])
def test_an_unknown_role_may_nothing(role):
    assert not any(is_allowed(role=role, action=action) for action in Action)


def test_the_roles_grow_by_inclusion():
    may = [{action for action in Action if is_allowed(role=role, action=action)} for role in (V, E, P, A)]

    assert may[0] < may[1] < may[2] < may[3]
