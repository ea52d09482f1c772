"""Saves a prompt that an application or a command sends, in one step: prompt, version and labels."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from projects.models import Project, User
from prompt_registry import labels as label_moves
from prompt_registry import names, prompts, versions
from prompt_registry.contents import PromptContent
from prompt_registry.errors import AlreadyThere, NameTaken, NoChanges, PromptDeleted
from prompt_registry.models import Prompt, PromptVersion


@transaction.atomic
def push(
    *, project: Project, name: str, content: PromptContent, note: str = "", labels: Iterable[str] = (),
    base_number: int | None = None, by: User | None,
) -> tuple[PromptVersion, bool]:  # fmt: skip
    """Return the version with this content and whether it is new; the prompt is made when there is none.

    All or nothing: when one label may not be moved, no version is saved either. Sending the same again changes nothing.
    """
    wanted = [label_moves.clean_name(label) for label in labels]
    prompt = _prompt(project, name, content.type, by)
    try:
        version = versions.save(prompt=prompt, content=content, note=note, base_number=base_number, by=by)
        is_new = True
    except NoChanges as same:
        version, is_new = same.version, False
    for label in wanted:
        try:
            label_moves.publish(prompt=prompt, version=version, label=label, by=by, reason=note)
        except AlreadyThere:
            continue
    return version, is_new


def _prompt(project: Project, name: str, prompt_type: str, by: User | None) -> Prompt:
    known = Prompt.objects.for_project(project).select_related("project").filter(name=names.clean(name))
    found = known.first()
    if found is None:
        try:
            return prompts.create(project=project, name=name, type=prompt_type, by=by)
        except NameTaken:
            found = known.get()  # somebody made it in this very moment
    if found.deleted_at:
        raise PromptDeleted
    return found
