"""The embedding model that a project chose: asked over one of its connections, paid within its limits, never mixed with another.

Whatever goes wrong, nothing is made up: those who asked wait and try again.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitoring.embeddings import memory
from monitoring.embeddings.errors import EmbeddingWaits
from projects import spending
from projects.models import Project, User
from prompt_registry import connections, trial_money
from prompt_registry.models import ProviderConnection
from prompt_registry.prices import books
from prompt_registry.providers import embeddings
from prompt_registry.providers.embeddings import MOST_TEXTS, Embedded
from prompt_registry.providers.errors import ProviderError
from prompt_registry.providers.values import Usage
from prompt_registry.rendering import utf8_length
from prompt_registry.trial_money import Cost

# Models take 8,000 tokens at most, and of the densest scripts a character is two.
MOST_CHARS = 4_000
_BYTES_PER_TOKEN = 2.0
_PURPOSE = "embedding"


@dataclass(frozen=True, slots=True)
class RemoteModel:
    """A model of one of the project's connections, and how many numbers its vectors have."""

    project_id: int
    connection_id: int
    name: str
    dimensions: int


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model said about some texts, and what that cost."""

    embedded: Embedded
    cost: Cost


def version(model: RemoteModel, base_url: str) -> str:
    """Return what is stored with every vector: the model, its dimensions, and which of the models of this name it is."""
    which = hashlib.sha256(f"{base_url}\n{model.name}".encode()).hexdigest()[:6]
    return f"{model.name[:26]} {model.dimensions} {which}"


def embed(model: RemoteModel, space: str, texts: Sequence[str]) -> NDArray[np.float32]:
    """Return one unit vector for each text, in their order; raises EmbeddingWaits when the model does not answer."""
    cut = [text[:MOST_CHARS] for text in texts]
    return memory.vectors(
        cut, space=space, dimensions=model.dimensions, embed=lambda some: _embedded(model, some), at_once=MOST_TEXTS
    )


def ask(
    *, connection: ProviderConnection, project: Project, name: str, texts: Sequence[str], by: User | None = None
) -> Reply:
    """Return what the model says; raises ProviderError, or SpendingLimitReached when there is no money for it today."""
    tokens = sum(math.ceil(utf8_length(text) / _BYTES_PER_TOKEN) + 1 for text in texts)
    worst = _cost(connection, name, tokens)
    opened = connections.opened(connection)
    expense = None
    if worst.nano_usd:
        expense = spending.reserve(project=project, amount_nano_usd=worst.nano_usd, purpose=_PURPOSE, by=by)
    cost = Cost(0)
    try:
        found = embeddings.embed(connection=opened, model=name, texts=texts, tokens=tokens)
        cost = worst if found.input_tokens is None else _cost(connection, name, found.input_tokens)
    except ProviderError as error:
        cost = worst if error.is_maybe_billed else cost
        raise
    finally:
        if expense is not None:
            spending.settle(expense=expense, cost_nano_usd=cost.nano_usd)
    return Reply(found, cost)


def _cost(connection: ProviderConnection, name: str, tokens: int) -> Cost:
    return trial_money.cost_of(
        book=books.of(connection.project_id), model=name, usage=Usage(input_tokens=tokens),
        is_simulated=connection.is_simulated,
    )  # fmt: skip


def _embedded(model: RemoteModel, texts: Sequence[str]) -> NDArray[np.float32]:
    found = np.zeros((len(texts), model.dimensions), dtype=np.float32)
    # A text without a word is like no other; providers refuse to look at it.
    found[:, 0] = 1
    if said := [row for row, text in enumerate(texts) if text.strip()]:
        found[said] = _unit(_asked(model, [texts[row] for row in said]))
    return found


def _asked(model: RemoteModel, texts: Sequence[str]) -> NDArray[np.float32]:
    connection = ProviderConnection.objects.select_related("project").filter(
        project_id=model.project_id, pk=model.connection_id
    ).first()  # fmt: skip
    if connection is None:
        raise EmbeddingWaits("The connection to the embedding model was removed. Choose another model.")
    try:
        reply = ask(connection=connection, project=connection.project, name=model.name, texts=texts)
    except (ProviderError, spending.SpendingLimitReached) as error:
        raise EmbeddingWaits(f"{error} {getattr(error, 'detail', '')}".strip()) from error
    vectors = np.array(reply.embedded.vectors, dtype=np.float32)
    if vectors.shape[1] != model.dimensions:
        raise EmbeddingWaits(
            f"The embedding model answered with {vectors.shape[1]} numbers for a text instead of {model.dimensions}. "
            "Choose it anew in the settings: what is about the same is found anew then."
        )
    return vectors


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: NDArray[np.float32] = vectors / np.maximum(lengths, np.float32(1e-12))
    return unit
