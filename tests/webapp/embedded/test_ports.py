import socket

import pytest

from webapp.embedded import ports
from webapp.supervisor.errors import StartError


@pytest.fixture
def taken():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_port_in_use_is_passed_over(taken):
    assert ports.first_free("127.0.0.1", taken) > taken


def test_a_free_port_is_taken_as_it_is():
    port = ports.any_free()

    assert ports.first_free("127.0.0.1", port) == port


def test_when_every_port_is_in_use_the_message_says_what_to_do(taken):
    with pytest.raises(
        StartError, match=f"Ports {taken} to {taken} of 127.0.0.1 are all in use. Choose another one with --port."
    ):
        ports.first_free("127.0.0.1", taken, tries=1)


def test_an_address_of_another_machine_is_refused():
    with pytest.raises(
        StartError, match=r"Callboard cannot listen on 192.0.2.1: .* Choose another address with --host."
    ):
        ports.first_free("192.0.2.1", 8400)
