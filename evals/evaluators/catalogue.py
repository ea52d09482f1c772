"""Every kind of check that needs no model: its name on screen, what it looks at, and how its settings become one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from evals.errors import EvaluatorRefused
from evals.evaluators import overlap, translations
from evals.evaluators.cases import QuickEvaluator
from evals.evaluators.dates import SameDate
from evals.evaluators.detected import Grounded, NoRefusal, same_meaning
from evals.evaluators.disclosures import KnownLinks, NoPersonalData
from evals.evaluators.json_paths import PathEquals
from evals.evaluators.languages import SpokenIn
from evals.evaluators.readability import Readable
from evals.evaluators.structured import Json, Number
from evals.evaluators.texts import Citation, Contains, Exact, Length, Pattern, Similar, Wanted
from evals.evaluators.tool_calls import ToolCalls
from monitoring.kinds import Sensitive


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of check. `settings` names what can be set, with the type of each."""

    title: str
    explanation: str
    make: Callable[..., QuickEvaluator]
    settings: Mapping[str, type]
    needs_expected: bool = False


def _contains(texts: list[str], wanted: str = Wanted.ALL) -> QuickEvaluator:
    try:
        return Contains(tuple(texts), Wanted(wanted))
    except ValueError as error:
        raise EvaluatorRefused("An answer contains «all», «any» or «none» of the texts.") from error


def _no_personal_data(kinds: list[str] | None = None, may_repeat: bool = True) -> QuickEvaluator:
    return NoPersonalData(tuple(Sensitive) if kinds is None else tuple(kinds), may_repeat)


def _known_links(hosts: list[str]) -> QuickEvaluator:
    return KnownLinks(tuple(hosts))


def _similar(measure: Callable[[str, str], float], at_least: float = 0.5) -> QuickEvaluator:
    return Similar(measure, at_least)


def _kind_of_similarity(title: str, explanation: str, measure: Callable[[str, str], float]) -> Kind:
    return Kind(title, explanation, partial(_similar, measure), {"at_least": float}, needs_expected=True)


KINDS: Mapping[str, Kind] = {
    "exact": Kind(
        "Is the expected answer", "The same words; capitals, spaces and the last full stop do not matter unless strict.",
        Exact, {"strict": bool}, needs_expected=True,
    ),
    "contains": Kind(
        "Contains texts", "All, any or none of the texts you list.", _contains, {"texts": list, "wanted": str},
    ),
    "pattern": Kind(
        "Matches a pattern", "A regular expression (RE2), for engineers.", Pattern, {"pattern": str, "must_match": bool},
    ),
    "length": Kind("Has the right length", "At least and at most so many words.", Length, {"fewest": int, "most": int}),
    "refusal": Kind("Does not refuse", "It helps instead of declining or dodging.", NoRefusal, {}),
    "groundedness": Kind("Stands in its context", "It says nothing that the given context does not say.", Grounded, {}),
    "citation": Kind("Names a source", "A number in brackets, a name with a year, or a web address.", Citation, {}),
    "number": Kind(
        "Has the right number", "The last number of the answer, give or take.", Number, {"tolerance": float},
        needs_expected=True,
    ),
    "json": Kind("Is valid JSON", "And follows a JSON Schema when you give one.", Json, {"schema": dict}),
    "json path": Kind(
        "Has the right value in its JSON", "One value of an answer that is JSON, for engineers.", PathEquals,
        {"path": str, "equals": str},
    ),
    "tool calls": Kind(
        "Asks for the right tools", "Known tools only, with arguments that follow their JSON Schema.", ToolCalls,
        {"tools": dict, "must_call": str},
    ),
    "date": Kind(
        "Has the right date", "One date of the answer is the expected one, however it is written.", SameDate,
        {"month_first": bool}, needs_expected=True,
    ),
    "language": Kind(
        "Is in the right language", "The language of the question, or one that you choose.", SpokenIn, {"language": str},
    ),
    "readability": Kind(
        "Is easy to read", "By the length of its sentences and words (LIX).", Readable, {"hardest": str},
    ),
    "personal data": Kind(
        "Gives no personal data away", "E-mail addresses, phone and card numbers, keys and the like.", _no_personal_data,
        {"kinds": list, "may_repeat": bool},
    ),
    "links": Kind("Links only to known places", "Hosts that you list, and what is below them.", _known_links, {"hosts": list}),
    "words in common": _kind_of_similarity(
        "Words in common", "How many words the answer shares with the expected one (F1).", overlap.token_f1
    ),
    "rouge-1": _kind_of_similarity("ROUGE-1", "Shared words.", partial(overlap.rouge_n, n=1)),
    "rouge-2": _kind_of_similarity("ROUGE-2", "Shared pairs of words.", partial(overlap.rouge_n, n=2)),
    "rouge-l": _kind_of_similarity("ROUGE-L", "The longest sequence of words that both have.", overlap.rouge_l),
    "chrf": _kind_of_similarity("chrF", "Shared sequences of letters, as for translations.", translations.chrf),
    "bleu": _kind_of_similarity("BLEU", "Shared sequences of words, as for translations.", translations.bleu),
    "meaning": _kind_of_similarity(
        "The same meaning", "How near both are in meaning, which is not the same as being right.", same_meaning
    ),
    "edit distance": _kind_of_similarity(
        "Nearly the same letters", "How few letters would have to change.", overlap.edit_similarity
    ),
}  # fmt: skip


def build(kind: str, settings: Mapping[str, Any]) -> QuickEvaluator:
    """Return the check with these settings, or raise EvaluatorRefused with what to change."""
    if kind not in KINDS:
        raise EvaluatorRefused("There is no check of this kind. Choose one of the list.")
    known = KINDS[kind].settings
    for name, value in settings.items():
        if name not in known:
            raise EvaluatorRefused(f"This check has no setting «{name[:60]}». It has: {', '.join(known) or 'none'}.")
        if not _is(value, known[name]):
            raise EvaluatorRefused(f"The setting «{name}» must be {_WORDS[known[name]]}.")
    try:
        return KINDS[kind].make(**settings)
    except TypeError as error:
        raise EvaluatorRefused("Something that this check needs is not set yet.") from error


_WORDS = {
    bool: "yes or no", list: "a list of texts", str: "a text", int: "a whole number", float: "a number",
    dict: "a JSON object",
}  # fmt: skip


def _is(value: object, wanted: type) -> bool:
    if wanted is bool:
        return isinstance(value, bool)
    if wanted is list:
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    if wanted is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and value == value
    return isinstance(value, wanted) and not isinstance(value, bool)
