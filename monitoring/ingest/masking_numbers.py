"""Finds payment cards, bank accounts and phone numbers in a text; time grows with the length of the text alone."""

from __future__ import annotations

import re
from collections.abc import Iterator

Span = tuple[int, int]

_NBSP = "\u00a0\u2007\u202f"
_DASHES = "\\-\u2010\u2011\u2013"

# Payment cards

_CARD_GROUPS = re.compile(f"[0-9](?:[ {_NBSP}{_DASHES}]?[0-9]){{12,}}")
_DIGITS = re.compile("[0-9]+")
# Ranges and lengths of the card networks; no card starts with 1, 7 or 0, as times in milliseconds and many order numbers do.
_NETWORKS = re.compile(
    r"4(?:[0-9]{12}|[0-9]{15}|[0-9]{18})|5[1-5][0-9]{14}|(?:222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}"
    r"|3[47][0-9]{13}|3[0689][0-9]{12,17}|35[0-9]{14,17}|(?:6[0-9]|5[0678])[0-9]{11,17}|8[12][0-9]{14,17}|9792[0-9]{12}"
)
_LONGEST_CARD = 19
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def is_card(digits: str) -> bool:
    """Tell whether the digits are the number of a payment card: length, network and check digit (Luhn)."""
    if not _NETWORKS.fullmatch(digits):
        return False
    numbers = [ord(digit) - 48 for digit in reversed(digits)]
    return (sum(numbers[::2]) + sum([_DOUBLED[number] for number in numbers[1::2]])) % 10 == 0


def find_cards(text: str) -> Iterator[Span]:
    """Yield where payment cards stand, written in one piece or in groups."""
    for run in _CARD_GROUPS.finditer(text):
        # The tail of a decimal number, as embeddings are full of, is no card.
        before = text[max(0, run.start() - 2) : run.start()]
        is_fraction = before[1:] == "." and before[0].isdigit()
        groups = [group.span() for group in _DIGITS.finditer(text, run.start(), run.end())]
        yield from _cards_of_groups(text, groups[1:] if is_fraction else groups)


def _cards_of_groups(text: str, groups: list[Span]) -> Iterator[Span]:
    first = 0
    while first < len(groups):
        last = _last_of_card(text, groups, first)
        if last is None:
            first += 1
        else:
            yield groups[first][0], groups[last][1]
            first = last + 1


def _last_of_card(text: str, groups: list[Span], first: int) -> int | None:
    """Return the last group of the longest card that starts with the group `first`."""
    if groups[first][1] - groups[first][0] == 1:
        return None
    digits, found = "", None
    for number in range(first, len(groups)):
        digits += text[slice(*groups[number])]
        if len(digits) > _LONGEST_CARD:
            break
        if is_card(digits):
            found = number
    return found


# Bank accounts (IBAN): n digits, a capital letters, c both, as the registry of SWIFT has them.

