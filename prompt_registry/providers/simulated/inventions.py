"""Plants made-up facts: sentences with numbers and names that the request does not contain."""

from __future__ import annotations

import re

from prompt_registry.providers.simulated import phrases
from prompt_registry.providers.simulated.dice import Dice

_NUMBER = re.compile(r"\d+")


def invented_sentence(*, language: str, dice: Dice, given: str) -> str:
    """Return a sentence whose number or name is nowhere in the given text."""
    for attempt in range(20):
        own = Dice(f"{dice.seed}\x1finvention{attempt}")
        sentence = own.pick("sentence", phrases.INVENTIONS[language]).format_map(_values(own))
        if not _shares_facts(sentence, given):
            return sentence
    return "The matter has the internal number " + _number_not_in(given, dice) + "."


def with_a_wrong_number(*, sentence: str, dice: Dice, given: str) -> str | None:
    """Return the sentence with its first number replaced by one that was not given; None when it has none."""
    number = _NUMBER.search(sentence)
    if number is None:
        return None
    taken = set(_NUMBER.findall(given))
    options = [str(int(number.group()[:6]) + step) for step in (15, 11, 7, 21, 33, 47, 101)]
    wrong = next((option for option in options if option not in taken), _number_not_in(given, dice))
    return sentence[: number.start()] + wrong + sentence[number.end() :]


def _values(dice: Dice) -> dict[str, str]:
    return {
        "city": dice.pick("city", phrases.CITIES),
        "name": dice.pick("name", phrases.NAMES),
        "weekday": dice.pick("weekday", phrases.WEEKDAYS),
        "time": f"{dice.number('hour', 6, 21)}:{dice.number('minute', 10, 59)}",
        "percent": str(dice.number("percent", 11, 39)),
        "code": f"{dice.pick('word', ('SORRY', 'SHINE', 'AGAIN'))}{dice.number('code', 101, 989)}",
        "hours": str(dice.number("hours", 31, 95)),
        "amount": f"{dice.number('euros', 13, 189)}.{dice.number('cents', 10, 99)}",
        "cycles": str(dice.number("cycles", 1_100, 9_900)),
    }


def _shares_facts(sentence: str, given: str) -> bool:
    numbers = set(_NUMBER.findall(sentence))
    names = [name for name in (*phrases.CITIES, *phrases.NAMES) if name in sentence]
    return bool(numbers & set(_NUMBER.findall(given))) or any(name in given for name in names)


def _number_not_in(given: str, dice: Dice) -> str:
    taken = set(_NUMBER.findall(given))
    number = dice.number("last resort", 100_000, 899_999)
    while str(number) in taken:
        number += 1
    return str(number)
