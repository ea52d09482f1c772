"""Dates in answers, in the ways that people and models write them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from evals.errors import CannotJudge
from evals.evaluators.cases import Case, Outcome, yes_or_no

_MOST_CHARS = 200_000
_MONTHS = (
    "january januar janvier enero jan jän", "february februar février fevrier febrero feb févr", "march märz maerz mars marzo mar mär",
    "april avril abril apr avr abr", "may mai mayo", "june juni juin junio jun", "july juli juillet julio jul juil",
    "august août aout agosto aug ago", "september septembre septiembre sep sept", "october oktober octobre octubre oct okt",
    "november novembre noviembre nov", "december dezember décembre decembre diciembre dec dez déc dic",
)  # fmt: skip
_NUMBER_OF = {name: number for number, names in enumerate(_MONTHS, start=1) for name in names.split()}
_NAME = "|".join(sorted(_NUMBER_OF, key=len, reverse=True))
_DATE = re.compile(
    rf"\b(?P<y1>\d{{4}})-(?P<m1>\d{{1,2}})-(?P<d1>\d{{1,2}})(?!\d)"
    rf"|\b(?P<d2>\d{{1,2}})(?:st|nd|rd|th|er)?\.?\s+(?:of\s+|de\s+)?(?P<n2>{_NAME})\b\.?,?\s*(?:de\s+)?(?P<y2>\d{{4}})\b"
    rf"|\b(?P<n3>{_NAME})\b\.?\s+(?P<d3>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<y3>\d{{4}})\b"
    r"|\b(?P<d4>\d{1,2})\.\s?(?P<m4>\d{1,2})\.\s?(?P<y4>\d{4})\b"
    r"|\b(?P<a5>\d{1,2})/(?P<b5>\d{1,2})/(?P<y5>\d{4})\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class SameDate:
    """One of the answer's dates is the expected one, however it is written; 3/4/2026 is read as April unless it is month first."""

    month_first: bool = False

    def judge(self, case: Case) -> Outcome:
        expected = next(dates_in(case.demand_expected(), month_first=self.month_first), None)
        if expected is None:
            raise CannotJudge("The expected output holds no date to compare with.")
        found = list(dict.fromkeys(dates_in(case.output, month_first=self.month_first)))
        if not found:
            return yes_or_no(False, "The answer holds no date.")
        said = ", ".join(one.isoformat() for one in found[:5])
        return yes_or_no(expected in found, f"The answer says {said}, expected is {expected.isoformat()}.")


def dates_in(text: str, *, month_first: bool = False) -> Iterator[date]:
    """Yield the dates of a text; what cannot be one is left out."""
    for match in _DATE.finditer(text[:_MOST_CHARS]):
        try:
            yield _date(match.groupdict(), month_first=month_first)
        except ValueError:
            continue


def _date(found: dict[str, str | None], *, month_first: bool) -> date:
    given = {name: value for name, value in found.items() if value is not None}
    kind = next(iter(given))[-1]
    year = int(given[f"y{kind}"])
    if kind == "5":
        day, month = int(given["a5"]), int(given["b5"])
        return date(year, *((day, month) if month_first else (month, day)))
    month = _NUMBER_OF[given[f"n{kind}"].casefold()] if f"n{kind}" in given else int(given[f"m{kind}"])
    return date(year, month, int(given[f"d{kind}"]))