_ACCOUNTS = {
    "AD": "8n12c", "AE": "19n", "AL": "8n16c", "AT": "16n", "AZ": "4a20c", "BA": "16n", "BE": "12n", "BG": "4a6n8c",
    "BH": "4a14c", "BR": "23n1a1c", "BY": "4c4n16c", "CH": "5n12c", "CR": "18n", "CY": "8n16c", "CZ": "20n", "DE": "18n",
    "DK": "14n", "DO": "4c20n", "EE": "16n", "EG": "25n", "ES": "20n", "FI": "14n", "FO": "14n", "FR": "10n11c2n",
    "GB": "4a14n", "GE": "2a16n", "GI": "4a15c", "GL": "14n", "GR": "7n16c", "GT": "4c20c", "HR": "17n", "HU": "24n",
    "IE": "4a14n", "IL": "19n", "IQ": "4a15n", "IS": "22n", "IT": "1a10n12c", "JO": "4a4n18c", "KW": "4a22c", "KZ": "3n13c",
    "LB": "4n20c", "LC": "4a24c", "LI": "5n12c", "LT": "16n", "LU": "3n13c", "LV": "4a13c", "LY": "21n", "MC": "10n11c2n",
    "MD": "2c18c", "ME": "18n", "MK": "3n10c2n", "MR": "23n", "MT": "4a5n18c", "MU": "4a19n3a", "NL": "4a10n", "NO": "11n",
    "PK": "4a16c", "PL": "24n", "PS": "4a21c", "PT": "21n", "QA": "4a21c", "RO": "4a16c", "RS": "18n", "SA": "2n18c",
    "SC": "4a20n3a", "SE": "20n", "SI": "15n", "SK": "20n", "SM": "1a10n12c", "ST": "21n", "SV": "4a20n", "TL": "19n",
    "TN": "20n", "TR": "5n1n16c", "UA": "6n19c", "VA": "18n", "VG": "4a16n", "XK": "16n",
}  # fmt: skip
_CLASSES = {"n": "[0-9]", "a": "[A-Z]", "c": "[A-Z0-9]"}
_LENGTHS = {country: 4 + sum(map(int, re.findall("[0-9]+", shape))) for country, shape in _ACCOUNTS.items()}
_SHAPES = {
    country: re.compile("".join(f"{_CLASSES[kind]}{{{count}}}" for count, kind in re.findall("([0-9]+)([nac])", shape)))
    for country, shape in _ACCOUNTS.items()
}
_ACCOUNT_START = re.compile(f"[A-Za-z]{{2}}(?=[0-9]{{2}}[ {_NBSP}{_DASHES}]?[A-Za-z0-9])")
_ACCOUNT_GAPS = frozenset(" -\u2010\u2011\u2013" + _NBSP)


def is_iban(account: str) -> bool:
    """Tell whether capital letters and digits are an IBAN: country, shape and check digits (mod 97)."""
    country = account[:2]
    if len(account) != _LENGTHS.get(country) or not _SHAPES[country].fullmatch(account[4:]):
        return False
    return int("".join([str(int(sign, 36)) for sign in account[4:] + account[:4]])) % 97 == 1


def find_ibans(text: str) -> Iterator[Span]:
    """Yield where bank accounts stand, written in one piece or in groups."""
    done = 0
    for start in _ACCOUNT_START.finditer(text):
        length = _LENGTHS.get(start.group().upper())
        if length is None or start.start() < done:
            continue
        account, end = _signs(text, start.start(), length)
        if is_iban(account.upper()):
            done = end
            yield start.start(), end


def _signs(text: str, start: int, count: int) -> tuple[str, int]:
    """Return the next letters and digits and where they end; single gaps between them are left out."""
    found: list[str] = []
    place = start
    while place < len(text) and len(found) < count:
        sign = text[place]
        if sign.isascii() and sign.isalnum():
            found.append(sign)
        elif sign not in _ACCOUNT_GAPS or text[place - 1] in _ACCOUNT_GAPS:
            break
        place += 1
    return "".join(found), place


# Phone numbers

