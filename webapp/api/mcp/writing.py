"""What the writing tools do, in the name of the person who made the key; none of them publishes anything."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest

from evals import datasets, item_contents
from evals.adding import NewItem
from evals.errors import ItemNotUsable
from evals.models import Dataset, ItemSource
from projects import audit, keys
from projects.models import Project, User
from prompt_registry import change_requests, contents, names, places, pushes, versions
from prompt_registry.models import Prompt
from webapp import disk
from webapp.api.auth import caller_of
from webapp.api.errors import ApiError
from webapp.api.mcp.arguments import AddDatasetItems, Item, RequestChange, SaveVersion
from webapp.errors import DISK_FULL

NOBODY = "The person who made this API key is gone, and changes are made in the name of a person. Make a new key."


def save_version(request: HttpRequest, wanted: SaveVersion) -> dict[str, Any]:
    with _in_the_name_of_its_maker(request, "save_version", wanted.prompt) as (project, by):
        name = names.clean(wanted.prompt)
        known = _prompts(project).filter(name=name).first()
        version, is_new = pushes.push(
            project=project, name=name, content=contents.parse(_content(known, wanted)), note=wanted.note,
            base_number=wanted.base_version or None, by=by,
        )  # fmt: skip
    return {
        "prompt": version.prompt.name, "version": version.number, "is_new": is_new, "is_published": False,
        "url": f"{settings.PUBLIC_URL}{places.versions(version.prompt)}",
    }  # fmt: skip


def add_dataset_items(request: HttpRequest, wanted: AddDatasetItems) -> dict[str, Any]:
    with _in_the_name_of_its_maker(request, "add_dataset_items", wanted.dataset) as (project, by):
        dataset = Dataset.objects.for_project(project).active().filter(name=wanted.dataset).first()
        if dataset is None:
            raise ApiError(404, "There is no dataset with this name in the project of the key.")
        done = datasets.add_items(dataset=dataset, items=_new_items(wanted.items), by=by)
    return {
        "dataset": dataset.name, "added": done.added_count, "duplicate_count": done.duplicate_count,
        "revision": done.revision,
    }  # fmt: skip


def request_change(request: HttpRequest, wanted: RequestChange) -> dict[str, Any]:
    with _in_the_name_of_its_maker(request, "request_change", wanted.prompt) as (project, by):
        prompt = _prompts(project).filter(name=wanted.prompt, deleted_at=None).first()
        if prompt is None:
            raise ApiError(404, "There is no prompt with this name in the project of the key.")
        asked = change_requests.ask(
            prompt=prompt, version=versions.by_number(prompt, wanted.version), label=wanted.label, note=wanted.note, by=by
        )  # fmt: skip
    path = places.publishing(prompt, number=wanted.version, label=asked.label)
    return {
        "change_request": asked.pk, "prompt": prompt.name, "version": wanted.version, "label": asked.label,
        "state": asked.state, "is_published": False, "url": f"{settings.PUBLIC_URL}{path}",
    }  # fmt: skip


@contextmanager
def _in_the_name_of_its_maker(request: HttpRequest, tool: str, subject: str) -> Iterator[tuple[Project, User]]:
    """Hand out the project and the person whose change it is, and record which key made it: all or nothing."""
    caller = caller_of(request)
    person = keys.maker_of(caller)
    if person is None or not person.is_active:
        raise ApiError(403, NOBODY)
    if disk.guard.tier is disk.Tier.READ_ONLY:
        raise ApiError(503, DISK_FULL)
    project = Project.objects.get(pk=caller.project_id)
    with transaction.atomic():
        yield project, person
        audit.record(action="mcp.tool_used", subject=subject, by=person, project=project, tool=tool, key=caller.key_id)


def _content(known: Prompt | None, wanted: SaveVersion) -> dict[str, Any]:
    """Return the newest version with what was sent instead, so that nothing else gets lost."""
    newest = versions.newest_of(known) if known else None
    document: dict[str, Any] = {"type": contents.TEXT, "settings": {}}
    if newest is not None:
        document = contents.of_version(newest).to_json()
    document["settings"] = {**document["settings"], **wanted.settings}
    if wanted.messages:
        return {**document, "type": contents.CHAT, "text": "", "messages": wanted.messages}
    return {**document, "type": contents.TEXT, "text": wanted.text} if wanted.text else document


def _new_items(items: list[Item]) -> list[NewItem]:
    found, problems = list[NewItem](), list[str]()
    for place, item in enumerate(items):
        try:
            content = item_contents.checked(**item.model_dump(exclude_unset=True))
        except ItemNotUsable as error:
            problems += [f"Item {place + 1}: {problem}" for problem in error.problems]
        else:
            found.append(NewItem(content, ItemSource.API, line=place))
    if problems:
        raise ApiError(422, f"None was stored. {' '.join(problems[:20])}")
    return found


def _prompts(project: Project) -> Any:
    return Prompt.objects.for_project(project).select_related("project")
