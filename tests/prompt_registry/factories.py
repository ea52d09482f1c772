"""Rows to test prompts with; a test overrides only what it is about."""

from __future__ import annotations

from itertools import count
from typing import Any

from projects import members, people
from projects import projects as project_domain
from projects.models import Project, User
from projects.roles import Role
from prompt_registry import contents, prompts, versions
from prompt_registry.contents import PromptContent
from prompt_registry.models import Prompt, PromptVersion

_numbers = count(1)


def make_user(**values: Any) -> User:
    number = next(_numbers)
    return people.create_user(**{"email": f"person{number}@example.org", "name": f"Person {number}"} | values)


def make_project(**values: Any) -> Project:
    number = next(_numbers)
    # Most tests publish alone; those about approval ask for it.
    defaults = {"name": f"Project {number}", "slug": f"project-{number}", "is_approval_required": False}
    return project_domain.create(**defaults | values)


def make_member(project: Project, role: Role = Role.EDITOR, **values: Any) -> User:
    user = make_user(**values)
    members.add(project=project, user=user, role=role)
    return user


def make_prompt(project: Project | None = None, **values: Any) -> Prompt:
    project = project or make_project()
    defaults = {"name": f"support/prompt-{next(_numbers)}", "type": "chat", "by": None}
    return prompts.create(project=project, **defaults | values)


def chat(*messages: tuple[str, str], **values: Any) -> PromptContent:
    """Return chat content from (role, text) pairs."""
    entries = [{"role": role, "content": text} for role, text in messages or [("system", "Be kind to {{name}}.")]]
    return contents.parse({"type": "chat", "messages": entries, **values})


def text(template: str = "Be kind to {{name}}.", **values: Any) -> PromptContent:
    return contents.parse({"type": "text", "text": template, **values})


def make_version(prompt: Prompt, content: PromptContent | None = None, **values: Any) -> PromptVersion:
    unique = f"Answer number {next(_numbers)} for {{{{name}}}}."
    content = content or (chat(("system", unique)) if prompt.type == "chat" else text(unique))
    return versions.save(prompt=prompt, content=content, **{"by": None} | values)