_GAP = f"[ {_NBSP}().{_DASHES}/]"
# Where digits stand so close that they may be a phone number; the shapes below are looked for only there.
_PHONE_AREA = re.compile(rf"[+(0-9](?:{_GAP}{{0,3}}[0-9]){{6,}}")
# Not inside a longer number, an identifier, a decimal, a time of day or after a number sign.
_ALONE = rf"(?<![0-9#])(?<![0-9A-Za-z][.,/_{_DASHES}])(?<![0-9]:)"
_NO_MORE = rf"(?!{_GAP}?[0-9])(?![_{_DASHES}][A-Za-z])"
_PHONES = (
    re.compile(rf"\+ ?[1-9](?:{_GAP}{{0,3}}[0-9]){{7,14}}(?![0-9])"),
    re.compile(rf"{_ALONE}(?<![0-9][ {_NBSP}])00[ {_NBSP}]?[1-9](?:{_GAP}{{0,3}}[0-9]){{8,13}}{_NO_MORE}"),
    # North America: (415) 555-2671, 415-555-2671, 415.555.2671
    re.compile(
        rf"{_ALONE}(?:1[ .{_DASHES}])?(?:\([2-9][0-9]{{2}}\) ?[2-9][0-9]{{2}}[ .{_DASHES}]"
        rf"|[2-9][0-9]{{2}}([.{_DASHES}])[2-9][0-9]{{2}}\1)[0-9]{{4}}{_NO_MORE}"
    ),
    # Europe and elsewhere, with the leading zero of the country: 030 1234567, (0151) 123-45678, 06 12 34 56 78
    re.compile(rf"{_ALONE}\(?0[1-9][0-9]{{0,4}}\)?[ {_NBSP}/{_DASHES}]{{1,3}}[0-9](?:[ {_NBSP}/{_DASHES}]?[0-9]){{4,9}}{_NO_MORE}"),
    re.compile(rf"{_ALONE}0[1-9](?:\.[0-9]{{2}}){{4}}{_NO_MORE}"),
    # Mobile numbers in one piece: Germany, United Kingdom
    re.compile(rf"{_ALONE}(?:01[5-7][0-9]{{8,9}}|07[1-9][0-9]{{8}}){_NO_MORE}"),
)  # fmt: skip
_PHONE_WORD = re.compile(
    r"(?:tel|tel\.|telefon|telephone|phone|mobile|mobil|handy|cell|whatsapp|fax|sms|(?:ruf|telefon|handy)nummer)"
    r"[^\w\n]{0,4}(?:(?:no|nr|number|nummer|is|ist|at|on)\b[^\w\n]{0,3}){0,2}\Z",
    re.IGNORECASE,
)
_DATE = re.compile(
    rf"\(?[0-9]{{1,2}}([ ./{_DASHES}])[0-9]{{1,2}}\1(?:19|20)[0-9]{{2}}(?![0-9])|0?[0-9]{{1,2}}[./{_DASHES}](?:19|20)[0-9]{{2}}(?![0-9])"
    rf"|(?:19|20)[0-9]{{2}}([./{_DASHES}])[0-9]{{1,2}}\2[0-9]{{1,2}}(?![0-9])"
)
_THOUSANDS = re.compile(r"\+ ?[0-9]{1,3}(?:\.[0-9]{3})+\Z")
_DECIMAL = re.compile(r"\+ ?(?:[0-9]{4,}\.[0-9]+|[0-9]{1,3}\.[0-9]{1,5})\Z")
_LONGEST_WORD = 40


def find_phones(text: str) -> Iterator[Span]:
    """Yield where phone numbers stand: international ones, common national ones, and digits after a word like «phone»."""
    for area in _PHONE_AREA.finditer(text):
        if span := _after_a_word(text, area.start(), area.end()):
            yield span
            continue
        for shape in _PHONES:
            for match in shape.finditer(text, area.start(), area.end() + 2):
                if _is_phone(match.group()):
                    yield match.span()


def is_phone_alone(text: str) -> bool:
    """Tell whether a whole value may be a phone number, when its name says so."""
    return (
        bool(_PHONE_AREA.fullmatch(text.strip())) and 7 <= _count_digits(text) <= 15 and not _DATE.match(text.strip())
    )


def _after_a_word(text: str, start: int, end: int) -> Span | None:
    if not _PHONE_WORD.search(text, max(0, start - _LONGEST_WORD), start):
        return None
    found = text[start:end]
    return (start, end) if 7 <= _count_digits(found) <= 15 and not _DATE.match(found) else None


def _is_phone(found: str) -> bool:
    digits = _count_digits(found)
    if found.startswith("+"):
        is_written_apart = len(found) > digits + 1
        return digits >= (8 if is_written_apart else 10) and not _THOUSANDS.match(found) and not _DECIMAL.match(found)
    if found.startswith("00"):
        return len(found) > digits or (digits >= 12 and found[2] != "1")
    return 9 <= digits <= 12 and not _DATE.match(found)


def _count_digits(text: str) -> int:
    return sum([sign.isdigit() for sign in text])
