"""One call of a demo prompt: the question filled in, asked of the simulated model, and what came of it."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prompt_registry import rendering
from prompt_registry.providers.simulated.answers import Answer, Failure, answer
from prompt_registry.providers.simulated.models import MODELS, SimulatedModel
from prompt_registry.providers.simulated.reading import Message
from prompt_registry.providers.simulated.requests import ChatRequest
from webapp.demo import shop
from webapp.demo.prompts import SEARCH, SUMMARY, DemoPrompt, DemoVersion


@dataclass(frozen=True, slots=True)
class Exchange:
    """What was asked under which version, and the plan of the simulated model for each try."""

    prompt: DemoPrompt
    version: DemoVersion
    variables: Mapping[str, str]
    messages: Sequence[Mapping[str, str]]
    tries: tuple[Answer | Failure, ...]
    pages: Sequence[str] = ()

    @property
    def asked(self) -> str:
        """Return what the person wrote."""
        return self.variables.get("question") or self.variables["ticket"]

    @property
    def outcome(self) -> Answer | Failure:
        """Return what the last try ended with."""
        return self.tries[-1]


def variables_for(*, prompt: DemoPrompt, user: str, rng: random.Random) -> tuple[dict[str, str], Sequence[str]]:
    """Return what fills the prompt for a new visit, and the help pages that were found for it."""
    if prompt.name == SUMMARY:
        return {"ticket": shop.filled(rng.choice(shop.tickets()), rng)}, ()
    if prompt.name == SEARCH:
        question = shop.filled(rng.choice(shop.questions("search")), rng)
        pages = shop.find_help_pages(question)
        return {"question": question, "context": "\n".join(pages)}, pages
    question = shop.filled(rng.choice(shop.questions("support")), rng)
    return {"question": question, "customer_name": shop.name_of(user)}, ()


def make(
    *,
    prompt: DemoPrompt,
    version: DemoVersion,
    variables: Mapping[str, str],
    pages: Sequence[str],
    history: Sequence[Mapping[str, str]],
    seed: int,
    outage: float,
) -> Exchange:
    """Ask the version and return what happened; during an outage this share of the tries fails."""
    messages = rendered(version=version, variables=variables, history=history)
    settings = version.settings
    request = ChatRequest(
        model=str(settings["model"]),
        messages=tuple(Message(message["role"], message["content"]) for message in messages),
        seed=seed,
        temperature=settings.get("temperature"),
        max_tokens=settings.get("max_tokens"),
    )
    tries = _tries(request, MODELS[request.model], random.Random(seed), outage)  # noqa: S311  # repeatable on purpose
    return Exchange(prompt, version, variables, messages, tries, pages)


def rendered(
    *, version: DemoVersion, variables: Mapping[str, Any], history: Sequence[Mapping[str, str]] = ()
) -> list[dict[str, str]]:
    """Return the messages that are sent: the version with its blanks filled in."""
    if version.text:
        return [{"role": "user", "content": rendering.render_text(version.text, variables).text}]
    return rendering.render_messages(version.messages, {**variables, "history": list(history)}).messages


def _tries(
    request: ChatRequest, model: SimulatedModel, rng: random.Random, outage: float
) -> tuple[Answer | Failure, ...]:
    plans: list[Answer | Failure] = []
    for attempt in (1, 2):
        plan = answer(request, model=model, attempt=attempt)
        if rng.random() < outage:
            plan = Failure(500, "server_error", "The simulated provider is down.", None, 900 + 4_000 * rng.random())
        plans.append(plan)
        if isinstance(plan, Answer):
            break
    return tuple(plans)
