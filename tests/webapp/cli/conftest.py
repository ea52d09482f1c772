from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from webapp.cli.main import add_commands


@dataclass
class Outcome:
    """What a person at the terminal got."""

    code: int
    out: str
    err: str

    @property
    def facts(self) -> dict[str, Any]:
        return json.loads(self.out)


@pytest.fixture
def callboard(capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Run a verb of the `callboard` command."""

    def run(*words: str) -> Outcome:
        parser = argparse.ArgumentParser("callboard")
        add_commands(parser.add_subparsers(required=True))
        args = parser.parse_args(words)
        code = args.run(args)
        output = capsys.readouterr()
        return Outcome(code, output.out, output.err)

    return run
