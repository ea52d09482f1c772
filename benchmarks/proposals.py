"""Plays searches for a fix against the simulated model, whose answers have planted faults with planted cures.

All of it but the database is the real thing: the question for suggestions, the reading and the look at what comes back, the rounds,
the proof and the budget. Beside the true cures stand prompts that learn the test by heart, and changes that do nothing.
Whether a change helps is then measured on many calls that nobody saw before.
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks import figures
from benchmarks.figures import Figures
from evals.errors import EvalsError
from evals.proposals import asking, budgets, edits, lints, search
from evals.proposals.asking import Evidence, Example
from evals.proposals.budgets import Items, Sizes
from evals.proposals.edits import Candidate, Edit
from evals.proposals.lints import Surroundings
from evals.proposals.search import Outcome, Round, Tried, Verdict
from prompt_registry.contents import PromptContent
from prompt_registry.providers.simulated.answers import Answer, Flaw, answer
from prompt_registry.providers.simulated.models import MODELS
from prompt_registry.providers.simulated.reading import Message
from prompt_registry.providers.simulated.requests import ChatRequest

_MODEL = "simulated-fast"
_RETRIES = 5
_SEALED = 400
_WANTED = {"problem": 44, "good": 150}
_MOST_SEEN = 4_000

_THINGS = (
    "kettle", "toaster", "lamp", "jacket", "backpack", "keyboard", "blender", "tent", "headset", "monitor", "sofa", "carpet", "drill",
    "scooter", "violin", "telescope", "mattress", "printer", "camera", "helmet",
)  # fmt: skip
_COLOURS = ("blue", "green", "silver", "black", "yellow", "purple", "copper", "white")
_WHERES = ("Leeds", "Porto", "Graz", "Turin", "Bergen", "Ghent", "Lyon", "Basel", "Malmo", "Cork", "Split", "Brno")
_ASKED: Mapping[str, Sequence[str]] = {
    "refund": (
        "Can I get my money back for the {colour} {thing} that I bought in {where}?",
        "I want a refund for a {thing} ({colour}), order {number}.",
    ),
    "return": (
        "How do I return the {colour} {thing} to your shop in {where}?",
        "May I send the {thing} back, order {number}? It is {colour}.",
    ),
    "delivery": ("When will the {colour} {thing} arrive in {where}?", "Where is my parcel with the {thing}, order {number}?"),
    "payment": ("My card was charged twice for the {colour} {thing}, order {number}.", "Can I pay for the {thing} in {where} by debit?"),
    "account": ("How do I change the password of my account in {where}, order {number}?",),
    "abroad": (
        "Wann kommt das Paket mit {thing} in {where} an, bitte?", "Dónde está mi paquete con {thing} para {where}?",
        "Quand est-ce que mon colis avec {thing} arrive à {where}?",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kind:
    """A planted problem: the faults that make it, and the words by which people would name it."""

    flaws: frozenset[Flaw]
    problem: str
    topics: Sequence[str] = ("refund", "return", "delivery", "payment", "account")
    base: str = "You answer the customers of a web shop. Tell them what you know."


KINDS = (
    Kind(frozenset({Flaw.REFUSAL}), "The answers refuse or dodge"),
    Kind(frozenset({Flaw.MADE_UP}), "The answers say what nothing supports"),
    Kind(frozenset({Flaw.LONG_WINDED}), "The answers are long-winded"),
    Kind(
        frozenset({Flaw.WRONG_LANGUAGE}),
        "The answers are in the wrong language",
        ("abroad", "delivery", "payment", "account"),
    ),
)
_DONT_HELP = (
    "Be friendly and warm in every answer.", "Thank people for their message.", "If you are unsure, decline politely.",
    "Ask for the order number.", "Write as a colleague would.",
)  # fmt: skip


@dataclass
class Shop:
    """The traffic of one run, and the model that answers it; every answer is counted."""

    kind: Kind
    seed: int
    # Whether a question gets the same luck under each prompt, as from a steady model.
    is_steady: bool
    calls: int = 0
    _random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 - planted traffic

    def question(self) -> str:
        """Return what the next customer asks."""
        pick = self._random.choice
        form = pick(_ASKED[pick(self.kind.topics)])
        number = self._random.randrange(10_000, 99_999)
        return form.format(thing=pick(_THINGS), colour=pick(_COLOURS), where=pick(_WHERES), number=number)

    def ask(self, content: PromptContent, question: str) -> frozenset[Flaw]:
        """Return the faults of the answer to a question; one that failed is asked again, as in an experiment."""
        text = content.texts[0].replace("{{question}}", question)
        instructions, _, asked = text.rpartition("\nQuestion: ")
        messages = (Message("system", instructions), Message("user", asked))
        seed = self.seed if self.is_steady else self._random.getrandbits(40)
        request = ChatRequest(_MODEL, messages, seed=seed)
        for attempt in range(1, _RETRIES):
            found = answer(request, model=MODELS[_MODEL], attempt=attempt)
            if isinstance(found, Answer):
                self.calls += 1
                return found.flaws - {Flaw.SLOW}
        return frozenset()

    def suggest(self, base: PromptContent, evidence: Evidence) -> list[Candidate]:
        """Return what the model suggests, by the real question and the real reading."""
        asked = asking.question(model=_MODEL, base=base, evidence=evidence)
        messages = tuple(Message(one["role"], one["content"]) for one in asked.messages)
        request = ChatRequest(_MODEL, messages, response_schema=asked.settings.response_schema)
        self.calls += 1
        found = answer(request, model=MODELS[_MODEL], attempt=self.seed)
        return asking.read(found.text) if isinstance(found, Answer) else self.suggest(base, evidence)


@dataclass(frozen=True, slots=True)
class Played:
    """How a search ended: whether a suggestion was accepted, and how much it changes on calls that nobody saw."""

    is_accepted: bool
    improvement: float
    calls: int
    most_calls: int
    # How many suggestions were refused before they were tried.
    refused: int


# What is suggested, from the calls to write by; the shop answers as the model would.
Suggest = Callable[[Shop, PromptContent, Sequence[str]], list[Candidate]]


def play(kind: Kind, suggest: Suggest, *, seed: int, is_linted: bool = True) -> Played | None:
    """Return how one search went; None when the traffic holds too little of the problem."""
    shop = Shop(kind, seed, is_steady=seed % 5 != 0)
    base = PromptContent("text", text=f"{kind.base}\nQuestion: {{{{question}}}}").settled()
    questions, items = _dataset(shop, base)
    most_calls = shop._random.randrange(230, 520)
    try:
        sizes = budgets.sizes_for(items, most_calls=most_calls)
    except EvalsError:
        return None
    shop.calls = 0
    written_by = [questions[key] for key in items.tune_problems]
    candidates = suggest(shop, base, written_by)
    seen = [*written_by, *(questions[key] for key in items.tune_good)]
    usable = {
        place: one for place, one in enumerate(candidates)
        if not is_linted or not lints.problems_of(base, one, Surroundings(seen))
    }  # fmt: skip
    verdict = _search(shop, base, usable, questions, items, sizes)
    calls, improvement = shop.calls, 0.0
    if verdict.is_accepted and verdict.finalist is not None:
        improvement = _improvement(shop, base, edits.apply(base, usable[verdict.finalist].edits))
    return Played(verdict.is_accepted, improvement, calls, most_calls, len(candidates) - len(usable))


def _dataset(shop: Shop, base: PromptContent) -> tuple[dict[int, str], Items]:
    """Return calls as they come in, sorted as an issue would: with the problem or good, to write by or held out."""
    questions: dict[int, str] = {}
    found: dict[tuple[str, bool], list[int]] = {}
    missing = Counter(_WANTED)
    for key in range(_MOST_SEEN):
        asked = shop.question()
        flaws = shop.ask(base, asked)
        what = "problem" if flaws & shop.kind.flaws else "good" if not flaws else ""
        if missing[what] and asked not in questions.values():
            missing[what] -= 1
            questions[key] = asked
            is_tune = bool(hashlib.sha256(asked.encode()).digest()[0] % 2)
            found.setdefault((what, is_tune), []).append(key)
        if not missing.total():
            break
    tune_problems, held_out, tune_good, good = (
        tuple(found.get((name, is_tune), ())) for name in ("problem", "good") for is_tune in (True, False)
    )
    return questions, Items(tune_problems, tune_good[:20], held_out, (*good, *tune_good[20:]))


def _search(
    shop: Shop, base: PromptContent, usable: Mapping[int, Candidate], questions: Mapping[int, str], items: Items, sizes: Sizes
) -> Verdict:  # fmt: skip
    texts = {place: edits.apply(base, one.edits) for place, one in usable.items()}
    added = {place: lints.added_characters(base, one) for place, one in usable.items()}
    known: dict[tuple[int, int], frozenset[Flaw]] = {}

    def tried(place: int, content: PromptContent, wanted: Round) -> Tried:
        for key in (*wanted.problems, *wanted.good):
            if (place, key) not in known:
                known[place, key] = shop.ask(content, questions[key])
        problems = [not known[place, key] & shop.kind.flaws for key in wanted.problems]
        by_check = {
            flaw.value: [flaw not in known[place, key] for key in wanted.good] for flaw in Flaw if flaw != Flaw.SLOW
        }
        return Tried(problems, by_check)

    outcomes: list[Outcome] = []
    while not isinstance(step := search.next_step(items=items, sizes=sizes, added=added, outcomes=outcomes), Verdict):
        rows = {place: tried(place, texts[place], step) for place in step.candidates}
        outcomes.append(Outcome(step.stage, tried(-1, base, step), rows))
    return step


def _improvement(shop: Shop, base: PromptContent, changed: PromptContent) -> float:
    """Return how much oftener answers are without any fault, on calls as they will come."""
    questions = [shop.question() for _ in range(_SEALED)]
    before, after = (sum(not shop.ask(content, one) for one in questions) for content in (base, changed))
    return (after - before) / _SEALED


def suggested(shop: Shop, base: PromptContent, written_by: Sequence[str]) -> list[Candidate]:
    """Suggest what the simulated model does: the cure among other things."""
    return shop.suggest(base, Evidence(shop.kind.problem, [Example(one, "…") for one in written_by], []))


def by_heart(shop: Shop, base: PromptContent, written_by: Sequence[str]) -> list[Candidate]:
    """Suggest to learn the calls by heart: word by word, or only by what tells them apart from others."""
    mixed = random.Random(shop.seed)  # noqa: S311 - planted traffic
    shuffled = [" ".join(mixed.sample(one.strip("?.").split(), len(one.split()))) for one in written_by]
    lessons = [
        "\n".join(f"Learn by heart: {one}" for one in written_by),
        "\n".join(f"When somebody asks about {one}: help." for one in shuffled),
    ]
    return [Candidate("By heart", (Edit(0, shop.kind.base, f"{shop.kind.base}\n{text}"),)) for text in lessons]


def placebo(shop: Shop, base: PromptContent, written_by: Sequence[str]) -> list[Candidate]:
    """Suggest what does not help."""
    return [Candidate(text, (Edit(0, shop.kind.base, f"{shop.kind.base}\n{text}"),)) for text in _DONT_HELP]


@dataclass(frozen=True)
class Options:
    """How many searches of each sort are played."""

    runs: int = 120


def run(options: Options) -> Figures:
    """Return how often what is accepted helps, how often what learned by heart is refused, and whether budgets were passed."""
    true, learned, unlinted, nothing = (
        _played(options.runs, suggest, is_linted=is_linted)
        for suggest, is_linted in ((suggested, True), (by_heart, True), (by_heart, False), (placebo, True))
    )
    accepted = [one for one in true if one.is_accepted]
    everything = [*true, *learned, *unlinted, *nothing]
    return {
        "runs": len(true),
        "accepted": _share([one.is_accepted for one in true]),
        "accepted_improve_holdout": _share([one.improvement > 0 for one in accepted]),
        "median_improvement": sorted(one.improvement for one in accepted)[len(accepted) // 2] if accepted else 0.0,
        "memoriser_refused": _share([not one.is_accepted for one in learned]),
        "memoriser_refused_without_a_look": _share([not one.is_accepted for one in unlinted]),
        "placebo_accepted": _share([one.is_accepted for one in nothing]),
        "cap_passed": sum(one.calls > one.most_calls for one in everything),
        "median_calls": sorted(one.calls for one in true)[len(true) // 2],
        "machine": figures.machine(),
    }


def _played(runs: int, suggest: Suggest, *, is_linted: bool) -> list[Played]:
    found = (play(KINDS[seed % len(KINDS)], suggest, seed=seed * 7 + 1, is_linted=is_linted) for seed in range(runs))
    return [one for one in found if one is not None]


def _share(found: Sequence[bool]) -> float:
    return round(sum(found) / len(found), 4) if found else 0.0
