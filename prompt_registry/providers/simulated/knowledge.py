"""What the model was given to rely on: sentences of the prompt and of the context that speak to a question."""

from __future__ import annotations

import re

from prompt_registry.providers.simulated.topics import mentions

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")
_COMMAND = re.compile(
    r"^(?:[-*•\d.)]+\s*)?(answer|reply|respond|write|use|keep|never|do not|don't|always|ask|if you|if unsure|be |end"
    r"|start|name|say|only|avoid|apologi|stay|mention|cite|ignore|treat|you are|you work|your |explain|summari|list"
    r"|include|when you|when in|quote|give|speak|think|refuse|decline|reveal|stick|rely|please|begin|offer|help|no more"
    r"|at most)",
    re.IGNORECASE,
)
_CLAIM = re.compile(
    r"\d|\b(can|may|is|are|takes?|costs?|free|within|after|before|must|gets?|has|have|refunded)\b", re.I
)
_TITLE = re.compile(r"^[^.:!?]{1,60}: ")
_WORD = re.compile(r"[^\W_]{3,}")
_EMPTY_WORDS = frozenset(
    re.findall(
        r"\w+",
        "the and for are was were what when where which who how can could would should does did have has had "
        "you your with from this that they them there their about into than then also will just please any "
        "all our out not but get got need want like tell know much many long still",
    )
)


def sentences_of(text: str) -> list[str]:
    """Return the sentences of a text, lines counting as sentences."""
    return [sentence for part in _SENTENCE_END.split(text) if (sentence := part.strip(" \t-*•"))]


def policy_on(topic: str, instructions: str) -> list[str]:
    """Return the sentences of a prompt that state something about the topic instead of telling how to answer."""
    return [
        sentence
        for sentence in sentences_of(instructions)
        if mentions(topic, sentence) and not _COMMAND.match(sentence) and _CLAIM.search(sentence)
    ]


def best_sentences(question: str, context: str, *, at_most: int = 2) -> list[str]:
    """Return the sentences of the context that share the most words with the question, in their order."""
    asked = stems(question)
    scored = [(len(asked & stems(sentence)), sentence) for sentence in sentences_of(context)]
    needed = 1 if len(asked) < 3 else 2
    ranked = sorted((score for score, _ in scored if score >= needed), reverse=True)[:at_most]
    if not ranked:
        return []
    return [_TITLE.sub("", sentence) for score, sentence in scored if score >= ranked[-1]][:at_most]


def stems(text: str) -> frozenset[str]:
    """Return the beginnings of the words that say something."""
    # Five letters are stem enough to match "deliver", "delivery" and "delivered".
    return frozenset(word[:5] for word in _WORD.findall(text.lower()) if word not in _EMPTY_WORDS)


def for_the_customer(sentence: str) -> str:
    """Turn a sentence about customers into one to the customer."""
    turned = re.sub(r"\b(?:[Tt]he customer|[Cc]ustomers) (can|may|get|have|must|receive)\b", r"you \1", sentence)
    turned = re.sub(r"\b[Tt]he customer (gets|receives)\b", lambda match: f"you {match.group(1)[:-1]}", turned)
    return turned[:1].upper() + turned[1:]
