"""Names clusters by the words that tell them from the others; what a single person said never becomes a name."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_LONGEST_PHRASE, _MOST_WORDS = 3, 4
_TERMS = 8
# A phrase of fewer people may be somebody's name.
_FEWEST_PEOPLE = 3
_LEAST_SHARE = 0.08
_MOST_CHARS = 60
# Words that say nothing about what a question is about, in the languages that are asked most.
_FILLERS = frozenset(
    """
    a about after all also am an and any are as at be because been before but by can cannot could did do does doing don't for from
    get getting give go going got had has have having he hello help her here hey hi him his how i i'd i'll i'm i've if in into is
    isn't it it's its just know let like made make many may me might mine more most much my need no not now of off ok okay on once
    one only or our out over please s see she should so some still such t take tell than thank thanks that that's the their them
    then there these they thing this those to too try trying up us use very want wanted was wasn't way we were what what's when
    where which while who why will with won't would yes you your able really something anything someone able around does didn't
    aber als am an auch auf aus bei bin bitte das dass dem den der des die du ein eine einen einer er es für haben hat ich ihr im
    in ist ja kann kein man mein meine mich mir mit nach nicht noch nur oder sie sind so um und uns von war was wenn wie wir wird
    wo zu zum zur au aux avec ce cette comment dans de des du elle en est et il je la le les leur ma mais me mes mon ne nous on ou
    par pas plus pour que qui sa se ses son sont sur un une vous como con cuando cómo del donde el ella en es esta este estoy ha
    hay la las lo los me mi mis no nos para pero por porque puedo que qué se si sin su sus te tengo un una y yo com da do e em eu
    meu minha na não o os para por quando um uma
    """.split()
)


@dataclass(frozen=True, slots=True)
class Said:
    """A text and who said it."""

    text: str
    person: str


@dataclass(frozen=True, slots=True)
class Name:
    """A name of a few words, and the terms it was made of, the most telling first."""

    name: str
    terms: list[str]


def names(groups: Mapping[int, Sequence[Said]]) -> dict[int, Name]:
    """Return a name for each group; none is like another's as long as their words differ."""
    inside = {number: _people_of(said) for number, said in groups.items()}
    sizes = {number: len({one.person for one in said}) for number, said in groups.items()}
    overall: Counter[str] = Counter()
    for people in inside.values():
        overall.update({phrase: len(who) for phrase, who in people.items()})
    total = sum(sizes.values())
    return {number: _name(_ranked(people, sizes[number], overall, total)) for number, people in inside.items()}


def _people_of(said: Sequence[Said]) -> dict[str, set[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for one in said:
        words = [word.replace("’", "'") for word in _WORD.findall(one.text.lower())]
        for start in range(len(words)):
            for phrase in _phrases_from(words[start : start + _LONGEST_PHRASE]):
                found[phrase].add(one.person)
    return found


def _phrases_from(words: Sequence[str]) -> list[str]:
    """Return the phrases that begin with the first of the words and neither begin nor end with a filler."""
    if len(words[0]) < 2 or words[0] in _FILLERS:
        return []
    ends = range(1, len(words) + 1)
    return [" ".join(words[:end]) for end in ends if words[end - 1] not in _FILLERS and len(words[end - 1]) > 1]


def _ranked(people: Mapping[str, set[str]], size: int, overall: Counter[str], total: int) -> list[str]:
    """Return what many people in the group say and few outside, the most telling first."""
    fewest = max(_FEWEST_PEOPLE, math.ceil(_LEAST_SHARE * size))

    def telling(phrase: str) -> float:
        often = len(people[phrase]) / size
        # As in c-TF-IDF; what is longer says more at the same frequency.
        return often * math.log(1 + total / overall[phrase]) * math.sqrt(1 + phrase.count(" "))

    known = [phrase for phrase, who in people.items() if len(who) >= fewest]
    return sorted(known, key=lambda phrase: (-telling(phrase), phrase))


def _name(ranked: Sequence[str]) -> Name:
    chosen: list[str] = []
    words: set[str] = set()
    for phrase in ranked:
        new = phrase.split()
        fits = len(words) + len(new) <= _MOST_WORDS and len(", ".join([*chosen, phrase])) <= _MOST_CHARS
        if fits and not any(_is_same(word, known) for word in new for known in words):
            chosen.append(phrase)
            words.update(new)
    text = ", ".join(chosen)
    return Name(text[:1].upper() + text[1:], list(ranked[:_TERMS]))


def _is_same(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return long.startswith(short) and len(long) - len(short) <= 3 and len(short) >= 3
