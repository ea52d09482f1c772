"""Fixtures for the tests of prompts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from projects.models import Project, User
from projects.roles import Role
from prompt_registry import resolution
from prompt_registry.models import Prompt
from tests.prompt_registry.factories import make_member, make_project, make_prompt


@pytest.fixture(autouse=True)
def _forget_answers() -> Iterator[None]:
    resolution.forget()
    return


@pytest.fixture
def project(db: None) -> Project:
    return make_project()


@pytest.fixture
def editor(project: Project) -> User:
    return make_member(project, Role.EDITOR)


@pytest.fixture
def approver(project: Project) -> User:
    return make_member(project, Role.APPROVER)


@pytest.fixture
def viewer(project: Project) -> User:
    return make_member(project, Role.VIEWER)


@pytest.fixture
def prompt(project: Project) -> Prompt:
    return make_prompt(project)
