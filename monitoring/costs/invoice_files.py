"""Reads the CSV of a provider: what it charged per day and model, whatever it calls its columns; pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from monitoring.costs import invoice_values
from monitoring.costs.errors import InvoiceRefused
from monitoring.costs.invoice_values import NotAValue
from prompt_registry import texts

MOST_BYTES = 10 * 1024 * 1024
MOST_ROWS = 200_000
# Days times models that are kept.
MOST_LINES = 10_000
MOST_DAYS = 400
MOST_SKIPPED_NAMED = 20
_MOST_MODEL = 200
_MOST_COLUMNS = 200
# What a column of the database can hold.
_MOST_SUM = 2**63 - 1

# What the columns are called, the surest name first: OpenAI's and Anthropic's exports, then what people write.
_NAMES = {
    "day": (
        "date", "day", "usage_date", "usage_date_utc", "date_utc", "start_time_iso", "start_time", "bucket_start_time", "start_date",
        "timestamp", "time", "created_at", "billing_date", "usage_start_date",
    ),
    "model": ("model", "model_name", "model_id", "snapshot_id", "model_version", "line_item", "sku", "product", "description"),
    "amount": (
        "amount", "amount_value", "cost", "cost_usd", "amount_usd", "cost_in_usd", "total_cost", "total_cost_usd", "net_cost",
        "net_amount", "spend", "charge", "charges", "total", "usd",
    ),
    "input_tokens": ("input_tokens", "prompt_tokens", "tokens_in", "usage_input_tokens", "n_context_tokens_total", "context_tokens"),
    "output_tokens": (
        "output_tokens", "completion_tokens", "tokens_out", "usage_output_tokens", "n_generated_tokens_total", "generated_tokens",
    ),
    "currency": ("currency", "amount_currency", "cost_currency"),
}  # fmt: skip
_SEPARATORS = ",;\t"


@dataclass(slots=True)
class Billed:
    """What a provider charged for one model on one day; tokens only when the file has them."""

    nano_usd: int = 0
    input_tokens: int = 0
    output_tokens: int = 0

    @property
    def sums(self) -> tuple[int, int, int]:
        return self.nano_usd, self.input_tokens, self.output_tokens


@dataclass(frozen=True, slots=True)
class Invoice:
    """What a file says, added up by day and model, and what of it could not be read."""

    lines: dict[tuple[date, str], Billed]
    has_tokens: bool
    skipped_count: int
    # The first rows that were left out, by their line in the file, with the reason.
    skipped: list[tuple[int, str]]

    @property
    def nano_usd(self) -> int:
        return sum(billed.nano_usd for billed in self.lines.values())

    @property
    def first_day(self) -> date:
        return min(day for day, _ in self.lines)

    @property
    def last_day(self) -> date:
        return max(day for day, _ in self.lines)


def read(content: bytes) -> Invoice:
    """Return what a CSV says; InvoiceRefused with what to do about it when it says nothing that can be compared."""
    if len(content) > MOST_BYTES:
        raise InvoiceRefused(f"The file is larger than {MOST_BYTES // 2**20} MiB. Export fewer days.")
    text = _decoded(content)
    if not text.strip():
        raise InvoiceRefused("The file is empty.")
    rows = _rows(text)
    columns = _columns(next(rows, (1, []))[1])
    lines: dict[tuple[date, str], Billed] = {}
    skipped: list[tuple[int, str]] = []
    for count, (number, cells) in enumerate(rows):
        if count >= MOST_ROWS:
            raise InvoiceRefused(f"The file has more than {MOST_ROWS:,} rows. Export fewer days.")
        if not any(cell.strip() for cell in cells):
            continue
        if reason := _add(lines, columns, cells):
            skipped.append((number, reason))
        if len(lines) > MOST_LINES:
            raise InvoiceRefused(f"The file has more than {MOST_LINES:,} days and models. Export fewer days.")
    return _checked(Invoice(lines, "input_tokens" in columns, len(skipped), skipped[:MOST_SKIPPED_NAMED]))


def _checked(found: Invoice) -> Invoice:
    if not found.lines:
        why = f" Line {found.skipped[0][0]}: {found.skipped[0][1]}" if found.skipped else ""
        raise InvoiceRefused(f"No row of the file could be read.{why}")
    if (found.last_day - found.first_day).days >= MOST_DAYS:
        raise InvoiceRefused(f"The file spans more than {MOST_DAYS} days. Export fewer.")
    sums = [found.nano_usd, *(one for billed in found.lines.values() for one in billed.sums)]
    if any(abs(one) > _MOST_SUM for one in sums):
        raise InvoiceRefused(
            "The amounts or the tokens add up to more than can be kept. Are the columns the right ones?"
        )
    return found


def _decoded(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return texts.clean(content.decode("utf-16", "replace"))
    try:
        return texts.clean(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return texts.clean(content.decode("cp1252", "replace"))


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Return the rows with the line that each ends on; what comes after a broken one is not read."""
    first = text.lstrip("\n").partition("\n")[0]
    separator = max(_SEPARATORS, key=first.count)
    reader = csv.reader(io.StringIO(text.lstrip("\n")), delimiter=separator)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise InvoiceRefused(f"Line {reader.line_num} of the file is broken. Is it a CSV?") from error
        yield reader.line_num, cells


def _columns(header: Sequence[str]) -> dict[str, int]:
    """Return where each kind of value stands."""
    names = [_plain(cell) for cell in header[:_MOST_COLUMNS]]
    found = {}
    for kind, known in _NAMES.items():
        place = next((names.index(name) for name in known if name in names), None)
        if place is not None:
            found[kind] = place
    missing = [
        word
        for kind, word in (("day", "the date"), ("model", "the model"), ("amount", "the amount"))
        if kind not in found
    ]
    if missing:
        seen = ", ".join(cell.strip()[:40] for cell in header[:12] if cell.strip()) or "nothing"
        raise InvoiceRefused(f"No column for {' and '.join(missing)} was found. The first line has: {seen}.")
    return found


def _plain(name: str) -> str:
    """Return the name of a column in small letters with underscores: «Cost (USD)» becomes cost_usd."""
    letters = "".join(letter if letter.isalnum() else " " for letter in name[:80].lower())
    return "_".join(letters.split())


def _add(lines: dict[tuple[date, str], Billed], columns: dict[str, int], cells: Sequence[str]) -> str:
    """Add a row to what its day and model cost; return why it cannot be, or nothing."""

    def cell(kind: str) -> str:
        place = columns.get(kind)
        return cells[place] if place is not None and place < len(cells) else ""

    currency = cell("currency").strip().lower()
    if currency not in ("", "usd", "us$", "$"):
        return f"The amount is in {currency[:8].upper()}; only dollars can be compared."
    try:
        day = invoice_values.day(cell("day"))
    except NotAValue:
        return "The date cannot be read for certain. Write it like 2026-11-30."
    try:
        amount = invoice_values.nano_usd(cell("amount"))
        sent, answered = (invoice_values.count(cell(kind)) for kind in ("input_tokens", "output_tokens"))
    except NotAValue:
        return "The amount or the tokens are no number."
    # «gpt-4o-2024-08-06, cached input» is a line of its own on OpenAI's invoices.
    model = cell("model").partition(",")[0].strip()[:_MOST_MODEL]
    billed = lines.setdefault((day, model), Billed())
    billed.nano_usd += amount
    billed.input_tokens += sent
    billed.output_tokens += answered
    return ""
