"""Makes a second prompt out of one version, and takes a whole prompt into another project."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from projects import audit
from projects.models import Project, User
from projects.roles import Action
from prompt_registry import contents, dependents, drafts, prompts, versions
from prompt_registry.errors import AlreadyInProject, MovedAlready, NothingToMove, VersionUnknown
from prompt_registry.models import Prompt, PromptVersion
from prompt_registry.permissions import demand

_AT_A_TIME = 50


@transaction.atomic
def duplicate(*, version: PromptVersion, name: str, as_draft: bool, by: User) -> Prompt:
    """Return a new prompt that begins with the text and settings of a version, as a draft or as its first version."""
    source = version.prompt
    prompt = prompts.create(project=source.project, name=name, type=source.type, by=by)
    prompt = prompts.retag(prompt=prompt, tags=source.tags, by=by)
    content = contents.of_version(version)
    if as_draft:
        drafts.autosave(prompt=prompt, content=content.to_json(), base_number=0, revision=0, by=by)
    else:
        note = f"Copied from {source.name} v{version.number}"[: versions.MAX_NOTE]
        versions.save(prompt=prompt, content=content, note=note, base_number=0, by=by)
    return prompt


@transaction.atomic
def move(*, prompt: Prompt, to: Project, name: str, by: User) -> Prompt:
    """Return the prompt as it goes on in another project, with all its versions and their numbers.

    The one that stays behind is archived and points there. It goes on answering applications, which ask for it with a
    key of its project. Nothing is live in the other project until somebody publishes there.
    """
    demand(project=prompt.project, action=Action.EDIT_PROMPTS, by=by)
    if to.pk == prompt.project_id:
        raise AlreadyInProject
    source = Prompt.objects.select_for_update(of=("self",)).select_related("project").get(pk=prompt.pk)
    if source.moved_to_id is not None:
        raise MovedAlready
    prompts.demand_no_rollout(source)
    if not source.versions.exists():
        raise NothingToMove
    moved = prompts.create(project=to, name=name, type=source.type, by=by)
    _copy_versions(source, moved)
    moved = prompts.retag(prompt=moved, tags=source.tags, by=by)
    source.moved_to, source.archived_at = moved, source.archived_at or timezone.now()
    source.save(update_fields=["moved_to", "archived_at"])
    audit.record(
        action="prompt.moved_away",
        subject=source.name,
        by=by,
        project=source.project,
        to_project=to.slug,
        name=moved.name,
    )
    audit.record(
        action="prompt.moved_here",
        subject=moved.name,
        by=by,
        project=to,
        from_project=source.project.slug,
        name=source.name,
    )
    return moved


def newest_or(prompt: Prompt, number: int) -> PromptVersion:
    """Return one version of the prompt by its number, 0 for the newest."""
    version = versions.by_number(prompt, number) if number else versions.newest_of(prompt)
    if version is None:
        raise VersionUnknown
    return version


def _copy_versions(source: Prompt, moved: Prompt) -> None:
    last = 0
    while some := list(source.versions.filter(number__gt=last).order_by("number")[:_AT_A_TIME]):
        for copy in PromptVersion.objects.bulk_create(_copy(version, moved) for version in some):
            dependents.record(version=copy, content=contents.of_version(copy))
        last = some[-1].number


def _copy(version: PromptVersion, moved: Prompt) -> PromptVersion:
    # Every column there is or will be, but for the three that say where the version belongs.
    columns = [field.attname for field in PromptVersion._meta.concrete_fields]
    values = {name: getattr(version, name) for name in columns if name not in ("id", "project_id", "prompt_id")}
    return PromptVersion(**values, project_id=moved.project_id, prompt_id=moved.pk)
