"""Sentences inside of a document that speak to whoever reads it for the user: commands and questions that do not belong there."""

from __future__ import annotations

import re
from collections import Counter

from monitoring.detectors import texts
from monitoring.detectors.findings import Evidence

# A sentence longer than this is text, not a command.
_LONGEST = 400
_MOST_SENTENCES = 1_500
_COMMANDS = frozenset(
    """add advise alter analyze answer append apply arrange ask attach avoid begin calculate change check choose click combine
    compare complete compose compute conclude consider convert copy craft create debug define delete deliver demonstrate
    describe design detail develop direct discuss display disregard do download draft embed emphasize employ encode
    encourage end enhance ensure evaluate execute explain express extract find follow forget format forward generate give
    guide help highlight identify ignore implement include incorporate increase indicate inform infuse insert install instruct
    integrate introduce invent list make mention misspell modify name offer omit open outline paraphrase perform place please
    plan point post prepare present pretend print produce promote propose provide publish put randomize read recite recommend
    refer remember remove rename repeat replace reply report request respond return reveal reverse revise rewrite run say
    scramble search select send share show simulate skip solve spell start state stop structure substitute suggest
    summarise summarize switch talk teach tell think transform translate try turn type use utilize verify visit write""".split()
)
_QUESTIONS = frozenset("what what's who who's when where why how which can could would will do does is are".split())
_TO_THE_READER = texts.pattern(
    r"\b(?:your (?:\w+ )?(?:answer|response|reply|output|solution|code|summary|algorithm|message|text|explanation)s?|the user|the reader"
    r"|(?:can|could|would|will) you (?:please )?\w+|help me|tell me|show me|give me|for me\b|i (?:need|want|would like))"
)
_COURTESY = texts.pattern(
    r"\b(?:if you|any questions|contact|support|dispute|unsubscribe|privacy|reply to this email|let us know"
    r"|log ?in|sign in|receipt|invoice|thank)\b"
)
_COMMON = frozenset(
    """a an and are as at be been by can do for from has have how i if in into is it its me my no not of on one or our so than that
    the their them then there these they this to use was we were what when which who will with you your please""".split()
)
_TABLE = re.compile(r"^\s*\|")


def features(text: str, evidence: list[Evidence]) -> dict[str, float]:
    """Return how strongly the most suspicious sentence stands out, and add it to the evidence."""
    places = texts.sentences(text)[:_MOST_SENTENCES]
    spoken = [texts.words(text[start:end]) for start, end in places]
    everywhere = Counter(word for words in spoken for word in set(words))
    is_table = sum(bool(_TABLE.match(text[start:end])) for start, end in places) >= 3
    found: dict[str, float] = {}
    best, where = 0.0, None
    for place, ((start, end), words) in enumerate(zip(places, spoken, strict=True)):
        if not len(words) >= 3 or end - start > _LONGEST:
            continue
        signs = _sentence(text[start:end], words, everywhere)
        if is_table and not _TABLE.match(text[start:end]):
            signs |= {f"{name} beside a table": value for name, value in signs.items()}
        if place in (0, len(places) - 1):
            signs |= {f"{name} at an end": value for name, value in signs.items() if "table" not in name}
        for name, value in signs.items():
            found[name] = max(found.get(name, 0.0), value)
        if (strength := signs.get("command", 0) + signs.get("question", 0) + 2 * signs.get("to the reader", 0)) > best:
            best, where = strength, Evidence(start, end, "speaks to whoever reads the document")
    if where and best > 0.5:
        evidence.append(where)
    found["table"] = float(is_table)
    found["sentences"] = min(len(places), 60) / 30
    return found


def _sentence(sentence: str, words: list[str], everywhere: Counter[str]) -> dict[str, float]:
    content = [word for word in words if word not in _COMMON]
    foreign = sum(everywhere[word] == 1 for word in content) / (len(content) + 1)
    is_courtesy = bool(_COURTESY.search(sentence))
    is_command = words[0] in _COMMANDS or (
        words[0] in {"please", "kindly", "then", "now", "also"} and words[1] in _COMMANDS
    )
    is_question = words[0] in _QUESTIONS and sentence.rstrip().endswith("?")
    signs: dict[str, float] = {}
    if is_command:
        signs["courteous command" if is_courtesy else "command"] = foreign
    if is_question and not is_courtesy:
        signs["question"] = foreign
    if _TO_THE_READER.search(sentence) and not is_courtesy:
        signs["to the reader"] = 1.0
        if is_command:
            signs["command to the reader"] = 1.0
    return signs
