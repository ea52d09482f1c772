"""Sentences of an answer that the given documents do not support: what they say that the source does not, or says otherwise."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from monitoring.detectors import citations, claims, courtesies, models, nearness, sources, texts
from monitoring.detectors.claims import Token
from monitoring.detectors.findings import NOTHING, Evidence, Finding, in_order
from monitoring.detectors.models import LinearModel
from monitoring.detectors.sources import Source

_MOST_SENTENCES = 200
_MOST_TOKENS = 400
# Two sentences that share so much of their words speak of the same thing.
_SAME_CLAIM, _SAME_WORDS = 0.6, 0.85


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of the answer with the signs that it is not supported, and the words that are to blame."""

    start: int
    end: int
    features: Mapping[str, float]
    blamed: tuple[tuple[Token, str], ...]


def check(output: str, context: str, *, question: str = "", model: LinearModel | None = None) -> Finding:
    """Tell how likely an answer says something that the context does not support; without context nobody can tell.

    The evidence names every sentence in doubt, and in it the words that the context lacks or contradicts.
    """
    if not context.strip() or not output.strip():
        return NOTHING
    model = model or models.load("groundedness")
    sentences = _sentences(output, context, question)
    if not sentences:
        return NOTHING
    probability = model.probability(_together(sentences))
    is_flagged = probability >= model.threshold
    return Finding(probability, is_flagged, _evidence(sentences, model) if is_flagged else ())


def signs(output: str, context: str, *, question: str = "") -> dict[str, float]:
    """Return the signs of the whole answer: of each the worst that any sentence shows."""
    return _together(_sentences(output, context, question))


def claiming(output: str, *, known: Set[str] = frozenset()) -> Iterator[tuple[int, int, list[Token]]]:
    """Yield from where to where each sentence of a plain answer goes that claims something, and its words.

    Questions, courtesies and names of sources claim nothing; courtesies may use the `known` stems.
    """
    text = citations.without(output)
    for start, end in texts.sentences(text)[:_MOST_SENTENCES]:
        said = claims.tokens(text, start, end)[:_MOST_TOKENS]
        is_asked = text[start:end].endswith("?")
        if not is_asked and _claims_something(said) and not courtesies.is_courtesy(text, start, end, said, known):
            yield start, end, said


def _sentences(output: str, context: str, question: str) -> list[Sentence]:
    source = sources.read(texts.plain(context))
    asked = frozenset(token.stem for token in claims.tokens(texts.plain(question)[:4_000]))
    return [
        _judge(said, source, asked, start, end)
        for start, end, said in claiming(texts.plain(output), known=source.stems | asked)
    ]


def _claims_something(said: list[Token]) -> bool:
    """Tell a claim from «That's true!» and «Me too», which no source could support or contradict."""
    return any(token.is_content and token.word not in claims.AGREEMENT for token in said)


def _together(sentences: Sequence[Sentence]) -> dict[str, float]:
    found: dict[str, float] = {}
    for sentence in sentences:
        for name, value in sentence.features.items():
            found[name] = max(found.get(name, 0.0), value)
    return found


def _judge(said: list[Token], source: Source, asked: frozenset[str], start: int, end: int) -> Sentence:
    content = [token for token in said if token.is_content]
    window = source.best_window([token.stem for token in content])
    near = nearness.to_source([token.stem if token.is_number else token.word for token in content], source)
    weights = [sources.weight(token.stem) for token in content]
    total = sum(weights) or 1.0
    missing = [token.stem not in source.stems for token in content]
    lost = [weight * (1 - closeness) for weight, closeness in zip(weights, near, strict=True)]
    features = {
        "missing anywhere": sum(weight for weight, gone in zip(weights, missing, strict=True) if gone) / total,
        "missing nearby": sum(w for w, token in zip(weights, content, strict=True) if token.stem not in window) / total,
        "missing in meaning": sum(lost) / total,
        "farthest word": max(lost, default=0.0) / 5,
        "missing and not asked": sum(
            w for w, token, gone in zip(weights, content, missing, strict=True) if gone and token.stem not in asked
        ) / total,
        "missing words": math.log1p(sum(missing)),
        "far words": math.log1p(sum(closeness < 0.55 for closeness in near)),
        "in other words": min(sum(0.8 <= closeness < 1 for closeness in near), 4) / 2,
        "mostly missing": max(0.0, sum(lost) / total - 0.4),
        "half missing": max(0.0, sum(lost) / total - 0.2),
        "missing pairs": source.missing_pairs([token.stem for token in said]),
        "out of order": source.out_of_order([token.stem for token in content]),
    }  # fmt: skip
    blamed = [
        (token, "is not in the source")
        for token, gone, closeness in zip(content, missing, near, strict=True)
        if gone and closeness < 0.75
    ]
    _add_numbers_and_names(features, blamed, said, source, asked)
    _add_reversals(features, blamed, said, window, source)
    _add_talk(features, said, source)
    return Sentence(start, end, features, tuple(blamed))


