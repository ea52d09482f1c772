"""What a sentence claims, word by word: which words carry it, its numbers, its names, what it denies, and what is the opposite."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

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


def is_denial(word: str) -> bool:
    """Tell whether a word turns a claim into its opposite."""
    return word in NEGATIONS or word.endswith("n't")


_OPPOSITES = """increase decrease/increase reduce/increase lower/raise lower/rise fall/grow shrink/gain lose/gain loss/more less/more fewer/most
    least/high low/higher lower/highest lowest/large small/larger smaller/big small/great small/long short/longer shorter/old new/old young/older
    younger/early late/earlier later/before after/first last/begin end/start finish/start end/start stop/open close/accept reject/accept
    refuse/accept decline/agree disagree/agree refuse/allow forbid/allow prevent/allow deny/approve reject/approve disapprove/include
    exclude/inside outside/internal external/positive negative/good bad/better worse/best worst/strong weak/easy difficult/easy hard/simple
    complex/simple complicated/fast slow/quick slow/cheap expensive/affordable expensive/rich poor/hot cold/warm cool/wet dry/light
    dark/light heavy/light full/empty full/true false/right wrong/right left/correct incorrect/correct wrong/success failure/succeed
    fail/successful unsuccessful/possible impossible/able unable/likely unlikely/happy unhappy/happy sad/satisfied dissatisfied/interested
    uninterested/interest disinterest/available unavailable/necessary unnecessary/important unimportant/certain uncertain/known
    unknown/common rare/common uncommon/frequent rare/always never/often rarely/everyone nobody/all none/everything nothing/with
    without/present absent/presence absence/public private/legal illegal/safe dangerous/safe unsafe/secure insecure/healthy sick/healthy
    unhealthy/male female/man woman/men women/boy girl/husband wife/father mother/son daughter/brother sister/king queen/north south/east
    west/northern southern/eastern western/northeast southwest/northwest southeast/upper lower/top bottom/above below/over under/up
    down/forward backward/front back/ancient modern/old modern/supervised unsupervised/linear nonlinear/static dynamic/active
    passive/explicit implicit/global local/discrete continuous/dense sparse/deep shallow/deterministic stochastic/stable
    unstable/robust fragile/efficient inefficient/effective ineffective/accurate inaccurate/improve worsen/improve degrade/improve
    impair/improve deteriorate/improve reduce/enhance reduce/enhance diminish/enhance degrade/outperform underperform/superior
    inferior/advantage disadvantage/benefit harm/help hinder/support oppose/encourage discourage/facilitate hinder/maximize
    minimize/maximum minimum/add remove/attach detach/connect disconnect/join leave/arrive leave/enter exit/enter leave/import
    export/buy sell/purchase sell/borrow lend/give take/give receive/send receive/win lose/victory defeat/create destroy/build
    destroy/love hate/like dislike/remember forget/ask answer/question answer/teach learn/push pull/expand contract/expand
    shrink/extend shorten/simplify complicate/clarify obscure/reveal hide/confirm deny/prove disprove/trust distrust/affirm
    deny/recommend discourage/eager reluctant/willing unwilling/willing reluctant/polite rude/friendly hostile/confident
    doubtful/enthusiastic unenthusiastic/optimistic pessimistic/comprehensive limited/wide narrow/broad narrow/various few/many
    few/multiple single/several one/unlimited limited/customizable fixed/flexible rigid/flexible inflexible/optional
    mandatory/optional required/voluntary mandatory/free paid/discount surcharge/monthly yearly/monthly annual/weekly
    monthly/daily weekly/annual monthly/today tomorrow/morning evening/day night/client agent/customer agent/buyer seller/employer
    employee/teacher student/doctor patient/parent child/local foreign/domestic foreign/native foreign/urban rural/civilian
    military/professional amateur/winner loser/majority minority/major minor/primary secondary/solo group/individual
    group/separate joint/independent dependent/same different/similar different/similar dissimilar/equal unequal/identical
    different/convergence divergence/converge diverge/encode decode/encoder decoder/input output/train test/training
    testing/upper lower/over-estimate underestimate/overestimate underestimate/overfit underfit/biased unbiased/labeled
    unlabeled/labelled unlabelled/sufficient insufficient/adequate inadequate/novel existing/novel traditional/new
    existing/new traditional/new conventional/offline online/offensive defensive/acquire lose/alive dead/born died/birth
    death/married divorced/married single/peace war/guilty innocent/hire fire/rise decline/rising falling/growing
    declining/never sometimes/vegetarian meat/natural artificial/natural synthetic/organic synthetic/permanent temporary/
    visible invisible/regular irregular/formal informal/direct indirect/consistent inconsistent/complete incomplete/complete
    partial/perfect imperfect/major minor/convenient inconvenient/clear unclear/clear vague/aware unaware/experienced
    inexperienced/related unrelated/relevant irrelevant/appropriate inappropriate/conscious unconscious/employed unemployed"""


def _opposites() -> dict[str, frozenset[str]]:
    pairs: dict[str, set[str]] = {}
    for pair in "".join(_OPPOSITES.split("\n")).split("/"):
        words = [stem(word) for word in pair.split()]
        if len(words) == 2 and words[0] != words[1]:
            pairs.setdefault(words[0], set()).add(words[1])
            pairs.setdefault(words[1], set()).add(words[0])
    return {word: frozenset(others) for word, others in pairs.items()}


OPPOSITES = _opposites()
_PREFIXES = ("un", "in", "im", "il", "ir", "dis", "non", "mis", "non-")


def opposites_of(stemmed: str) -> frozenset[str]:
    """Return the stems that say the opposite."""
    made = {prefix + stemmed for prefix in _PREFIXES} | {
        stemmed[len(prefix) :] for prefix in _PREFIXES if stemmed.startswith(prefix) and len(stemmed) - len(prefix) >= 4
    }
    return OPPOSITES.get(stemmed, frozenset()) | made
