"""Decides as whom the embedded PostgreSQL runs: it refuses to be root, and Callboard may well be root in a container.

A user namespace is tried first. In it the server has another user number, so it agrees to run, and to the rest of the
machine it stays the account that owns the data directory: no account is made, no file changes hands, and a data
directory below a private home directory works. Where namespaces are forbidden, an unprivileged account is used.
"""

from __future__ import annotations

import json
import os
import pwd
import stat
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from webapp.embedded.errors import EmbeddedServerFailed
from webapp.supervisor import launch
from webapp.supervisor.children import Identity

UNPRIVILEGED = ("callboard", "nobody")


def for_server() -> Identity | None:
    """Return the identity that the server gets, None when it can simply run as we do."""
    if os.geteuid() != 0:
        return None
    namespace = unprivileged(in_namespace=True)
    return namespace if _can_run_anything(namespace) else unprivileged(in_namespace=False)


def unprivileged(*, in_namespace: bool) -> Identity:
    """Return the first unprivileged account that this machine knows."""
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    for name in UNPRIVILEGED:
        if name in known:
            return Identity(uid=known[name].pw_uid, gid=known[name].pw_gid, in_namespace=in_namespace)
    raise EmbeddedServerFailed(
        "PostgreSQL does not run as root, and this machine has no account called callboard or nobody. Make one."
    )


def owner_of_files(identity: Identity | None) -> int:
    """Return the user number that the server's files have, seen from outside any namespace."""
    return identity.uid if identity and not identity.in_namespace else os.geteuid()


def can_reach(path: Path, identity: Identity | None) -> bool:
    """Tell whether the server can enter every directory on the way to this path."""
    if owner_of_files(identity) == os.geteuid():
        return True
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in path.absolute().parents)


def make_enterable(path: Path) -> None:
    """Make a directory that every account can enter and none but ours can read."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o711)


def as_identity(argv: list[str], identity: Identity | None) -> list[str]:
    """Return a command line that runs another one under an identity and ends with this process."""
    orders = {"parent": os.getpid(), "death_signal": 15, "identity": asdict(identity) if identity else None}
    return [sys.executable, "-I", "-S", launch.__file__, json.dumps(orders), *argv]


def _can_run_anything(identity: Identity) -> bool:
    return subprocess.run(as_identity(["/bin/true"], identity), capture_output=True, check=False).returncode == 0
