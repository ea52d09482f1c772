"""Reads prompt addresses such as `prompts:/greeting@staging` and `prompts:/greeting/3`, known from MLflow."""

from dataclasses import dataclass
from typing import Final

DEFAULT_LABEL: Final = "production"
_SCHEME: Final = "prompts:/"


@dataclass(frozen=True, slots=True)
class Address:
    """A prompt under a label, or one version of it."""

    name: str
    label: str
    version: int | None


def read(name: str, label: str | None, version: int | None) -> Address:
    """Return what the arguments of `get` mean; raises ValueError for a version that is not a number."""
    if name.startswith(_SCHEME):
        rest = name.removeprefix(_SCHEME)
        base, _, after = rest.rpartition("/")
        if base and after.isdecimal():
            return Address(base, DEFAULT_LABEL, int(after))
        rest, _, wanted = rest.partition("@")
        return Address(rest, wanted or DEFAULT_LABEL, None)
    return Address(name, DEFAULT_LABEL if label is None else str(label), None if version is None else int(version))
