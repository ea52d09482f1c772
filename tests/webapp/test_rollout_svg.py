"""The picture of a range of multiples stays within its frame, wherever the range lies."""

from __future__ import annotations

import math
import re

from hypothesis import given
from hypothesis import strategies as st

from webapp import rollout_svg

RATIOS = st.floats(min_value=0, max_value=1e9) | st.just(math.inf)
RANGE = re.compile(r'<rect class="band-range([^"]*)" x="([0-9.]+)" y="8" width="([0-9.]+)"')


@given(RATIOS, RATIOS)
def test_a_range_is_always_seen_within_the_frame(one, other):
    low, high = sorted([one, other])

    found = RANGE.search(str(rollout_svg.band(low=low, high=high, limit=1.5)))

    assert found is not None
    x, width = float(found[2]), float(found[3])
    assert width >= 4
    assert 0 <= x <= x + width <= 240.05


def test_a_range_beyond_the_limit_is_drawn_as_one():
    found = RANGE.search(str(rollout_svg.band(low=9, high=40, limit=1.5)))

    assert found is not None
    assert found[1] == " band-over"
