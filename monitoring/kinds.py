"""Kinds and states of spans as they are stored."""

from __future__ import annotations

from enum import IntEnum, IntFlag, StrEnum


class Kind(IntEnum):
    OTHER = 0
    LLM = 1
    CHAIN = 2
    TOOL = 3
    RETRIEVER = 4
    AGENT = 5
    EMBEDDING = 6
    RERANKER = 7
    GUARDRAIL = 8
    EVALUATOR = 9

    @property
    def label(self) -> str:
        return self.name.lower()


# What providers charge for.
CHARGED = (Kind.LLM, Kind.EMBEDDING)


class Status(IntEnum):
    UNSET = 0
    OK = 1
    ERROR = 2


class Arm(IntEnum):
    """Which side of a rollout served the call."""

    NONE = 0
    CONTROL = 1
    CANDIDATE = 2


class Mark(IntFlag):
    """What the receiver had to do to a span before it could be stored."""

    CLEANED = 1
    TRUNCATED = 2
    CLOCK_OFF = 4
    NEGATIVE_DURATION = 8
    MERGED = 16
    MASKED = 32
    WITHHELD = 64
    # Not something that had to be done: a request to a server or database that a library recorded on the way.
    BACKGROUND = 128


class Sensitive(StrEnum):
    """A kind of data that is found in texts and can be masked; the value is what stands in its place."""

    SECRET = "secret"  # noqa: S105 - the name of a kind
    CARD = "card"
    TOKEN = "token"  # noqa: S105 - the name of a kind
    EMAIL = "e-mail"
    PHONE = "phone"
    IBAN = "iban"


class MaskMode(StrEnum):
    """What becomes of sensitive data before a call is stored."""

    OFF = "off"
    MASK = "mask"
    HASH = "hash"
    DROP = "drop"


class IdMode(StrEnum):
    """What becomes of the ids of users and sessions before a call is stored."""

    KEEP = "keep"
    HASH = "hash"
    DROP = "drop"
