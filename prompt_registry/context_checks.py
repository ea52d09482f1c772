"""Compares what a call takes with what its model reads and writes at once, from real calls rather than samples alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from prompt_registry import rendering, tokens
from prompt_registry.callers import Traffic
from prompt_registry.contents import PromptContent
from prompt_registry.errors import RenderingError
from prompt_registry.findings import STOPS, TICK, Check
from prompt_registry.prices import limits
from prompt_registry.prices.limits import Limit

# Tokens are counted without the model's own tokenizer: nearer than this to the limit, nobody can tell.
_UNSURE = 0.1
_TOKENS_PER_MESSAGE = 4


@dataclass(frozen=True, slots=True)
class Room:
    """About how many tokens the longest call takes, its answer included, and the limit of the model if that is known."""

    needed: int
    model: str
    limit: Limit | None
    is_from_calls: bool

    @property
    def share(self) -> float | None:
        return self.needed / self.limit.context_tokens if self.limit else None


def room(*, before: PromptContent | None, after: PromptContent, traffic: Traffic, model: str = "") -> Room:
    """Return how much room the longest call needs; `model` is asked when neither the content nor the traffic names one."""
    model = after.settings.model or traffic.model or model
    samples = _filled(after)
    from_calls = traffic.longest_input_tokens or 0
    if from_calls and before is not None:
        from_calls = max(0, from_calls + _fixed(after) - _fixed(before))
    limit = limits.of_model(model)
    if limit and model == traffic.model and (traffic.longest_input_tokens or 0) > limit.context_tokens:
        # Calls as long as that were answered: the model has grown since its limit was looked up.
        limit = None
    longest_answer = after.settings.max_tokens or 0
    return Room(max(samples, from_calls) + longest_answer, model, limit, is_from_calls=from_calls > samples)


def run(before: PromptContent | None, after: PromptContent, traffic: Traffic) -> Iterator[Check]:
    """Return what is found about the length of the calls."""
    if (check := check_of(room(before=before, after=after, traffic=traffic))) is not None:
        yield check


def check_of(room: Room) -> Check | None:
    """Return what is to be said about calls that are, or may be, too long for their model."""
    if room.limit is None or room.share is None or room.share <= 1 - _UNSURE:
        return None
    whose = "With the longest input of the last calls" if room.is_from_calls else "With its samples"
    amount, most = f"{room.needed:,}", f"{room.limit.context_tokens:,}"
    way_out = "Shorten the text, limit the longest answer, or choose a model that reads more."
    if room.share > 1 + _UNSURE:
        return Check(
            STOPS,
            f"{whose}, a call takes about {amount} tokens, but the model «{room.model}» reads and writes at most {most} at "
            f"once: such calls fail. {way_out}",
        )
    return Check(
        TICK,
        f"{whose}, a call takes about {amount} of the {most} tokens that the model «{room.model}» reads and writes at once: "
        f"the longest calls may fail. {way_out}",
    )


def _fixed(content: PromptContent) -> int:
    return tokens.about(content.texts)


def _filled(content: PromptContent) -> int:
    try:
        texts = [rendering.render_text(text, content.samples).text for text in content.texts]
    except RenderingError:
        texts = content.texts
    return tokens.about(texts) + _TOKENS_PER_MESSAGE * max(1, len(content.messages))
