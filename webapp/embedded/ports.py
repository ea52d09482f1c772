"""Finds free TCP ports on this machine."""

from __future__ import annotations

import socket

from webapp.supervisor.errors import StartError


def is_free(host: str, port: int) -> bool:
    """Tell whether a server could listen there now."""
    with socket.socket(_family(host), socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def any_free(host: str = "127.0.0.1") -> int:
    """Return a port that the operating system picks."""
    with socket.socket(_family(host), socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
    return port


def first_free(host: str, port: int, *, tries: int = 50) -> int:
    """Return the first free port from this one upwards."""
    _require_own_address(host)
    for candidate in range(port, min(port + tries, 65_536)):
        if is_free(host, candidate):
            return candidate
    raise StartError(f"Ports {port} to {port + tries - 1} of {host} are all in use. Choose another one with --port.")


def _require_own_address(host: str) -> None:
    try:
        any_free(host)
    except OSError as error:
        raise StartError(
            f"Callboard cannot listen on {host}: {error.strerror or error}. Choose another address with --host."
        ) from error


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
