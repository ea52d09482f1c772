"""What the live process remembers about keys, and how it bears a crowd of keys that do not exist."""

from __future__ import annotations

import asyncio

import pytest

from projects import tokens
from webapp import live_keys
from webapp.live_database import DatabaseAway
from webapp.live_keys import LiveKeys, TooManyKeys


class Questions:
    """Answers from a list of keys, once it is let to."""

    def __init__(self, *genuine: str) -> None:
        self._rows = {key[3:15]: (1, tokens.digest(key[16:59]), ["prompts:read"], None) for key in genuine}
        self.asked: list[str] = []
        self.open = asyncio.Event()
        self.is_away = False

    async def ask(self, statement, values):
        self.asked += values
        await self.open.wait()
        if self.is_away:
            raise DatabaseAway
        return [self._rows[key_id] for key_id in values if key_id in self._rows]


def made_up() -> str:
    return tokens.new_key()[2]


def test_more_unknown_keys_than_can_be_looked_up_are_turned_away_and_a_known_one_is_not(monkeypatch):
    # What is known is out of date at once.
    monkeypatch.setattr(live_keys, "CACHE_SECONDS", -1.0)

    async def scenario():
        genuine = made_up()
        questions = Questions(genuine)
        known = LiveKeys(questions)
        questions.open.set()
        await known.check(genuine)
        questions.open.clear()
        crowd = [asyncio.create_task(known.check(made_up())) for _ in range(live_keys.MAX_ASKING)]
        await asyncio.sleep(0)
        with pytest.raises(TooManyKeys):
            await known.check(made_up())
        expired = asyncio.create_task(known.check(genuine))
        await asyncio.sleep(0)
        questions.open.set()
        return await asyncio.gather(*crowd), await expired

    answers, caller = asyncio.run(scenario())

    assert answers == [None] * live_keys.MAX_ASKING
    assert caller is not None


def test_all_who_wait_for_the_same_key_share_one_question():
    async def scenario():
        genuine = made_up()
        questions = Questions(genuine)
        known = LiveKeys(questions)
        waiting = [asyncio.create_task(known.check(genuine)) for _ in range(200)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        questions.open.set()
        answers = await asyncio.gather(*waiting[1:])
        return questions.asked, answers

    asked, answers = asyncio.run(scenario())

    assert len(asked) == 1
    assert None not in answers


def test_made_up_keys_do_not_drive_out_genuine_ones(monkeypatch):
    monkeypatch.setattr(live_keys, "_MAX_REMEMBERED", 10)

    async def scenario():
        genuine = made_up()
        questions = Questions(genuine)
        questions.open.set()
        known = LiveKeys(questions)
        await known.check(genuine)
        for _ in range(30):
            await known.check(made_up())
        await known.check(genuine)
        return questions.asked.count(genuine[3:15]), len(known._unknown_until)

    assert asyncio.run(scenario()) == (1, 10)


def test_a_key_that_does_not_exist_is_asked_for_once():
    async def scenario():
        questions = Questions()
        questions.open.set()
        known, key = LiveKeys(questions), made_up()
        return [await known.check(key), await known.check(key)], len(questions.asked)

    assert asyncio.run(scenario()) == ([None, None], 1)


def test_a_failure_is_told_to_all_who_wait_and_not_remembered():
    async def scenario():
        genuine = made_up()
        questions = Questions(genuine)
        known = LiveKeys(questions)
        questions.is_away = True
        questions.open.set()
        failures = await asyncio.gather(known.check(genuine), known.check(genuine), return_exceptions=True)
        questions.is_away = False
        return failures, await known.check(genuine)

    failures, caller = asyncio.run(scenario())

    assert [type(failure) for failure in failures] == [DatabaseAway, DatabaseAway]
    assert caller is not None
