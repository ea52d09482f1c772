"""Whether a call says what an item of a test says: what was trained on cannot be tested with.

An item is found inside longer texts too, such as a prompt with the item filled in: of its runs of words, enough must be there.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

_WORD = re.compile(r"\w+")
_RUN = 3
# So many runs of an item are remembered, those with the smallest hashes: a fair sample of them.
_SAMPLE = 96
NEAR = 0.75
# What so many items say alike is their template, and tells nothing about any of them.
_FEW_ITEMS, _MANY_ITEMS = 3, 0.1
# An item of which less than this is left is found word for word only.
_FEWEST_RUNS = 3
# Of longer texts than this only the beginning is looked at.
_MOST_CHARS = 20_000


@dataclass(frozen=True, slots=True)
class Leak:
    """The item that was found, and whether word for word."""

    item: int
    is_exact: bool


@dataclass(slots=True)
class LeakIndex:
    """Items of tests by what they say; what it takes grows with the items and never with the calls."""

    _exact: dict[int, int] = field(default_factory=dict)
    _runs: defaultdict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    _sizes: dict[int, int] = field(default_factory=dict)

    def add(self, item: int, texts: Iterable[str]) -> None:
        """Remember an item by the texts that go into it."""
        words = [word for text in texts for word in _words(text)]
        if not words:
            return
        self._exact[_hash(words)] = item
        sample = sorted(set(_hashes(words)))[:_SAMPLE]
        self._sizes[item] = len(sample)
        for run in sample:
            self._runs[run].append(item)

    def settle(self) -> None:
        """Forget what many items have in common; to be called once, after the last item."""
        most = max(_FEW_ITEMS, _MANY_ITEMS * len(self._sizes))
        for run in [run for run, items in self._runs.items() if len(items) > most]:
            for item in self._runs.pop(run):
                self._sizes[item] -= 1

    def find(self, texts: Iterable[str]) -> Leak | None:
        """Return the item that the texts of a call hold, if any; each text is also looked at alone."""
        spoken = [words for words in map(_words, texts) if words]
        for words in [[word for one in spoken for word in one], *spoken]:
            if (item := self._exact.get(_hash(words))) is not None:
                return Leak(item, True)
        met = Counter(
            item for run in {run for words in spoken for run in _hashes(words)} for item in self._runs.get(run, ())
        )
        for item, count in met.items():
            if self._sizes[item] >= _FEWEST_RUNS and count >= NEAR * self._sizes[item]:
                return Leak(item, False)
        return None


def _words(text: str) -> list[str]:
    return _WORD.findall(text[:_MOST_CHARS].casefold())


def _hashes(words: list[str]) -> Iterator[int]:
    """Yield the hash of every run of words; shorter texts have none, they are only found as a whole."""
    for start in range(len(words) - _RUN + 1):
        yield zlib.crc32(" ".join(words[start : start + _RUN]).encode("utf-8", "surrogatepass"))


def _hash(words: list[str]) -> int:
    return hash(tuple(words))
