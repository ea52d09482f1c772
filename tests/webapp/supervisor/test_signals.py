import signal
import time

import pytest

from webapp.supervisor.signals import SECONDS_BEFORE_HURRY, StopRequested, StopSignals


@pytest.fixture
def signals():
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    signals = StopSignals()
    signals.listen()
    yield signals
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


@pytest.mark.usefixtures("signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_each_way_to_ask_for_a_stop_is_heard(number):
    with pytest.raises(StopRequested):
        signal.raise_signal(number)


@pytest.mark.usefixtures("signals")
def test_the_same_wish_said_several_ways_is_one_wish():
    with pytest.raises(StopRequested):
        signal.raise_signal(signal.SIGINT)

    signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGTERM)


def test_a_stop_that_began_by_itself_is_not_hurried_by_a_polite_signal(signals):
    signals.start_stopping()

    signal.raise_signal(signal.SIGTERM)


def test_a_ctrl_c_long_after_the_first_means_hurry_and_only_once(signals):
    signals.start_stopping()
    time.sleep(SECONDS_BEFORE_HURRY + 0.05)

    with pytest.raises(StopRequested):
        signal.raise_signal(signal.SIGINT)

    signal.raise_signal(signal.SIGINT)
