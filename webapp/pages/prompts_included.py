"""Snippets on the pages of a prompt: what stands in it, what can be inserted, and which prompts change with it."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path, reverse

from projects.roles import Action
from prompt_registry import contents, dependents, queries, references, snippets
from prompt_registry.contents import TEXT
from prompt_registry.dependents import Dependent
from prompt_registry.models import PRODUCTION, Prompt, PromptVersion
from prompt_registry.queries import SnippetRow
from prompt_registry.references import Reference
from prompt_registry.snippets import Composed, Use
from webapp.access import ProjectRequest, requires
from webapp.pages.prompts_frame import prompt_of

MOST_CHOICES = 30
MOST_AFFECTED = 100


@dataclass(frozen=True, slots=True)
class Included:
    """A snippet that stands in a prompt: where it comes from, what it says, and the blanks that come with it."""

    use: Use
    url: str
    blanks: list[str]
    is_nested: bool

    @property
    def name(self) -> str:
        return self.use.reference.name

    @property
    def key(self) -> str:
        """What a page that shows it sends along, so that it is drawn anew only when it changes."""
        return f"{self.use.snippet.prompt_id}.{self.use.snippet.version}.{self.use.reference.label}"

    @property
    def state(self) -> str:
        """Which version stands there and whether that moves by itself."""
        number, reference = self.use.snippet.version, self.use.reference
        return f"always v{number}" if reference.version else f"v{number}, live in {reference.label}"


@dataclass(frozen=True, slots=True)
class Affected:
    """A prompt that changes when a snippet in it is published, and the blanks that it did not have before."""

    item: Dependent
    new_blanks: list[str]


@dataclass(frozen=True, slots=True)
class Choice:
    """A text prompt that can be inserted, with the tags that stand for it."""

    row: SnippetRow

    @property
    def live_tag(self) -> str:
        return references.tag_of(Reference(self.row.name, label=PRODUCTION))

    @property
    def fixed_tag(self) -> str:
        """The tag of the version that is live now, or of the newest one; empty when there is no version."""
        number = self.row.live or self.row.newest
        return references.tag_of(Reference(self.row.name, label="", version=number)) if number else ""


@requires(Action.EDIT_PROMPTS)
def choices(request: ProjectRequest, prompt_id: int) -> HttpResponse:
    """Answer with the text prompts that can be inserted, narrowed by what was typed."""
    prompt = prompt_of(request, prompt_id)
    words = request.GET.get("snippet", "").replace("\x00", "").strip()[:200]
    rows = queries.snippets(project=request.project, words=words, besides=prompt, limit=MOST_CHOICES + 1)
    context = {
        "project": request.project, "choices": [Choice(row) for row in rows[:MOST_CHOICES]],
        "has_more": len(rows) > MOST_CHOICES, "words": words,
    }  # fmt: skip
    return render(request, "prompts/snippet_choices.html", context)


def included(composed: Composed, prompt: Prompt) -> list[Included]:
    """Return the snippets that stand in a content, in order of appearance, with links to them."""
    return [
        Included(
            use=use,
            url=reverse("prompt", args=[prompt.project.slug, use.snippet.prompt_id]),
            blanks=[name for name, source in composed.sources.items() if source == use.reference.name],
            is_nested=use.parent[0] != prompt.name,
        )
        for use in composed.uses
    ]


def affected(version: PromptVersion, place: str, current: PromptVersion | None) -> list[Affected]:
    """Return which prompts read differently when the version goes live, and which blanks they get or lose with it."""
    prompt = version.prompt
    if prompt.type != TEXT:  # only text prompts stand in others
        return []
    found = dependents.of(project_id=prompt.project_id, name=prompt.name, labels=[place])[:MOST_AFFECTED]
    new = _blanks(version) - (_blanks(current) if current else set())
    return [Affected(item, sorted(new - _blanks_of(item)) if new else []) for item in found]


def _blanks_of(item: Dependent) -> set[str]:
    return _blanks(PromptVersion.objects.select_related("prompt").get(prompt=item.prompt_id, number=item.number))


def _blanks(version: PromptVersion) -> set[str]:
    content = contents.of_version(version)
    filled = snippets.composed(content, project_id=version.project_id, name=version.prompt.name).content
    return {variable.name for variable in filled.variables}


urlpatterns: list[URLPattern] = [path("prompts/<int:prompt_id>/snippets/", choices, name="prompt-snippets")]
