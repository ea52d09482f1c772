"""Saves what somebody wrote as an immutable, numbered version."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Max

from projects import audit
from projects.models import User
from projects.roles import Action
from prompt_registry import contents, dependents, news, resolution, snippets, texts
from prompt_registry.contents import PromptContent
from prompt_registry.errors import (
    ChangedMeanwhile,
    ContentNotUsable,
    NoChanges,
    NoteTooLong,
    Problem,
    PromptArchived,
    TypeFixed,
    VersionUnknown,
)
from prompt_registry.models import LATEST, Prompt, PromptVersion
from prompt_registry.permissions import demand

MAX_NOTE = 500


@transaction.atomic
def save(
    *, prompt: Prompt, content: PromptContent, note: str = "", base_number: int | None = None, by: User | None
) -> PromptVersion:
    """Return the new version; saving never publishes.

    `base_number` is the version the writer started from (0: none yet); when a newer one exists, nothing is saved and
    ChangedMeanwhile carries it. Without `base_number` the content becomes the newest version in any case.
    """
    demand(project=prompt.project, action=Action.EDIT_PROMPTS, by=by)
    content, note = _checked(prompt, content, note)
    locked = Prompt.objects.select_for_update().get(pk=prompt.pk)
    if locked.archived_at or locked.deleted_at:
        raise PromptArchived
    newest = newest_of(prompt)
    if newest is not None:
        _compare(newest, content, base_number)
    version = PromptVersion.objects.create(
        project_id=prompt.project_id, prompt=prompt, number=newest.number + 1 if newest else 1, text=content.text,
        messages=[message.to_json() for message in content.messages], settings=content.settings.to_json(),
        variables=[variable.to_json() for variable in content.variables], note=note, author=by,
        content_hash=content.hash,
    )  # fmt: skip
    dependents.record(version=version, content=content)
    audit.record(
        action="prompt.version_saved", subject=prompt.name, by=by, project=prompt.project, version=version.number,
        before_hash=newest.content_hash if newest else "", after_hash=version.content_hash,
    )  # fmt: skip
    news.saved(version=version, by=by)
    resolution.forget_after_commit(prompt.project_id, name=prompt.name, labels=[LATEST])
    return version


def newest_of(prompt: Prompt) -> PromptVersion | None:
    """Return the version that «latest» means: the one with the highest number."""
    return prompt.versions.select_related("prompt", "author").order_by("-number").first()


def newest_number(prompt: Prompt) -> int:
    """Return the number of the newest version, 0 when there is none."""
    return prompt.versions.aggregate(newest=Max("number"))["newest"] or 0


def by_number(prompt: Prompt, number: int) -> PromptVersion:
    """Return one version of the prompt by its number."""
    version = prompt.versions.select_related("prompt", "author").filter(number=number).first()
    if version is None:
        raise VersionUnknown(f"This prompt has no version {number}.")
    return version


def _checked(prompt: Prompt, content: PromptContent, note: str) -> tuple[PromptContent, str]:
    content, note = content.settled(), texts.clean(note).strip()
    if content.type != prompt.type:
        raise TypeFixed
    if len(note) > MAX_NOTE:
        raise NoteTooLong
    problems = contents.problems_of(content)
    hopeless = snippets.impossible(content, project_id=prompt.project_id, name=prompt.name)
    if problems := [*problems, *(Problem("text", sentence) for sentence in hopeless)]:
        raise ContentNotUsable(problems)
    return content, note


def _compare(newest: PromptVersion, content: PromptContent, base_number: int | None) -> None:
    if newest.content_hash == content.hash:
        raise NoChanges(version=newest)
    if base_number is not None and base_number != newest.number:
        raise ChangedMeanwhile(newer=newest)
