"""A shorthand for asking the simulated model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from prompt_registry.providers.simulated.answers import Answer, answer
from prompt_registry.providers.simulated.models import MODELS
from prompt_registry.providers.simulated.requests import parse_chat_request

RELIABLE = {name: replace(model, error_rate=0.0, rate_limit_rate=0.0, slow_rate=0.0) for name, model in MODELS.items()}

Ask = Callable[..., Answer]


@pytest.fixture
def ask() -> Ask:
    """Ask a model that never fails one question under one system message."""

    def ask_one(system: str, question: str, *, model: str = "simulated-fast", **settings: object) -> Answer:
        messages = [{"role": "system", "content": system}, {"role": "user", "content": question}]
        request = parse_chat_request({"model": model, "messages": messages, **settings})
        return answer(request, model=RELIABLE[model])

    return ask_one


@pytest.fixture
def rates(ask: Ask) -> Callable[..., dict[str, float]]:
    """Ask the same under many seeds and return how often each flaw came."""

    def rates_of(system: str, question: str, *, times: int = 400, **settings: object) -> dict[str, float]:
        counts = Counter(flaw for seed in range(times) for flaw in ask(system, question, seed=seed, **settings).flaws)
        return Counter({flaw.value: count / times for flaw, count in counts.items()})

    return rates_of
