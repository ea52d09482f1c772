"""The formats that can be imported, and which one a file is in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from prompt_registry.errors import ImportRefused
from prompt_registry.imports import (
    csv_rows,
    humanloop,
    json_values,
    langfuse,
    langsmith,
    markdown_files,
    openai_json,
    promptfoo,
    promptlayer,
    yaml_values,
)
from prompt_registry.imports.values import MAX_PROMPTS, Reading, SourceFile

_NOTHING = "No prompt was found in this file. Choose the tool that it comes from, or upload another file."


@dataclass(frozen=True, slots=True)
class Format:
    """One way in which prompts are written down: its name, what to upload, and how it is told and read."""

    key: str
    label: str
    hint: str
    fits: Callable[[SourceFile, Any], bool]
    read: Callable[[Sequence[SourceFile]], Reading]


# In the order in which they are tried: the ones with the clearest marks first.
FORMATS: dict[str, Format] = {
    one.key: one
    for one in (
        Format("promptlayer", "PromptLayer", "JSON of its templates", promptlayer.fits, promptlayer.read),
        Format("langsmith", "LangSmith or LangChain", "the JSON manifest of a prompt", langsmith.fits, langsmith.read),
        Format("langfuse", "Langfuse", "JSON of its prompts", langfuse.fits, langfuse.read),
        Format("openai", "OpenAI requests", "JSON with «messages», or JSON Lines", openai_json.fits, openai_json.read),
        Format("promptfoo", "promptfoo", "promptfooconfig.yaml", promptfoo.fits, promptfoo.read),
        Format("humanloop", "Humanloop", ".prompt files", humanloop.fits, humanloop.read),
        Format("csv", "A table", "CSV with the columns name and text", csv_rows.fits, csv_rows.read),
        Format("markdown", "Markdown or plain text", "files of Callboard, or any text", markdown_files.fits, markdown_files.read),
    )
}  # fmt: skip
_IN_JSON = ("promptlayer", "langsmith", "langfuse", "openai")


def guess(files: Sequence[SourceFile]) -> str:
    """Return the key of the format that the first file looks like."""
    if not files:
        return "markdown"
    file = files[0]
    document = _values(file)
    if document is None:
        keys = ["humanloop", "csv", "markdown"]
        document = file.text
    else:
        keys = [*_IN_JSON, "promptfoo"]
    return next((key for key in keys if FORMATS[key].fits(file, document)), "markdown")


def read(files: Sequence[SourceFile], key: str) -> Reading:
    """Return everything that the files hold, read as this format, or raise ImportRefused."""
    reading = FORMATS[key].read(files) if key in FORMATS else Reading()
    if not reading.prompts:
        raise ImportRefused(" ".join(reading.remarks[:3]) or _NOTHING)
    if len(reading.prompts) > MAX_PROMPTS:
        raise ImportRefused(f"This holds more than {MAX_PROMPTS:,} prompts or versions. Import it in parts.")
    return reading


def _values(file: SourceFile) -> Any:
    """Return the JSON or YAML in a file, or None when it is text."""
    begins = file.text.lstrip("\ufeff \t\r\n")[:1]
    try:
        if begins in ("{", "["):
            return json_values.rows(file.text)
        if file.name.lower().endswith((".yaml", ".yml")) or file.text.lstrip().startswith("prompts:"):
            return yaml_values.parse(file.text)
    except ImportRefused:
        return None
    return None
