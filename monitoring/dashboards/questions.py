"""What a chart asks: which number, of which calls, cut by what; read from texts that anybody may have written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from monitoring.dashboards.measures import DEFAULT, MEASURES, SCORE, Measure, Source
from monitoring.dashboards.selection import COUNTED, FOUND, fields_of
from monitoring.dashboards.splits import NONE, SPLITS, Split
from monitoring.exploring import language
from monitoring.exploring.terms import Term, term

MOST_KEY = 80


@dataclass(frozen=True, slots=True)
class Question:
    """One chart, whatever the time: `score` names the score, `key` the member of metadata, where they are needed."""

    measure: Measure = MEASURES[DEFAULT]
    terms: tuple[Term, ...] = ()
    split: Split = NONE
    score: str = ""
    key: str = ""
    compares: bool = False

    @property
    def line(self) -> str:
        """The filter as it is written."""
        return language.printed(self.terms)

    @property
    def missing(self) -> str:
        """What has to be said yet before there is anything to show; nothing when all is said."""
        if self.measure.name == SCORE and not self.score:
            return "Name the score that counts."
        if self.split.key_words and not self.key:
            return "Name the key of the metadata to split by, such as plan."
        return ""

    @property
    def title(self) -> str:
        """What the chart shows, in words."""
        what = f"Mean of «{self.score}»" if self.measure.name == SCORE and self.score else self.measure.words
        if self.split is NONE:
            return what
        by = f"metadata {self.key}" if self.split.key_words else self.split.words.split(" (")[0].lower()
        return f"{what}, by {by}"

    def within(self, environment: str) -> tuple[Term, ...]:
        """Return the terms with the environment that somebody looks at."""
        return (*self.terms, term("environment", environment)) if environment else self.terms


def read(values: Mapping[str, str]) -> Question:
    """Return the question of an address, a form or a stored chart; what makes no sense is left out."""

    def text(name: str) -> str:
        return " ".join(values.get(name, "").replace("\x00", "").split())[:MOST_KEY]

    return Question(
        measure=MEASURES.get(values.get("measure", ""), MEASURES[DEFAULT]),
        terms=language.parse(values.get("q", "")[: language.MOST_CHARS].replace("\x00", "")).terms,
        split=SPLITS.get(values.get("split", ""), NONE), score=text("score"), key=text("key"),
        compares=bool(values.get("compare")),
    )  # fmt: skip


def written(question: Question) -> dict[str, str]:
    """Return the values that read as the same question."""
    found = {
        "measure": question.measure.name, "q": question.line, "split": question.split.name,
        "score": question.score if question.measure.name == SCORE else "", "key": question.key if question.split.key_words else "",
        "compare": "1" if question.compares else "",
    }  # fmt: skip
    return {name: value for name, value in found.items() if value}


def source_of(question: Question, terms: tuple[Term, ...], *, by_hours: bool) -> Source:
    """Return where the numbers are read: from counters wherever they know what is asked, else call by call."""
    asked, measure, split = fields_of(terms), question.measure, question.split
    if measure.source == Source.COUNTERS:
        return Source.COUNTERS if asked <= COUNTED and split.is_counted else Source.CALLS
    if measure.source == Source.FINDINGS:
        return Source.FINDINGS if by_hours and asked <= FOUND and split.is_found else Source.CALLS
    return measure.source
