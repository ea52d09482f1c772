"""What a number rests on."""

from __future__ import annotations

import pytest

from monitoring.dashboards import tallies
from monitoring.dashboards.measures import MEASURES
from monitoring.dashboards.tallies import Tally


@pytest.mark.parametrize(("measure", "basis"), [("call_cost", 175), ("cost", 177), ("calls", 177)])
def test_a_mean_rests_on_the_calls_whose_amount_is_known(measure, basis):
    tally = Tally(count=177, amount=0.02, unknown=2)

    assert tallies.basis(MEASURES[measure], tally) == basis
