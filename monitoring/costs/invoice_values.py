"""Days and amounts as providers and spreadsheets write them; pure."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation

_MOST_CHARS = 40
_MOST_USD = 10**9
_MOST_COUNT = 10**15
_WRITTEN = ("%b %d, %Y", "%B %d, %Y", "%d %b %Y", "%d %B %Y", "%Y/%m/%d", "%Y%m%d")
_EARLIEST, _LATEST = date(2015, 1, 1), date(2100, 1, 1)


class NotAValue(ValueError):
    """This is no value of its kind."""


def day(text: str) -> date:
    """Return the day in UTC that a date, a moment or a Unix time names; one such as 03/04/2026 could be two and is none."""
    written = text.strip()[:_MOST_CHARS]
    for read in (_iso, _unix, _in_words):
        try:
            found = read(written)
        except (ValueError, OverflowError, OSError):
            continue
        if _EARLIEST <= found <= _LATEST:
            return found
    raise NotAValue


def _iso(text: str) -> date:
    moment = datetime.fromisoformat(text.removesuffix(" UTC"))
    return moment.astimezone(UTC).date() if moment.tzinfo else moment.date()


def _unix(text: str) -> date:
    if not text.isascii() or not text.replace(".", "", 1).isdigit() or len(text.partition(".")[0]) not in (10, 13):
        raise NotAValue
    seconds = float(text) / (1000 if len(text.partition(".")[0]) == 13 else 1)
    return datetime.fromtimestamp(seconds, UTC).date()


def _in_words(text: str) -> date:
    for form in _WRITTEN:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC).date()
        except ValueError:
            continue
    return _with_slashes(text)


def _with_slashes(text: str) -> date:
    """Return a date with the year at its end, when only one reading of it is a date."""
    first, second, year = (int(part) for part in text.replace(".", "/").replace("-", "/").split("/"))
    readings = {_date(year, month, of_month) for month, of_month in ((first, second), (second, first))} - {None}
    if len(readings) != 1:
        raise NotAValue
    return readings.pop() or _EARLIEST


def _date(year: int, month: int, of_month: int) -> date | None:
    try:
        return date(year, month, of_month)
    except ValueError:
        return None


def nano_usd(text: str) -> int:
    """Return an amount of dollars in billionths; «1,234.50», «1.234,50», «$3», «(2.00)» and «1e-05» are understood."""
    written = text.strip()[:_MOST_CHARS].replace("\u2212", "-").replace("\u00a0", "").replace(" ", "")
    is_negative = written.startswith("(") and written.endswith(")")
    bare = written.strip("()").replace("US$", "").replace("$", "").removesuffix("USD")
    amount = _decimal(_with_point(bare))
    # Compared and not reckoned with: 1e9999999 is too large even for its absolute value.
    if not -_MOST_USD <= amount <= _MOST_USD:
        raise NotAValue
    return int((-amount if is_negative else amount) * 1_000_000_000)


def count(text: str) -> int:
    """Return a count that is not negative; nothing written counts as none."""
    written = text.strip()[:_MOST_CHARS].replace(",", "").replace(" ", "")
    amount = _decimal(written or "0")
    if not 0 <= amount <= _MOST_COUNT:
        raise NotAValue
    return int(amount)


def _with_point(text: str) -> str:
    """Return a number with a point for its fraction and nothing between its thousands."""
    comma, point = text.rfind(","), text.rfind(".")
    if comma < 0:
        return text
    if point > comma:
        return text.replace(",", "")
    is_thousands = point < 0 and all(len(part) == 3 for part in text.split(",")[1:]) and text.lstrip("-")[0] not in "0,"
    return text.replace(",", "") if is_thousands else text.replace(".", "").replace(",", ".")


def _decimal(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise NotAValue from None
    if not text.isascii() or not amount.is_finite():
        raise NotAValue
    return amount
