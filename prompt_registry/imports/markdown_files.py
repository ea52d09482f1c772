"""Prompts out of Callboard's own files, and out of plain text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from prompt_registry.errors import FileNotReadable
from prompt_registry.imports.values import FoundPrompt, Reading, SourceFile
from prompt_registry.prompt_files import markdown


def fits(file: SourceFile, document: Any) -> bool:
    """Tell whether this is text, which every file is that is nothing else."""
    return True


def read(files: Sequence[SourceFile]) -> Reading:
    """Return the prompt of each file; one that cannot be read is named and leaves the others alone."""
    found = Reading()
    for file in files:
        try:
            document = markdown.read(file.text, name=file.prompt_name)
        except FileNotReadable as error:
            found.remarks.append(f"{file.name}: {error}")
        else:
            found.prompts.append(FoundPrompt(document["name"], document, note=document["note"]))
    return found
