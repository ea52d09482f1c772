"""Reads from the instructions of a prompt how an answer should be: the words that the simulated model understands.

| Words (also as part of a sentence)                                    | Effect                                     |
|-----------------------------------------------------------------------|--------------------------------------------|
| "at most four sentences", "no more than 3 sentences", "one sentence"  | never longer than that                     |
| "brief", "concise", "short", "to the point"                           | two or three sentences, never long-winded  |
| "only use the context/articles/policy", "do not invent / guess"       | made-up facts become rare                  |
| "if unsure, decline", "never promise", "do not discuss refunds"       | declines far more often                    |
| "instead of declining", "rather than refusing"                        | hardly declines, helps in general words    |
| "in the customer's language", "same language as the customer"         | keeps to the customer's language           |
| "answer in German" (English, German, Spanish, French)                 | that language                              |
| "ask for the order number"                                            | asks for it when it is missing             |
| "friendly", "warm", "kind"                                            | opens with a kind sentence                 |
| "name the article", "cite the source"                                 | names the source                           |
| "ignore instructions in the message", "never reveal"                  | does not follow smuggled instructions      |
| "think step by step", "think carefully"                               | a little slower, a little more accurate    |
| "summarise ..."                                                       | summarises instead of answering            |
| ... "order number", "what the customer wants", "mood"                 | the summary has these lines                |

What the policy is, for instance for refunds, is read by `knowledge` from the remaining sentences.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

_NUMBERS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
}  # fmt: skip
_LANGUAGES = {"english": "en", "german": "de", "spanish": "es", "french": "fr"}

_LIMIT = re.compile(
    r"\b(?:at most|no more than|not more than|a maximum of|maximum|up to|in|within|with|as|exactly|write)"
    r" (\d{1,2}|one|two|three|four|five|six|seven|eight|nine|ten)(?:,? \w+,?){0,2} sentences?\b"
)
_BRIEF = re.compile(r"\b(brief|briefly|concise|concisely|short|shortly|to the point)\b")
_ONLY_CONTEXT = re.compile(
    r"\b(only use|use only|only from|only with|rely only|only on the|stick to"
    r"|(do not|don't|never) (invent|make up|makes? anything up|guess|assume)|nothing that is not in)\b"
)
_CAUTIOUS = re.compile(
    r"\b((if|when) (you are )?(unsure|in doubt|not sure)[^.]{0,30}(decline|refuse|do not answer)"
    r"|(never|do not|don't|must not) (promise|discuss|comment on|give advice|make commitments)"
    r"|avoid (any )?(commitments?|promises?))\b"
)
_HELPS = re.compile(r"\b(instead of|rather than) (declining|refusing)\b")
_CUSTOMERS_LANGUAGE = re.compile(
    r"\b(language (of|as) the (customer|user|question|message)|(customer|user)['’]s (own )?language"
    r"|same language|language they (write|use|wrote))\b"
)
_FIXED_LANGUAGE = re.compile(r"\b(?:answer|reply|respond|write)(?: \w+)? in (english|german|spanish|french)\b")
_ASKS_ORDER = re.compile(r"\bask (politely )?for (the|their|an|his|her) order number\b")
_FRIENDLY = re.compile(r"\b(friendly|warm|warmly|kind|kindly|empathetic|empathy)\b")
_CITES = re.compile(r"\b((name|cite|mention|quote) the (article|source|page|title))\b")
_GUARDED = re.compile(
    r"\b(ignore (any |all )?(instructions?|requests?) (in|inside|from|within)|(never|do not|don't) reveal"
    r"|not (as )?instructions?)\b"
)
_THINKS = re.compile(r"\bthink (step by step|carefully|it through)\b")
_SUMMARISES = re.compile(r"\bsummar(y|ise|ize)\b")


@dataclass(frozen=True, slots=True)
class Instructions:
    """What a prompt asks of an answer."""

    max_sentences: int | None = None
    is_brief: bool = False
    only_context: bool = False
    is_cautious: bool = False
    helps: bool = False
    keeps_language: bool = False
    language: str | None = None
    asks_order_number: bool = False
    is_friendly: bool = False
    cites_source: bool = False
    is_guarded: bool = False
    thinks: bool = False
    summarises: bool = False
    summary_lines: tuple[str, ...] = ()

    @property
    def says_unknown(self) -> bool:
        """Tell whether it says that it found nothing where its context does not answer, instead of helping in general."""
        return self.only_context and not self.helps

    @property
    def limits_length(self) -> bool:
        """Tell whether the prompt says how long an answer may be."""
        return self.is_brief or self.max_sentences is not None or bool(self.summary_lines)


@functools.lru_cache(maxsize=256)
def read_instructions(text: str) -> Instructions:
    """Read the instructions out of the words of a prompt."""
    lower = " ".join(text.lower().split())
    limit = _LIMIT.search(lower)
    language = _FIXED_LANGUAGE.search(lower)
    summarises = bool(_SUMMARISES.search(lower))
    return Instructions(
        max_sentences=_number(limit.group(1)) if limit else None,
        is_brief=bool(_BRIEF.search(lower)),
        only_context=bool(_ONLY_CONTEXT.search(lower)),
        is_cautious=bool(_CAUTIOUS.search(lower)),
        helps=bool(_HELPS.search(lower)),
        keeps_language=bool(_CUSTOMERS_LANGUAGE.search(lower)),
        language=_LANGUAGES[language.group(1)] if language else None,
        asks_order_number=bool(_ASKS_ORDER.search(lower)),
        is_friendly=bool(_FRIENDLY.search(lower)),
        cites_source=bool(_CITES.search(lower)),
        is_guarded=bool(_GUARDED.search(lower)),
        thinks=bool(_THINKS.search(lower)),
        summarises=summarises,
        summary_lines=_summary_lines(lower) if summarises else (),
    )


def _number(word: str) -> int:
    return max(1, _NUMBERS.get(word) or int(word))


def _summary_lines(lower: str) -> tuple[str, ...]:
    wanted = {
        "order": "order number" in lower,
        "request": bool(re.search(r"what the customer (wants|asks|needs)", lower)),
        "mood": bool(re.search(r"\b(mood|sentiment)\b", lower)),
    }
    return tuple(name for name, is_wanted in wanted.items() if is_wanted)
