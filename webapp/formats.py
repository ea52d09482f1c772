"""Numbers, money, durations and moments in the words people read."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.utils import timezone

Number = int | float | Decimal
NOTHING = "–"


def duration_ms(milliseconds: Number | None) -> str:
    """Return a duration such as `840 ms`, `2.1 s` or `3 min 20 s`."""
    if milliseconds is None:
        return NOTHING
    value = float(milliseconds)
    if value < 1 and value > 0:
        return f"{value:.1g} ms"
    if value < 999.5:
        return f"{value:.0f} ms"
    if value < 9_950:
        return f"{value / 1000:.1f} s"
    return duration_seconds(value / 1000)


def duration_seconds(seconds: Number | None) -> str:
    """Return a whole-second duration such as `42 s`, `3 min 20 s` or `2 h 5 min`."""
    if seconds is None:
        return NOTHING
    minutes, rest = divmod(round(float(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [
        f"{amount} {unit}" for amount, unit in ((days, "d"), (hours, "h"), (minutes, "min"), (rest, "s")) if amount
    ]
    return " ".join(parts[:2]) or "0 s"


def usd(amount: Number | None) -> str:
    """Return an amount of dollars, with two significant digits when it is below a cent; unknown prices say so."""
    if amount is None:
        return "price unknown"
    value = Decimal(str(amount))
    if value < 0:
        return "−" + usd(-value)
    if value == 0:
        return "$0"
    if value < Decimal("0.000001"):
        return "< $0.000001"
    if value < Decimal("0.01"):
        return "$" + f"{_two_digits(value):f}".rstrip("0")
    return f"${value:,.2f}" if value < 10_000 else f"${value:,.0f}"


def usd_beside(amount: Number, other: Number) -> str:
    """Return an amount of dollars with as many digits as it takes to tell it from another one; both are written alike."""
    smaller = min(Decimal(str(amount)), Decimal(str(other)))
    if not 0 < smaller < 1:
        return usd(amount)
    return f"${Decimal(str(amount)):,.{max(2, 1 - smaller.adjusted())}f}"


def _two_digits(value: Decimal) -> Decimal:
    return round(value, 1 - value.adjusted())


def count(amount: Number | None) -> str:
    """Return a count that fits a tile: `980`, `12.4k`, `3.1M`."""
    if amount is None:
        return NOTHING
    value = float(amount)
    for size, unit in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size * 0.9995:
            return f"{value / size:.3g}{unit}" if abs(value) < size * 999.5 else f"{value / size:.0f}{unit}"
    return full_count(amount)


def full_count(amount: Number | None) -> str:
    """Return a count with its thousands apart: `12,412`."""
    if amount is None:
        return NOTHING
    value = float(amount)
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"


def percent(share: Number | None) -> str:
    """Return a share of one as a percentage that keeps small values visible: `0.3%`, `12%`."""
    if share is None:
        return NOTHING
    value = float(share) * 100
    if value == 0 or abs(value) >= 9.95:
        return f"{value:.0f}%"
    return f"{value:.1f}%" if abs(value) >= 0.1 else f"{value:.2g}%"


def change(share: Number | None) -> str:
    """Return a relative change with its sign: `+12%`, `−3.4%`, `no change`."""
    if share is None:
        return NOTHING
    value = float(share)
    if abs(value) < 0.0005:
        return "no change"
    return ("+" if value > 0 else "−") + percent(abs(value))


def ago(moment: datetime, now: datetime | None = None) -> str:
    """Return how long ago a moment was, or how far ahead it lies, in the largest sensible unit."""
    seconds = ((now or timezone.now()) - moment).total_seconds()
    if -5 < seconds < 5:
        return "just now"
    text = _largest_unit(abs(seconds))
    return f"{text} ago" if seconds > 0 else f"in {text}"


def _largest_unit(seconds: float) -> str:
    for size, unit in ((86_400 * 365, "y"), (86_400 * 30, "mo"), (86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"


def moment(value: datetime) -> str:
    """Return a moment to the second, with its time zone."""
    return f"{timezone.localtime(value):%-d %b %Y, %H:%M:%S %Z}"


def short_id(identifier: object, length: int = 8) -> str:
    """Return the first characters of an identifier."""
    return str(identifier)[:length]


def initials(name: object) -> str:
    """Return one or two capital letters that stand for a person's name or address."""
    words = str(name).split("@")[0].replace(".", " ").replace("_", " ").replace("-", " ").split()
    return "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)).upper() or "?"
