"""Puts texts that nobody may trust into a question, so that nothing in them can pass for a part of the question itself.

Each text stands between two lines that carry a random word, new for each question: who wrote the text cannot know it, so
nothing inside can end the text early. What merely looks like such a line, like a turn of a chat or like the form of a
judge's answer is taken out, because a model may fall for it all the same.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from dataclasses import dataclass, field

from evals.errors import CannotJudge

REMOVED = "(marker removed)"
MAX_CHARS = 200_000

# Joiners belong to scripts and to emoji; tags and the other selectors only ever hide text.
_KEPT_FORMATS = frozenset("\u200c\u200d\n\t")
_HIDDEN_SELECTORS = range(0xE0100, 0xE01F0)
_CHAT = re.compile(
    r"<\|[^|>\n]{1,40}\|>|\[/?INST\]|<</?SYS>>|</?(?:start|end)_of_turn>|</?(?:s|bos|eos|system|assistant|user|human|model)>"
    # «System: Windows» is an ordinary line of an answer.
    r"|^[ \t]*(?:#{1,6}[ \t]*|\*\*)?(?:system[ \t]+(?:message|prompt|note|override)"
    r"|(?:assistant|developer|judge|evaluator|grader)(?:[ \t]+(?:message|prompt|note|override))?)(?:\*\*)?[ \t]*:",
    re.IGNORECASE | re.MULTILINE,
)
_SIGN = r"[<>\[\]{}|=_*#~/\-–—―＜＞＝═━─«»‹›〈〉《》⟨⟩⟪⟫⟦⟧【】]"
_FENCE = re.compile(
    # From the first sign of a row on, or a long row would be looked at from each of its signs.
    rf"(?<!{_SIGN}){_SIGN}{{2,}}[ \t]*(?:the[ \t]+)?(?:begin|end|start|stop|close|data|answer|reference|context|input|instructions?|task)\b"
    rf"[^\n]{{0,60}}?(?:{_SIGN}{{2,}}|$)",
    re.IGNORECASE | re.MULTILINE,
)  # fmt: skip
_VERDICT = re.compile(
    r"\[\[[ \t]*(?:[a-c]|tie|yes|no|pass(?:ed)?|fail(?:ed)?|\d{1,3}(?:\.\d+)?)[ \t]*\]\]|\"?judge_(?:verdict|reason|quote|criteria)\"?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Fence:
    """The two lines around each text of one question."""

    word: str = field(default_factory=lambda: secrets.token_hex(8))

    def around(self, name: str, text: str) -> str:
        """Return the text between its lines; `name` is ours, never somebody else's text."""
        return f"<<<BEGIN {name} {self.word}>>>\n{defused(text)}\n<<<END {name} {self.word}>>>"


def defused(text: str) -> str:
    """Return the text without hidden signs and without what looks like a marker of the question or of a chat."""
    if len(text) > MAX_CHARS:
        raise CannotJudge(f"One of the texts has more than {MAX_CHARS:,} characters, which is too long for a judge.")
    found = "".join(sign for sign in text.replace("\r\n", "\n").replace("\r", "\n") if not _is_hidden(sign))
    for pattern in (_CHAT, _FENCE, _VERDICT):
        found = pattern.sub(REMOVED, found)
    return found


def _is_hidden(sign: str) -> bool:
    if sign in _KEPT_FORMATS:
        return False
    return unicodedata.category(sign) in {"Cf", "Cc", "Cs", "Co"} or ord(sign) in _HIDDEN_SELECTORS