def _add_numbers_and_names(
    features: dict[str, float],
    blamed: list[tuple[Token, str]],
    said: list[Token],
    source: Source,
    asked: frozenset[str],
) -> None:
    numbers = [token for token in said if token.is_number and token.stem not in source.stems]
    digits = [token for token in numbers if token.word[0].isdigit()]
    names = [
        token for place, token in enumerate(said)
        if token.is_capital and token.is_content and not token.is_number and token.stem not in source.stems and place > 0
    ]  # fmt: skip
    features["new number"] = float(bool(digits))
    features["new number word"] = float(len(numbers) > len(digits))
    features["new name"] = float(bool(names))
    features["new names"] = math.log1p(sum(token.stem not in asked for token in names))
    features["almost a name"] = float(any(source.almost(token.word) for token in [*digits, *names]))
    blamed += [(token, "is a number that is not in the source") for token in numbers]
    blamed += [(token, "is a name that is not in the source") for token in names]


def _add_reversals(
    features: dict[str, float],
    blamed: list[tuple[Token, str]],
    said: list[Token],
    window: frozenset[str],
    source: Source,
) -> None:
    opposed = [
        token for token in said
        if token.stem not in window and claims.opposites_of(token.stem) & window and not token.is_number
    ]  # fmt: skip
    denials = [token for token in said if claims.is_denial(token.word)]
    denied_there = any(claims.is_denial(word) for word in source.words_of(window))
    unseen = [
        token for token in said if token.stem not in source.stems and claims.opposites_of(token.stem) & source.stems
    ]
    closest, shared = source.closest([token.stem for token in said if token.is_content])
    there = any(claims.is_denial(word) for word in closest)
    is_turned = there != bool(denials)
    features["turned round"] = float(is_turned and shared >= _SAME_CLAIM)
    features["the same, turned round"] = float(is_turned and shared >= _SAME_WORDS)
    features["opposite word"] = float(bool(opposed))
    features["opposite word unseen"] = float(bool(unseen))
    features["new denial"] = float(bool(denials) and not denied_there)
    features["denials"] = min(len(denials), 3) / 2
    features["denial never said"] = float(
        any(claims.denial(token.word) not in {claims.denial(word) for word in source.words} for token in denials)
    )
    features["lost denial"] = float(not denials and denied_there)
    features["new quantifier"] = float(
        any(token.word in claims.QUANTIFIERS and token.stem not in window for token in said)
    )
    features["new limit"] = float(any(token.word in claims.LIMITS and token.stem not in window for token in said))
    features["new turn"] = float(any(token.word in claims.TURNS and token.word not in source.words for token in said))
    features["turn"] = float(any(token.word in claims.TURNS for token in said))
    words = {token.word for token in said}
    features["other sex"] = float(
        bool(words & claims.FEMALE and not source.words & claims.FEMALE and source.words & claims.MALE)
        or bool(words & claims.MALE and not source.words & claims.MALE and source.words & claims.FEMALE)
    )
    blamed += [(token, "is the opposite of what the source says") for token in dict.fromkeys([*unseen, *opposed])]
    if denials and (not denied_there or features["turned round"]):
        blamed += [(token, "denies what the source does not deny") for token in denials]


def _add_talk(features: dict[str, float], said: list[Token], source: Source) -> None:
    personal = [token for token in said if token.word in claims.PERSONAL and token.word not in source.words]
    opinion = [token for token in said if token.word in claims.OPINION and token.word not in source.words]
    features["speaks of itself"] = float(bool(personal))
    features["has an opinion"] = float(bool(opinion))
    features["opinion of itself"] = float(bool(personal and opinion))


def _evidence(sentences: Sequence[Sentence], model: LinearModel) -> tuple[Evidence, ...]:
    worst = max(sentences, key=lambda sentence: model.probability(sentence.features))
    found: list[Evidence] = []
    for sentence in sentences:
        if sentence is worst or model.probability(sentence.features) >= model.threshold:
            found.append(Evidence(sentence.start, sentence.end, "the source does not support this"))
            found += [Evidence(token.start, token.end, why) for token, why in list(dict(sentence.blamed).items())[:5]]
    return in_order(found)
