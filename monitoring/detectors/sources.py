"""The documents an answer must rest on, made ready for being asked about again and again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from monitoring.detectors import claims, texts

# Words that stand everywhere in a source point nowhere; more places of one word are not looked at.
_MOST_PLACES = 300
_MOST_NAMES = 400


@dataclass(frozen=True, slots=True)
class Source:
    """Words, pairs of words and sentences of the documents."""

    sentences: Sequence[Sequence[str]]
    spoken: Sequence[frozenset[str]]
    words: frozenset[str]
    stems: frozenset[str]
    pairs: frozenset[tuple[str, str]]
    where: dict[str, list[int]]
    order: dict[str, list[int]]
    names: Sequence[str]
    ordered_words: Sequence[str]

    def best_window(self, wanted: Sequence[str]) -> frozenset[str]:
        """Return the stems of the two neighbouring sentences that share most with the wanted ones."""
        if not self.sentences:
            return frozenset()
        shared: dict[int, float] = defaultdict(float)
        for stem in set(wanted):
            for place in self.where.get(stem, ()):
                shared[place] += weight(stem)
        if not shared:
            return frozenset()
        best = max(shared, key=lambda place: (shared[place] + 0.6 * shared.get(place + 1, 0.0), -place))
        after = self.sentences[best + 1] if best + 1 < len(self.sentences) else ()
        return frozenset(self.sentences[best]) | frozenset(after)

    def closest(self, wanted: Sequence[str]) -> tuple[frozenset[str], float]:
        """Return the words of the one sentence that shares most with the wanted stems, and how much of them that is."""
        shared: dict[int, float] = defaultdict(float)
        for stem in set(wanted):
            for place in self.where.get(stem, ()):
                shared[place] += weight(stem)
        if not shared:
            return frozenset(), 0.0
        best = max(shared, key=lambda place: (shared[place], -len(self.spoken[place])))
        return self.spoken[best], shared[best] / sum(weight(stem) for stem in set(wanted))

    def words_of(self, window: frozenset[str]) -> Iterable[str]:
        """Return the words of denial in a window; stems have lost their endings, denials never change."""
        return (word for word in claims.NEGATIONS if claims.stem(word) in window)

    def missing_pairs(self, stems: Sequence[str]) -> float:
        """Return the share of neighbouring words that are never neighbours in the source."""
        pairs = list(pairwise(stems))
        return sum(pair not in self.pairs for pair in pairs) / len(pairs) if pairs else 0.0

    def out_of_order(self, stems: Sequence[str]) -> float:
        """Return the share of supported words that do not follow the one before within a few words, as they would in a quotation."""
        known = [stem for stem in stems if stem in self.order]
        if len(known) < 2:
            return 0.0
        jumps = 0
        for one, other in pairwise(known):
            near = any(0 <= there - here <= 8 for here in self.order[one][:20] for there in self.order[other][:20])
            jumps += not near
        return jumps / (len(known) - 1)

    def almost(self, name: str) -> bool:
        """Tell whether a name or number that is not in the source differs from one there by a letter or three."""
        if len(name) < 2 or not self.names:
            return False
        best = process.extractOne(name, self.names, scorer=Levenshtein.normalized_similarity)
        return best is not None and best[1] >= (0.6 if len(name) > 5 else 0.5)


def read(text: str) -> Source:
    """Return the source that a plain text is."""
    sentences: list[list[str]] = []
    spoken: list[frozenset[str]] = []
    words: dict[str, None] = {}
    pairs: set[tuple[str, str]] = set()
    where: dict[str, list[int]] = {}
    order: dict[str, list[int]] = {}
    names: dict[str, None] = {}
    position = 0
    for place, (start, end) in enumerate(texts.sentences(text)):
        said = claims.tokens(text, start, end)
        stems = [token.stem for token in said]
        sentences.append(stems)
        spoken.append(frozenset(token.word for token in said))
        words.update(dict.fromkeys(token.word for token in said))
        pairs.update(pairwise(stems))
        for token in said:
            if token.is_content and len(places := order.setdefault(token.stem, [])) < _MOST_PLACES:
                places.append(position)
            position += 1
            if (token.is_capital or token.is_number) and len(names) < _MOST_NAMES:
                names[token.word] = None
        for stem in set(stems):
            if len(found := where.setdefault(stem, [])) < _MOST_PLACES:
                found.append(place)
    return Source(
        sentences, spoken, frozenset(words), frozenset(where), frozenset(pairs), where, order, list(names), list(words)
    )


@lru_cache(maxsize=65_536)
def weight(stem: str) -> float:
    """Return how much a word says: frequent words little, rare and long ones much."""
    return 2.5 if stem[0].isdigit() else min(1.0 + 0.25 * max(len(stem) - 3, 0), 2.5)
