"""Arrays of numbers in a safetensors file, read where they stand: the system shares its pages among all processes."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

_TYPES = {"F32": "<f4", "F16": "<f2"}
# The file begins with the length of its description.
_LENGTH_BYTES = 8


def mapped(path: Path) -> Mapping[str, NDArray[np.floating]]:
    """Return the arrays of a file by their names; nothing of them is read before it is used."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
        described = orjson.loads(file.read(length))
    data = np.memmap(path, dtype=np.uint8, mode="r", offset=_LENGTH_BYTES + length)
    return {
        name: data[slice(*told["data_offsets"])].view(_TYPES[told["dtype"]]).reshape(told["shape"])
        for name, told in described.items()
        if told.get("dtype") in _TYPES
    }


def directory_of(package: str) -> Path | None:
    """Return where the files of an installed package are, without running any of its code; None when it is not there."""
    found = find_spec(package)
    return Path(found.submodule_search_locations[0]) if found and found.submodule_search_locations else None
