"""Makes prompts, names them, puts them into the archive and takes them out again."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import IntegrityError, transaction
from django.utils import timezone

from projects import audit
from projects.models import Project, User
from projects.roles import Action
from prompt_registry import dependents, names, news, resolution, texts
from prompt_registry.errors import NameInUse, NameTaken, RolloutRunning, SnippetInUse, TagNotUsable
from prompt_registry.models import Prompt, PromptType
from prompt_registry.permissions import demand

MAX_TAGS = 20
MAX_TAG_LENGTH = 60


@transaction.atomic
def create(*, project: Project, name: str, type: str, by: User | None) -> Prompt:
    """Return a new prompt without versions; what it was made as, a text or a chat, it stays."""
    demand(project=project, action=Action.EDIT_PROMPTS, by=by)
    name = names.clean(name)
    try:
        with transaction.atomic():
            prompt = Prompt.objects.create(project=project, name=name, type=PromptType(type), created_by=by)
    except IntegrityError as error:
        raise _taken(project, name) from error
    audit.record(action="prompt.created", subject=name, by=by, project=project, prompt=prompt.pk, type=prompt.type)
    news.created(prompt=prompt, by=by)
    resolution.forget_after_commit(project.pk, name=name)
    return prompt


@transaction.atomic
def rename(*, prompt: Prompt, name: str, by: User) -> Prompt:
    """Give the prompt another name, as long as nothing was published: applications ask for it by name."""
    locked = _locked(prompt, by=by)
    name = names.clean(name)
    if locked.label_moves.exists():
        raise NameInUse
    _demand_unnamed(locked)
    before, locked.name = locked.name, name
    try:
        with transaction.atomic():
            locked.save(update_fields=["name"])
    except IntegrityError as error:
        raise _taken(locked.project, name) from error
    audit.record(action="prompt.renamed", subject=before, by=by, project=locked.project, before=before, after=name)
    for changed in (before, name):
        resolution.forget_after_commit(locked.project_id, name=changed)
    return locked


@transaction.atomic
def retag(*, prompt: Prompt, tags: Iterable[str], by: User | None) -> Prompt:
    """Give the prompt, and so all its versions, these tags instead of those it had."""
    locked = _locked(prompt, by=by)
    wanted = list(dict.fromkeys(texts.clean(tag).strip() for tag in tags))
    if len(wanted) > MAX_TAGS or not all(1 <= len(tag) <= MAX_TAG_LENGTH for tag in wanted):
        raise TagNotUsable
    if wanted == locked.tags:
        return locked
    before, locked.tags = locked.tags, wanted
    locked.save(update_fields=["tags"])
    audit.record(
        action="prompt.retagged", subject=locked.name, by=by, project=locked.project, before=before, after=wanted
    )
    return locked


@transaction.atomic
def archive(*, prompt: Prompt, by: User | None) -> Prompt:
    """Take the prompt out of the lists; applications go on getting what is live."""
    locked = _locked(prompt, by=by)
    demand_no_rollout(locked)
    locked.archived_at = locked.archived_at or timezone.now()
    locked.save(update_fields=["archived_at"])
    audit.record(action="prompt.archived", subject=locked.name, by=by, project=locked.project)
    return locked


@transaction.atomic
def restore(*, prompt: Prompt, by: User | None) -> Prompt:
    """Bring the prompt back from the archive or from deletion, with all its versions."""
    locked = _locked(prompt, by=by, action=Action.PUBLISH if prompt.deleted_at else Action.EDIT_PROMPTS)
    locked.archived_at = locked.deleted_at = locked.moved_to = None
    locked.save(update_fields=["archived_at", "deleted_at", "moved_to"])
    audit.record(action="prompt.restored", subject=locked.name, by=by, project=locked.project)
    resolution.forget_after_commit(locked.project_id, name=locked.name)
    return locked


@transaction.atomic
def delete(*, prompt: Prompt, by: User) -> Prompt:
    """Tell applications that the prompt is gone; its versions stay, so it can be brought back."""
    locked = _locked(prompt, by=by, action=Action.PUBLISH)
    demand_no_rollout(locked)
    _demand_unused(locked)
    locked.deleted_at = locked.deleted_at or timezone.now()
    locked.save(update_fields=["deleted_at"])
    audit.record(action="prompt.deleted", subject=locked.name, by=by, project=locked.project)
    resolution.forget_after_commit(locked.project_id, name=locked.name)
    return locked


def demand_no_rollout(prompt: Prompt) -> None:
    """Refuse to put a prompt away while a rollout of it is under way; the prompt must be locked."""
    if prompt.rollouts.active().exists():
        raise RolloutRunning


def lock(some: Iterable[Prompt]) -> None:
    """Lock several prompts in one order, so that those who change one of them meanwhile wait, and nobody for ever."""
    keys = [prompt.pk for prompt in some]
    list(Prompt.objects.select_for_update().filter(pk__in=keys).order_by("pk").values_list("pk"))


def _locked(prompt: Prompt, *, by: User | None, action: Action = Action.EDIT_PROMPTS) -> Prompt:
    demand(project=prompt.project, action=action, by=by)
    return Prompt.objects.select_for_update(of=("self",)).select_related("project").get(pk=prompt.pk)


def _demand_unused(prompt: Prompt) -> None:
    users = dependents.live(project_id=prompt.project_id, name=prompt.name)
    if users:
        names = ", ".join(dict.fromkeys(f"«{item.name}»" for item in users[:3]))
        raise SnippetInUse(f"This prompt stands as a snippet in {names}, which is live. Take it out there first.")


def _demand_unnamed(prompt: Prompt) -> None:
    """Other prompts name a snippet by its name: under that name another text must not come up."""
    users = dependents.names(project_id=prompt.project_id, name=prompt.name)
    if users:
        names = ", ".join(f"«{name}»" for name in users[:3])
        raise SnippetInUse(f"This prompt stands as a snippet in {names}, which names it. Make a copy instead.")


def _taken(project: Project, name: str) -> NameTaken:
    other = Prompt.objects.for_project(project).filter(name=name).first()
    if other is not None and (other.archived_at or other.deleted_at):
        return NameTaken(f"«{name}» is in the archive. Bring it back from there, or choose another name.")
    return NameTaken()
