"""The people and texts of the demo shop: who writes, what they write, and which help pages there are."""

from __future__ import annotations

import functools
import random
import re
from collections.abc import Sequence
from pathlib import Path

_CONTENT = Path(__file__).with_name("content")

ITEMS = (
    "Fjord jacket", "Polar sleeping bag", "Tundra tent", "Ember stove", "Beam head torch", "Ridge backpack", "Trail boots",
    "rain trousers", "fleece sweater", "down vest", "hiking poles", "camping mat", "wool socks", "dry bag",
)  # fmt: skip
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
FIRST_NAMES = (
    "Maria", "Jonas", "Aisha", "Lars", "Chen", "Sofia", "Mateo", "Emma", "Noah", "Yuki", "Ingrid", "Omar", "Lea", "Paul",
    "Elif", "Hugo", "Nina", "Tom", "Priya", "Anton", "Clara", "David", "Olga", "Felix", "Zoe", "Ivan", "Mila", "Karl",
)  # fmt: skip
FOLLOW_UPS = (
    "And how long will that take?",
    "That does not answer my question.",
    "Can I talk to a person?",
    "Okay, thank you!",
    "So what should I do now?",
    "Are you sure about that?",
)
# In one visit somebody asks so often at most.
MOST_TURNS = 4
USERS = tuple(f"customer-{number:04d}" for number in range(1, 221))

_ORDER = re.compile(r"\b\d{5}\b")
_STATES = ("in transit", "delivered", "being packed", "returned", "waiting for payment")
_WORD = re.compile(r"[^\W_]{4,}")


@functools.cache
def questions(section: str) -> tuple[str, ...]:
    """Return the questions of one section, `support` or `search`."""
    text = (_CONTENT / "questions.txt").read_text(encoding="utf-8")
    part = text.partition(f"[{section}]\n")[2].partition("\n[")[0]
    return tuple(line.strip() for line in part.splitlines() if line.strip())


@functools.cache
def tickets() -> tuple[str, ...]:
    """Return the support tickets."""
    return _blocks("tickets.txt")


@functools.cache
def help_pages() -> tuple[str, ...]:
    """Return the help pages, each beginning with its title and a colon."""
    return _blocks("help_pages.txt")


def _blocks(name: str) -> tuple[str, ...]:
    lines = (_CONTENT / name).read_text(encoding="utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.startswith("#"))
    return tuple(block.strip() for block in text.split("\n---\n"))


def filled(text: str, rng: random.Random) -> str:
    """Return the text with an order number, an item and a day of its own."""
    values = {
        "{order}": str(rng.randrange(40_000, 99_999)),
        "{item}": rng.choice(ITEMS),
        "{day}": rng.choice(DAYS),
        "{weeks}": rng.choice(("two", "three", "four", "six")),
    }
    for blank, value in values.items():
        text = text.replace(blank, value)
    return text


def goes_on(rng: random.Random) -> bool:
    """Tell whether somebody goes on asking the support assistant after an answer."""
    return rng.random() < 0.3


def order_in(question: str) -> str:
    """Return the number of the order that a question is about; empty when it names none."""
    found = _ORDER.search(question)
    return found.group() if found else ""


def look_up(order: str, rng: random.Random) -> dict[str, str | int]:
    """Return what the shop knows about an order."""
    return {"order": order, "state": rng.choice(_STATES), "items": rng.randint(1, 5)}


def name_of(user: str) -> str:
    """Return the first name of a customer."""
    return FIRST_NAMES[int(user.rpartition("-")[2]) % len(FIRST_NAMES)]


def find_help_pages(question: str, *, count: int = 3) -> Sequence[str]:
    """Return the help pages that share the most words with a question, as a simple search would."""
    asked = _stems(question)
    return sorted(help_pages(), key=lambda page: len(asked & _stems(page)), reverse=True)[:count]


@functools.cache
def _stems(text: str) -> frozenset[str]:
    return frozenset(word[:5] for word in _WORD.findall(text.lower()))
