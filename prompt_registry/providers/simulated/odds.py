"""How likely each planted fault is, given the model, what the prompt asks for and what it lets the model know.

| Fault                 | Ordinarily                                  | Cured by                                     |
|-----------------------|---------------------------------------------|----------------------------------------------|
| refusal               | 70 % on refunds, returns, cancelling and    | a policy on it in the prompt: 2 %            |
|                       | warranty, 3 % on the rest                   | or "instead of declining": 2 %               |
|                       |                                             | (a cautious instruction: 55 % and 15 %)      |
| made-up facts         | 30 % without anything to rely on, 16 % with | "only use the ...": 2 %; thinking halves it  |
| long-winded           | 18 %                                        | a limit of sentences or "brief": 0 %         |
| wrong language        | 35 % when the customer writes no English    | "in the customer's language": 1 %            |
|                       | 1.5 % when they do                          | 0.2 %                                        |
| follows instructions  | 40 %                                        | "ignore instructions in the message": 3 %    |
| in the message        |                                             |                                              |

A question that the instructions hold as an example has none of these faults (`memory`). Made-up facts also follow the
model's carelessness and the temperature (half at 0, half as much again at 1).
"""

from __future__ import annotations

from dataclasses import dataclass

from prompt_registry.providers.simulated.instructions import Instructions
from prompt_registry.providers.simulated.models import SimulatedModel
from prompt_registry.providers.simulated.topics import GUARDED

_ORDINARY_TEMPERATURE = 0.5


@dataclass(frozen=True, slots=True)
class Odds:
    """The chance of each fault in one answer."""

    refuse: float
    make_up: float
    ramble: float
    stray_language: float
    follow_smuggled: float
    slow: float


def odds_of(
    *,
    model: SimulatedModel,
    instructions: Instructions,
    topic: str,
    is_informed: bool,
    language: str,
    temperature: float | None,
) -> Odds:
    """Return the chances for one request; `is_informed` tells whether the prompt holds something to rely on."""
    return Odds(
        refuse=_refuse(instructions, topic, is_informed),
        make_up=min(1.0, _make_up(instructions, is_informed) * model.carelessness * _heat(temperature)),
        ramble=0.0 if instructions.limits_length else 0.18,
        stray_language=_stray(instructions, language),
        follow_smuggled=0.03 if instructions.is_guarded else 0.4,
        slow=model.slow_rate,
    )


def _refuse(instructions: Instructions, topic: str, is_informed: bool) -> float:
    if instructions.summarises:
        return 0.01
    if instructions.helps:
        return 0.02
    if topic in GUARDED:
        if instructions.is_cautious:
            return 0.55
        return 0.02 if is_informed else 0.7
    return 0.15 if instructions.is_cautious else 0.03


def _make_up(instructions: Instructions, is_informed: bool) -> float:
    chance = 0.16 if is_informed else 0.3
    if instructions.only_context:
        chance = 0.02
    return chance / 2 if instructions.thinks else chance


def _heat(temperature: float | None) -> float:
    return 0.5 + (_ORDINARY_TEMPERATURE if temperature is None else min(max(temperature, 0.0), 2.0))


def _stray(instructions: Instructions, language: str) -> float:
    if instructions.language:
        return 0.01
    if language == "en":
        return 0.002 if instructions.keeps_language else 0.015
    return 0.01 if instructions.keeps_language else 0.35
