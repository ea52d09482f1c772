"""Turns itself into one child program that has its own session and ends with its parent.

Run as a script, `python -I -S launch.py ORDERS PROGRAM [ARGUMENT...]`: it imports nothing of Callboard, so a child
costs a few milliseconds, and nothing risky happens between fork and exec of a large process.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1
CLONE_NEWUSER = 0x10000000


def main() -> None:
    """Follow the orders in the first argument, then become the program in the others."""
    orders = json.loads(sys.argv[1])
    os.setsid()
    os.umask(0o077)
    if orders["identity"]:
        become(**orders["identity"])
    end_with_parent(parent=orders["parent"], signal_number=orders["death_signal"])
    try:
        os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606 - becoming the program is the purpose
    except OSError as error:
        sys.exit(f"{sys.argv[2]} cannot be started: {error.strerror}.")


def become(*, uid: int, gid: int, in_namespace: bool) -> None:
    """Give up being root: by another name for the same account (a user namespace), or as another account."""
    if in_namespace:
        _enter_user_namespace(uid=uid, gid=gid)
        return
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def _enter_user_namespace(*, uid: int, gid: int) -> None:
    outer_uid, outer_gid = os.geteuid(), os.getegid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER) != 0:
        sys.exit(f"A user namespace cannot be made: {os.strerror(ctypes.get_errno())}.")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/gid_map").write_text(f"{gid} {outer_gid} 1")
    Path("/proc/self/uid_map").write_text(f"{uid} {outer_uid} 1")


def end_with_parent(*, parent: int, signal_number: int) -> None:
    """Have the kernel send the signal when the parent dies, however it dies (Linux only)."""
    if not sys.platform.startswith("linux"):
        return
    # Set after any change of account: the kernel forgets the order when credentials change.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(1)  # the parent died before the order was in place


if __name__ == "__main__":
    main()
