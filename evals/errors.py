"""What experiments, evaluators and datasets refuse, in words for the person who asked for it."""

from __future__ import annotations


class EvalsError(Exception):
    """Base of all refusals of this package; the text of the exception is shown to people."""

    def __init__(self, sentence: str = "") -> None:
        super().__init__(sentence or " ".join((self.__doc__ or "").split()))


class EvaluatorRefused(EvalsError):
    """The evaluator cannot work like this."""


class CannotJudge(EvalsError):
    """This answer cannot be judged: something is missing. That is an error, never a score."""
