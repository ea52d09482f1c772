"""Notices that this process is a fork of another, also when the fork was made in C and Python was not told."""

import os
from collections.abc import Callable

pid = os.getpid()
_hooks: list[Callable[[], object]] = []


def in_child(hook: Callable[[], object]) -> None:
    """Call the hook in every forked child from now on."""
    _hooks.append(hook)


def begin_anew() -> None:
    """Run the hooks, once in each child."""
    global pid
    if pid == os.getpid():
        return
    pid = os.getpid()
    for hook in _hooks:
        hook()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=begin_anew)
