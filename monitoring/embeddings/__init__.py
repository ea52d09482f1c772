"""Texts as vectors that are close where the meaning is: made on this machine, or by a model that a project chose.

`embed` and `version` are those of this machine, which needs no key and no download; a project's own come from `for_project`.
"""

from monitoring.embeddings.choosing import Embedder, for_project
from monitoring.embeddings.errors import EmbeddingRefused, EmbeddingWaits
from monitoring.embeddings.local import DIMENSIONS, embed, version

__all__ = ["DIMENSIONS", "Embedder", "EmbeddingRefused", "EmbeddingWaits", "embed", "for_project", "version"]
