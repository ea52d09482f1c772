"""The words beside the numbers of a rollout can be read by people."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest

from webapp.pages.rollouts_view import Tile


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (0.0, "1.0 of 20"), (math.log(20), "20.0 of 20"), (math.log(999.9), "999.9 of 20"), (33.6, "Over 1,000 of 20"),
        (math.inf, "Over 1,000 of 20"),
    ],
)  # fmt: skip
def test_evidence_is_a_number_until_nobody_reads_it_as_one(harm, words):
    tile = Tile(None, None, None, 0.0, math.inf, SimpleNamespace(harm=harm))

    assert tile.evidence_words == words
