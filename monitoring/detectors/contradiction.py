"""Answers that say otherwise than the answer that was expected: yes for no, the opposite word, another number."""

from __future__ import annotations

from monitoring.detectors import claims, sources, texts
from monitoring.detectors.claims import Token
from monitoring.detectors.findings import NOTHING, Evidence, Finding, in_order
from monitoring.detectors.sources import Source

_MOST_CHARS, _MOST_SENTENCES = 8_000, 60
# Two sentences that share so much of their words speak of the same thing.
_SAME_CLAIM = 0.5
_YES = frozenset("yes yeah yep true correct right ja oui sí si sim sì".split())
_NO = frozenset("no nope false incorrect wrong nein non não".split())
_TURNED, _OPPOSED, _OTHER_NUMBER, _OTHER_ANSWER = 0.9, 0.8, 0.85, 0.95


def check(output: str, expected: str) -> Finding:
    """Tell how likely an answer contradicts the expected one; to leave something out or to add to it is no contradiction."""
    text, wanted = texts.plain(output)[:_MOST_CHARS], texts.plain(expected)[:_MOST_CHARS]
    if not text.strip() or not wanted.strip():
        return NOTHING
    source = sources.read(wanted)
    found = _of_whole(text, wanted)
    for start, end in texts.sentences(text)[:_MOST_SENTENCES]:
        found += _of_sentence(claims.tokens(text, start, end), wanted, source, start, end)
    if not found:
        return NOTHING
    probability = max(sureness for _, sureness in found)
    return Finding(probability, is_flagged=True, evidence=in_order([evidence for evidence, _ in found]))


def _of_whole(text: str, wanted: str) -> list[tuple[Evidence, float]]:
    """Compare the first words, where a plain question is answered, and the only number of both."""
    said, asked = claims.tokens(text, 0, 400), claims.tokens(wanted, 0, 400)
    if not said or not asked:
        return []
    first, right = said[0], asked[0].word
    if (first.word in _YES and right in _NO) or (first.word in _NO and right in _YES):
        return [(Evidence(first.start, first.end, f"the expected answer begins with «{right}»"), _OTHER_ANSWER)]
    numbers, right_numbers = [token for token in said if token.is_number], [token for token in asked if token.is_number]
    if len(asked) <= 3 and len(right_numbers) == 1 and len(numbers) == 1 and numbers[0].stem != right_numbers[0].stem:
        return [(_of_number(numbers[0], right_numbers), _OTHER_NUMBER)]
    return []


def _of_sentence(said: list[Token], wanted: str, source: Source, start: int, end: int) -> list[tuple[Evidence, float]]:
    stems = [token.stem for token in said if token.is_content and not token.is_number]
    closest, shared = source.closest(stems)
    if shared < _SAME_CLAIM or not stems:
        return []
    there = [token for token in claims.tokens(wanted) if token.word in closest]
    near = {token.stem for token in there}
    found = []
    is_denied = any(claims.is_denial(token.word) for token in said)
    if is_denied != any(claims.is_denial(word) for word in closest):
        found.append((Evidence(start, end, "says the opposite of the expected answer"), _TURNED))
    for token in said:
        if not token.is_number and token.stem not in near and claims.opposites_of(token.stem) & near:
            found.append((Evidence(token.start, token.end, "is the opposite of the expected word"), _OPPOSED))
    right = [token for token in there if token.is_number]
    numbers = [token for token in said if token.is_number and token.stem not in source.stems]
    if right and numbers and not any(token.stem in near for token in said if token.is_number):
        found += [(_of_number(token, right), _OTHER_NUMBER) for token in numbers]
    return found


def _of_number(token: Token, right: list[Token]) -> Evidence:
    return Evidence(token.start, token.end, f"the expected answer says {right[0].word[:40]}")
