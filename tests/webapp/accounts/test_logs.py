"""Links that sign in, invite or reset never reach the log."""

from __future__ import annotations

import logging

import pytest

from projects import members, people
from tests.projects.factories import make_project, make_user

pytestmark = pytest.mark.django_db


def paths_of_secrets() -> list[tuple[str, str]]:
    user = make_user()
    link = people.sign_in_link(user=user)
    _, invitation = members.invite(project=make_project(by=user), email="new@example.com", role="viewer", by=user)
    reset = "cvz2xk-0123456789abcdef0123456789abcdef"
    return [
        (f"/sign-in/{link}/", link),
        (f"/invitations/{invitation}/", invitation),
        (f"/accounts/password/reset/key/1-{reset}/", reset),
    ]


def test_the_log_names_the_pattern_of_such_a_path_only(client, caplog):
    caplog.set_level(logging.INFO)

    for path, secret in paths_of_secrets():
        client.get(path)
        client.post(path, {"name": ""})
        assert secret not in caplog.text

    assert "invitations/<str:token>/" in caplog.text
