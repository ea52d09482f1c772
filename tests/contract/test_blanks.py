"""Blanks are found at the same places here and in the browser, and pasted prompts are read as people mean them.

The browser's half of the pills is in tests/browser/test_prompt_text.py.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from prompt_registry import pasting, rendering

CASES = json.loads(Path(__file__).with_name("blanks.json").read_text(encoding="utf-8"))


def _utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


@pytest.mark.parametrize("case", CASES["pills"], ids=lambda case: repr(case["text"]))
def test_the_blanks_of_a_text_are_where_they_are(case):
    found = [
        [match[1], _utf16(case["text"][: match.start()]), _utf16(case["text"][: match.end()])]
        for match in rendering.VARIABLE.finditer(case["text"])
    ]

    assert found == case["pills"]


@pytest.mark.parametrize("case", CASES["pasted"], ids=lambda case: repr(case["text"]))
def test_a_pasted_prompt_shows_what_may_be_blanks(case):
    found = [[one.written, one.name, one.count, one.is_likely] for one in pasting.look(case["text"]).candidates]

    assert found == case["found"]


@pytest.mark.parametrize("case", CASES["pasted"], ids=lambda case: repr(case["text"]))
def test_what_is_likely_becomes_blanks_and_the_rest_stays(case):
    pasted = pasting.look(case["text"])
    names = {one.written: one.name for one in pasted.candidates if one.is_likely}

    assert pasting.convert(pasted, names, halves_braces=pasted.doubles_braces) == case["converted"]
