"""Embeds few texts in a process of its own that ends afterwards: processes that answer people never load the models."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

_ROOT = Path(__file__).parents[2]
_CODE = "import django; django.setup(); from monitoring.embeddings import apart; apart.answer()"
_SECONDS = 30


def embed(texts: Sequence[str], *, dimensions: int) -> NDArray[np.float32]:
    """Return one vector for each text, in their order; takes about two seconds, most of them for the start of the process."""
    # Half of a surrogate pair cannot be sent.
    sent = orjson.dumps([text.encode("utf-8", "replace").decode() for text in texts])
    done = subprocess.run(
        [sys.executable, "-c", _CODE], input=sent, stdout=subprocess.PIPE, cwd=_ROOT, timeout=_SECONDS, check=True
    )
    return np.frombuffer(done.stdout, dtype=np.float32).reshape(len(texts), dimensions).copy()


def answer() -> None:
    """Read texts as JSON and write their vectors: what the process of its own does."""
    from monitoring.embeddings import local

    sys.stdout.buffer.write(local.made_here(orjson.loads(sys.stdin.buffer.read())).tobytes())
