"""What the commands write: lines of text or JSON on stdout, complaints on stderr."""

import json
import sys
from typing import Any


def say(text: str = "") -> None:
    """Write one line."""
    sys.stdout.write(f"{text}\n")


def say_json(value: Any) -> None:
    """Write a value as JSON for another program."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n")


def say_error(text: str) -> None:
    """Write one line of complaint."""
    sys.stderr.write(f"callboard: {text}\n")
