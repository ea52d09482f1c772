"""About how many tokens a text takes, without a tokenizer and without the network.

Counting exactly needs the vocabulary of every model. This counts what tokenizers begin with (words, numbers, marks,
spaces) and how many pieces each usually falls into. `tests/prompt_registry/test_tokens.py` holds it against counts
of a real tokenizer (o200k) for several languages.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

# Chinese, Japanese and Korean are counted by the character, before words of letters.
_WIDE = "\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
_SIGNS_ON_LETTERS = "\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0dff"
_PIECES = re.compile(
    rf"(?P<wide>[{_WIDE}])|(?P<word>(?:[^\W\d_{_WIDE}]|[{_SIGNS_ON_LETTERS}])+(?:'[a-z]{{1,2}})?)|(?P<digits>\d+)"
    r"|(?P<marks>[^\w\s]+|_+)|(?P<lines>\s*\n\s*)|(?P<spaces>[^\S\n]{2,})"
)


def about(texts: Iterable[str]) -> int:
    """Return about how many tokens the texts take together."""
    return round(sum(_weight(match.lastgroup, match[0]) for text in texts for match in _PIECES.finditer(text)))


def _weight(kind: str | None, piece: str) -> float:
    length = len(piece)
    if kind == "word":
        return _of_word(piece, length)
    if kind == "digits":
        return -(-length // 3)
    if kind == "wide":
        return 0.75
    return 0.8 + (length - 1) * 0.35 if kind == "marks" else 0.7


def _of_word(word: str, length: int) -> float:
    if word.isascii():
        return 1.0 if length <= 6 else 1 + (length - 6) / 6
    # Accents cost a little; other alphabets have fewer words in the vocabularies.
    top = max(word)
    return max(1.0, length / (3.4 if top < "\u0250" else 3.9 if top < "\u0590" else 3.1))
