"""What an experiment found, as its server tells it, with the rows that this process made."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """One answer of the task, or the error instead of it."""

    item: int
    column: str
    repetition: int
    input: Any
    expected: Any
    output: Any
    error: str
    latency_ms: float
    trace_id: str | None
    # By the name of the function: value, passed, why or error.
    scores: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


class ExperimentResult:
    """The outcome of an experiment; the column of the task is the last one, and a baseline is the first."""

    def __init__(self, report: Mapping[str, Any], rows: Sequence[Row] = ()) -> None:
        self.report = report
        self.rows = list(rows)

    def __repr__(self) -> str:
        return f"<ExperimentResult {self.report.get('name')!r} {self.state}>"

    @property
    def id(self) -> int:
        """The number of the experiment."""
        return int(self.report["id"])

    @property
    def url(self) -> str:
        """The page of the experiment."""
        return str(self.report["url"])

    @property
    def state(self) -> str:
        """running, paused, done or cancelled."""
        return str(self.report["state"])

    @property
    def is_done(self) -> bool:
        """Whether everything was answered and judged."""
        return self.state == "done"

    @property
    def column(self) -> Mapping[str, Any]:
        """All that is known of the task's column."""
        return dict(self.report["results"][-1])

    @property
    def pass_rate(self) -> float | None:
        """The share of answers that passed every check; one that failed, or could not be judged, did not pass."""
        return _number(self.column["pass_rate"])

    @property
    def verdict(self) -> str | None:
        """better, worse, same or unknown against the baseline; None without one."""
        found = self.column["verdict"]
        return None if found is None else str(found)

    @property
    def words(self) -> str:
        """The verdict as a sentence."""
        return str(self.column["words"])

    @property
    def failed_count(self) -> int:
        """How many answers failed."""
        return int(self.column["failed"])

    def mean(self, check: str) -> float | None:
        """Return the mean of a check, from 0 to 1; None when it judged nothing."""
        return _number(self.check(check)["mean"])

    def check(self, name: str) -> Mapping[str, Any]:
        """Return what a check found in the task's column; raises KeyError with the names that there are."""
        known = {str(check["name"]): check for check in self.column["checks"]}
        if name not in known:
            raise KeyError(f"no check is named {name!r}; there are: {', '.join(sorted(known)) or 'none'}")
        return dict(known[name])

    def summary(self) -> str:
        """Return a table to print: a line for each column and check, the verdict, and where to look."""
        lines: list[tuple[str, ...]] = [("", "check", "mean", "95 %", "passed", "errors", "verdict")]
        for column in self.report["results"]:
            lines += list(_lines(column))
        widths = [max(len(line[place]) for line in lines) for place in range(len(lines[0]))]
        table = [
            "  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True)).rstrip() for line in lines
        ]
        return "\n".join([str(self.report["name"]), *table, *filter(None, [self.words, self.url])])


def _lines(column: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    failed = f" ({column['failed']} failed)" if column["failed"] else ""
    yield (
        str(column["label"]), f"{column['answers']} answers{failed}", "", "", in_percent(column["pass_rate"]), "",
        str(column["verdict"] or ""),
    )  # fmt: skip
    for check in column["checks"]:
        interval = "" if check["low"] is None else f"{check['low']:.3f} to {check['high']:.3f}"
        mean = "" if check["mean"] is None else f"{check['mean']:.3f}"
        passed, errors = in_percent(check["pass_rate"]), str(check["errors"] or "")
        yield ("", str(check["name"]), mean, interval, passed, errors, str(check["verdict"] or ""))


def in_percent(share: Any) -> str:
    """Return a share as people read it; nothing for None."""
    return "" if share is None else f"{float(share) * 100:.1f} %"


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
