"""Which embedding a project uses: that of this machine, or a model of one of its connections."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from monitoring.embeddings import local, remote
from monitoring.embeddings.errors import EmbeddingRefused, EmbeddingWaits
from monitoring.embeddings.remote import RemoteModel, Reply
from monitoring.models import AnalysisSettings
from projects import audit
from projects.models import Project, User
from prompt_registry.models import ProviderConnection

# Two that ask the same in other words, and one that asks something else.
SAMPLES = ("Where is my parcel?", "When will my order arrive?", "I forgot my password")


@dataclass(frozen=True, slots=True)
class Embedder:
    """Makes unit vectors of texts; only those of the same version may be compared."""

    embed: Callable[[Sequence[str]], NDArray[np.float32]]
    version: str
    dimensions: int


@dataclass(frozen=True, slots=True)
class Trial:
    """What a model really said about the samples: how alike two of the same sense are, and two of another."""

    reply: Reply
    alike: float
    different: float

    @property
    def dimensions(self) -> int:
        return len(self.reply.embedded.vectors[0])


def for_project(project_id: int) -> Embedder:
    """Return the embedding of a project; asking it may raise EmbeddingWaits."""
    chosen = AnalysisSettings.objects.filter(project_id=project_id).first()
    if chosen is None or not chosen.embedding_model or chosen.embedding_connection_id is None:
        return Embedder(local.embed, local.version(), local.DIMENSIONS)
    model = RemoteModel(project_id, chosen.embedding_connection_id, chosen.embedding_model, chosen.embedding_dimensions)
    return Embedder(partial(_noted, model, chosen.embedding_version), chosen.embedding_version, model.dimensions)


def attempt(*, project: Project, connection: ProviderConnection, model: str, by: User) -> Trial:
    """Ask a model about the samples; raises ProviderError, SpendingLimitReached or EmbeddingRefused in plain words."""
    if not model.strip():
        raise EmbeddingRefused("Type the name of the embedding model.")
    reply = remote.ask(connection=connection, project=project, name=model.strip(), texts=SAMPLES, by=by)
    vectors = np.array(reply.embedded.vectors, dtype=np.float64)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return Trial(reply, alike=float(vectors[0] @ vectors[1]), different=float(vectors[0] @ vectors[2]))


def choose(*, project: Project, connection: ProviderConnection, model: str, by: User) -> Trial:
    """Use a model from now on, after it has answered; calls looked at before keep their vectors until they are looked at anew."""
    trial = attempt(project=project, connection=connection, model=model, by=by)
    chosen = RemoteModel(project.pk, connection.pk, model.strip(), trial.dimensions)
    _store(
        project, by, embedding_connection_id=connection.pk, embedding_model=chosen.name,
        embedding_dimensions=chosen.dimensions, embedding_version=remote.version(chosen, connection.base_url),
    )  # fmt: skip
    return trial


def choose_local(*, project: Project, by: User) -> None:
    """Use the embedding of this machine from now on."""
    _store(project, by, embedding_connection_id=None, embedding_model="", embedding_dimensions=0, embedding_version="")


def _store(project: Project, by: User, **values: object) -> None:
    AnalysisSettings.objects.update_or_create(project=project, defaults={**values, "embedding_problem": ""})
    audit.record(
        action="analysis.embedding_chosen", subject=str(values["embedding_model"]) or "this machine", by=by, project=project,
        dimensions=values["embedding_dimensions"],
    )  # fmt: skip


def _noted(model: RemoteModel, space: str, texts: Sequence[str]) -> NDArray[np.float32]:
    """Embed, and keep for the people who look what went wrong, until it goes well again."""
    settings = AnalysisSettings.objects.filter(project_id=model.project_id)
    try:
        found = remote.embed(model, space, texts)
    except EmbeddingWaits as error:
        settings.update(embedding_problem=str(error)[:1_000])
        raise
    settings.exclude(embedding_problem="").update(embedding_problem="")
    return found
