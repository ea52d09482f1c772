"""Decides when one request for all prompts is cheaper than one for each, and keeps what came with it for a moment."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

_BULK_FROM: Final = 2
# A second prompt that is asked for within this time shows a process that starts.
_START_SECONDS: Final = 10.0
_KEEP_SECONDS: Final = 30.0
_NEXT_BULK_SECONDS: Final = 60.0


class PromptShelf:
    """What a process that starts got in one answer: its next prompts cost no request each."""

    def __init__(self) -> None:
        self._asked_at: dict[str, float] = {}
        self._filled_at: dict[str, float] = {}
        self._items: dict[tuple[str, str], Mapping[str, Any]] = {}

    def __contains__(self, key: tuple[str, str]) -> bool:
        return key in self._items

    def wants_all(self, label: str, *, cold: int, now: float) -> bool:
        """Tell whether to ask for all prompts of the label, when `cold` prompts are wanted that were never fetched."""
        asked_at, self._asked_at[label] = self._asked_at.get(label, float("-inf")), now
        if now - self._filled_at.get(label, float("-inf")) < _NEXT_BULK_SECONDS:
            return False
        return cold >= _BULK_FROM or now - asked_at < _START_SECONDS

    def fill(self, label: str, items: Iterable[Mapping[str, Any]], *, now: float) -> None:
        """Keep what the server answered; nothing when it did not."""
        self._filled_at[label] = now
        self._items.update({(str(item.get("name")), label): item for item in items})

    def take(self, name: str, label: str, *, now: float) -> Mapping[str, Any] | None:
        """Return the prompt once, while it is fresh."""
        if now - self._filled_at.get(label, float("-inf")) > _KEEP_SECONDS:
            self._items = {key: item for key, item in self._items.items() if key[1] != label}
        return self._items.pop((name, label), None)

    def drop(self, name: str) -> None:
        """Forget a prompt that changed meanwhile; without a name all of them."""
        self._items = {key: item for key, item in self._items.items() if name and key[0] != name}
