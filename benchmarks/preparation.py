"""Readies an empty database for a benchmark in a process of its own: tables, a project, prompts, a key, a signed-in person.

Prints one JSON object. The process that measures never loads Django.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import django

if TYPE_CHECKING:
    from projects.models import Project, User

PROMPTS = ("support/refund", "support/triage", "search/rewrite", "summaries/daily")
VERSIONS = 3
DAYS_BACK = 15


@dataclass(frozen=True)
class Prepared:
    """What a benchmark needs to know about the project that was made for it."""

    project_id: int
    slug: str
    key: str
    prompt_id: int
    cookie: str


def main() -> None:
    """Prepare everything and print what was made."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    django.setup()
    sys.stdout.write(json.dumps(asdict(prepare())) + "\n")


def prepare() -> Prepared:
    """Return a project with published prompts, a key with every scope and the session of an owner."""
    from monitoring import partitions
    from projects import keys, people, projects
    from projects.roles import Scope
    from webapp.cli.preparation import migrate

    migrate()
    partitions.ensure(days_back=DAYS_BACK)
    owner = people.create_user(email="bench@localhost", name="Bench", is_owner=True)
    project = projects.create(name="Benchmark", by=owner, is_approval_required=False)
    prompt_ids = [make_prompt(project, name, by=owner) for name in PROMPTS]
    _, plain = keys.create(project=project, name="Benchmark", scopes=Scope.values, by=owner)
    return Prepared(
        project_id=project.pk, slug=project.slug, key=plain, prompt_id=prompt_ids[0], cookie=signed_in_cookie(owner)
    )


def make_prompt(project: Project, name: str, *, by: User) -> int:
    """Make a prompt whose last version is published, and return its id."""
    from prompt_registry import contents, labels, prompts, versions

    prompt = prompts.create(project=project, name=name, type="chat", by=by)
    for number in range(1, VERSIONS + 1):
        system = f"You answer customers of a shop, politely and in at most {40 * number} words."
        messages = [{"role": "system", "content": system}, {"role": "user", "content": "{{question}}"}]
        content = contents.parse({"type": "chat", "messages": messages, "settings": {"model": "gpt-4o-mini"}})
        version = versions.save(prompt=prompt, content=content, note=f"Version {number}", by=by)
    labels.publish(prompt=prompt, version=version, label="production", by=by)
    return prompt.pk


def signed_in_cookie(user: User) -> str:
    """Return the cookie header of somebody who signed in just now."""
    from django.conf import settings
    from django.test import Client

    client = Client()
    client.force_login(user)
    name: str = settings.SESSION_COOKIE_NAME
    return f"{name}={client.cookies[name].value}"


if __name__ == "__main__":
    main()
