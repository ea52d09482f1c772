"""Where the pages about publishing are, for messages that lead there."""

from __future__ import annotations

from urllib.parse import urlencode

from prompt_registry.models import Prompt


def publishing(prompt: Prompt, *, number: int, label: str) -> str:
    """Return the page that shows what publishing a version would change."""
    return f"/p/{prompt.project.slug}/prompts/{prompt.pk}/publish/?{urlencode({'version': number, 'to': label})}"


def versions(prompt: Prompt) -> str:
    """Return the page with the history of the prompt."""
    return f"/p/{prompt.project.slug}/prompts/{prompt.pk}/versions/"


def rollout(prompt: Prompt, rollout_id: str) -> str:
    """Return the page of a rollout."""
    return f"/p/{prompt.project.slug}/rollouts/{rollout_id}/"
