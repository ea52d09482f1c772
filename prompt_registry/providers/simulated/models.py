"""The simulated models: how fast and how careful each one is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SimulatedModel:
    """A model's speed, and how often it fails or strays compared with an ordinary one (carelessness 1)."""

    name: str
    description: str
    first_chunk_ms: int
    tokens_per_second: int
    carelessness: float
    slow_rate: float = 0.03
    error_rate: float = 0.006
    rate_limit_rate: float = 0.004


MODELS = {
    model.name: model
    for model in (
        SimulatedModel("simulated-fast", "quick and cheap, a little careless", 280, 110, carelessness=1.25),
        SimulatedModel("simulated-large", "careful and dearer", 620, 60, carelessness=0.55),
        SimulatedModel("simulated-slow", "ordinary answers, slowly", 2_400, 18, carelessness=1.0),
        SimulatedModel(
            "simulated-flaky", "often overloaded", 400, 90, carelessness=1.25, error_rate=0.15, rate_limit_rate=0.2
        ),
    )
}
EMBEDDING_MODEL = "simulated-embedding"
