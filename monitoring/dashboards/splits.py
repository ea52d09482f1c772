"""What a chart can be cut by, and where each cut is known."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Split:
    """One way to tell calls apart; `columns` make the name of a part, as far as rows carry them.

    `is_counted` says that the counters are kept apart by it, `is_found` that findings by the hour are.
    """

    name: str
    words: str
    # What a call without it is called.
    nothing: str = ""
    columns: tuple[str, ...] = ()
    is_counted: bool = False
    is_found: bool = False
    key_words: str = ""


NONE = Split("", "Nothing: all calls together", is_counted=True, is_found=True)
_ALL = (
    NONE,
    Split("prompt", "Prompt", "No prompt", ("prompt_name",), is_counted=True, is_found=True),
    Split("version", "Prompt version", "No prompt", ("prompt_name", "prompt_version"), is_counted=True, is_found=True),
    Split("label", "Label (where it was published)", "", ("prompt_name", "prompt_version"), is_counted=True, is_found=True),
    Split("arm", "Side of a rollout", "No rollout", ("arm",), is_counted=True),
    Split("model", "Model", "Unknown model", ("model",), is_counted=True, is_found=True),
    Split("environment", "Environment", "No environment", ("environment",), is_counted=True, is_found=True),
    Split("release", "Release", "No release", ("release",)),
    Split("service", "App", "No app", ("service",)),
    Split("segment", "New and known users", "No user"),
    Split("metadata", "Metadata (such as the plan of a user)", "Without it", key_words="the key"),
)  # fmt: skip
SPLITS: dict[str, Split] = {split.name: split for split in _ALL}
ARMS = {1: "control", 2: "candidate"}


def part_name(split: Split, values: tuple[object, ...]) -> str:
    """Return the name of a part from the values of its columns; nothing for calls without it."""
    if split.name == "arm":
        return ARMS.get(int(str(values[0])), "")
    if split.name in ("version", "label"):
        name, number = values
        return f"{name} v{number}" if name and number else str(name)
    return str(values[0]) if values else ""


def part_sql(split: Split, row: str) -> str:
    """Return the SQL for the same name, of a row that carries the columns; it has no values."""
    match split.name:
        case "":
            return "''"
        case "arm":
            return f"CASE {row}.arm WHEN 1 THEN 'control' WHEN 2 THEN 'candidate' ELSE '' END"
        case "version" | "label":
            return (
                f"{row}.prompt_name || CASE WHEN {row}.prompt_name <> '' AND {row}.prompt_version <> 0 "
                f"THEN ' v' || {row}.prompt_version ELSE '' END"
            )
        case _:
            return f"{row}.{split.columns[0]}"
