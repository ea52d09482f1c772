"""What a sentence claims, word by word: which words carry it, its numbers, its names, what it denies, and what is the opposite."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from monitoring.detectors.opposites import OF_DIALOGUE

# Words, with names such as BestInsuranceXYZ or GPT-4 whole; numbers with their separators.
_TOKEN = re.compile(r"\d+(?:[.,:/]\d+)*%?|[^\W\d_]+(?:['-][^\W\d_]+)*(?:-?\d+)?")
_STOP = frozenset(
    """a about above after again against all also although am among an and any are aren't as at be because been before being between both
    but by can can't cannot could couldn't d did didn't do does doesn't doing don't down during each either else etc even ever few for
    from further get gets got had hadn't has hasn't have haven't having he he's her here here's hers herself him himself his how however i
    i'd i'll i'm i've if in into is isn't it it's its itself just let's ll may me might more most much must my myself no nor not now of off
    on once one only or other our ours ourselves out over own re really s same shall she she's should shouldn't since so some such t than
    that that's the their theirs them themselves then there there's these they they're they've this those though through thus to too
    under until up upon us ve very via was wasn't we we're we've well were weren't what what's when where whether which while who who's
    whom whose why will with within without won't would wouldn't yeah yes you you're you've your yours yourself said also many like
    called known including include includes well-known okay oh ok""".split()
)
NEGATIONS = frozenset(
    """no not never none nobody nothing neither nor without cannot can't don't doesn't didn't isn't aren't wasn't weren't won't wouldn't
    couldn't shouldn't hasn't haven't hadn't n't hardly rarely barely seldom lack lacks lacking fail fails failed unable refuse refuses
    refused declined declines deny denies denied avoid avoids instead""".split()
)
QUANTIFIERS = frozenset(
    """only all every each always never none most least all exactly any entirely completely fully solely both neither always must
    guaranteed guarantees first last best worst largest smallest highest lowest single multiple several few many half double twice
    immediately permanently exclusively""".split()
)
AGREEMENT = frozenset(
    """true right best good great nice agree agreed exactly indeed course thanks thank welcome cool interesting alright fine
    absolutely""".split()
)
LIMITS = frozenset("only just merely solely exclusively limited specific basic certain none nothing any".split())
TURNS = frozenset("but however although though despite except instead rather yet unlike regardless".split())
MALE = frozenset("he him his himself mr man men male husband father son brother sir boy gentleman".split())
FEMALE = frozenset(
    "she her hers herself ms mrs miss woman women female wife mother daughter sister madam girl lady".split()
)
PERSONAL = frozenset("i i'm i've i'd i'll me my mine myself we we're our us".split())
OPINION = frozenset(
    """love loved favorite favourite enjoy enjoyed fun great awesome amazing cool nice beautiful delicious boring best interesting hate
    think believe feel guess hope wish wonder sure maybe probably definitely really pretty glad sorry wow""".split()
)
_NUMBERS = {
    word: str(value)
    for value, word in enumerate(
        """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen
        nineteen twenty""".split()
    )
} | {"thirty": "30", "forty": "40", "fifty": "50", "sixty": "60", "seventy": "70", "eighty": "80", "ninety": "90", "first": "1",
     "second": "2", "third": "3", "fourth": "4", "fifth": "5", "sixth": "6", "seventh": "7", "eighth": "8", "ninth": "9", "tenth": "10",
     "once": "1", "twice": "2", "half": "1/2", "dozen": "12", "hundred": "100", "thousand": "1000"}  # fmt: skip
_ORDINAL = re.compile(r"^(\d+)(?:st|nd|rd|th|s)$")
_ENDINGS = (
    ("'s", ""), ("ies", "y"), ("sses", "ss"), ("ings", ""), ("ing", ""), ("edly", ""), ("ied", "y"), ("ed", ""), ("ations", ""),
    ("ation", ""), ("ments", ""), ("ment", ""), ("ness", ""), ("ers", ""), ("ies", "y"), ("es", ""), ("ly", ""), ("er", ""),
    ("ors", ""), ("or", ""), ("ions", ""), ("ion", ""), ("s", ""), ("e", ""),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Token:
    """One word as it stands (`word` in lower case), what it is compared by, and where it stands."""

    word: str
    stem: str
    start: int
    end: int
    is_capital: bool

    @property
    def is_number(self) -> bool:
        return self.stem[0].isdigit()

    @property
    def is_content(self) -> bool:
        return self.word not in _STOP and (len(self.word) > 1 or self.is_number)


def tokens(text: str, start: int = 0, end: int | None = None) -> list[Token]:
    """Return the words between two places of a text."""
    found = []
    for match in _TOKEN.finditer(text, start, len(text) if end is None else end):
        said = match.group()
        word = said.lower()
        found.append(Token(word, stem(word), *match.span(), is_capital=said[0].isupper()))
    return found


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """Return what is the same in the forms of an English word, or the plain digits of a number."""
    if word[0].isdigit():
        return word.replace(",", "").rstrip("%").removesuffix(".00").removesuffix(".0") or word
    if word in _NUMBERS:
        return _NUMBERS[word]
    if match := _ORDINAL.match(word):
        return match.group(1)
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            short = word[: -len(ending)] + instead
            # «planned» and «plan», «stopping» and «stop».
            if len(short) > 3 and short[-1] == short[-2] and short[-1] not in "aeiouls":
                return short[:-1]
            return short
    return word


def says_something(word: str) -> bool:
    """Tell words that carry meaning from those that only hold a sentence together."""
    return word not in _STOP


def denial(word: str) -> str:
    """Return one word for the plain ways to say no, which may stand for each other, and other words as they are."""
    return "not" if word in {"no", "not", "never", "cannot", "none", "nor", "neither"} or word.endswith("n't") else word


def is_denial(word: str) -> bool:
    """Tell whether a word turns a claim into its opposite."""
    return word in NEGATIONS or word.endswith("n't")


_PREFIXES = (
    "un",
    "in",
    "im",
    "il",
    "ir",
    "dis",
    "non",
    "mis",
    "non-",
    "de",
    "sub",
    "anti",
    "counter",
    "under",
    "over",
    "ab",
)


def opposites_of(stemmed: str) -> frozenset[str]:
    """Return the stems that say the opposite."""
    made = {prefix + stemmed for prefix in _PREFIXES} | {
        stemmed[len(prefix) :] for prefix in _PREFIXES if stemmed.startswith(prefix) and len(stemmed) - len(prefix) >= 4
    }
    return _listed().get(stemmed, frozenset()) | made


@cache
def _listed() -> Mapping[str, frozenset[str]]:
    stored = json.loads((Path(__file__).parent / "weights" / "opposites.json").read_text(encoding="utf-8"))
    pairs: dict[str, set[str]] = {}
    for pair in [*stored["pairs"], *OF_DIALOGUE]:
        one, other = (stem(word) for word in pair.split())
        if one != other:
            pairs.setdefault(one, set()).add(other)
            pairs.setdefault(other, set()).add(one)
    return {word: frozenset(others) for word, others in pairs.items()}
