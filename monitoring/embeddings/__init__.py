"""Texts as vectors that are close where the meaning is: made on this machine, without a key and without a download."""

from monitoring.embeddings.local import DIMENSIONS, embed, version

__all__ = ["DIMENSIONS", "embed", "version"]
