"""Readies an installation before its pages are served: tables, static files, keys, the first account, the demo project.

Runs as a process of its own, so the supervisor never loads Django. Prints one JSON object.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import django

FIRST_ADMIN = "admin@localhost"
STAMP = ".callboard-files"
# Of Django packages: a second reader of the API's documentation, and another version of htmx.
UNUSED_FILES = ["redoc*", "django_htmx*"]


def main() -> int:
    """Prepare everything and print what was found and made."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    django.setup()
    from webapp.cli.terminal import explain, say

    try:
        facts = prepare(with_demo="--demo" in sys.argv[1:])
    except Exception as error:
        sentence = explain(error)
        if sentence is None:
            raise
        facts = {"error": sentence}
    say(json.dumps(facts))
    return 1 if "error" in facts else 0


def prepare(*, with_demo: bool) -> dict[str, Any]:
    """Return the migrations applied, a token that signs the owner in while none ever did, and whether there is a demo."""
    from monitoring import partitions

    facts: dict[str, Any] = {"migrations": migrate()}
    partitions.ensure()
    collect_static_files()
    make_master_key()
    facts["sign_in_token"] = first_sign_in_token()
    facts["has_demo"] = with_demo and install_demo()
    return facts


def migrate() -> int:
    """Bring the tables to this version; return how many migrations that took."""
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if pending:
        call_command("migrate", interactive=False, verbosity=0)
    return len(pending)


def collect_static_files() -> None:
    """Copy scripts, styles and images to where they are served from, when they changed since the last time."""
    from django.conf import settings
    from django.core.management import call_command

    stamp = Path(settings.STATIC_ROOT) / STAMP
    wanted = _fingerprint_of_static_files()
    if stamp.exists() and stamp.read_text(encoding="ascii") == wanted:
        return
    call_command(
        "collectstatic", interactive=False, verbosity=0, clear=True, ignore_patterns=UNUSED_FILES, stdout=io.StringIO()
    )
    stamp.write_text(wanted, encoding="ascii")


def _fingerprint_of_static_files() -> str:
    from django.conf import settings
    from django.contrib.staticfiles.finders import get_finders

    digest = hashlib.sha256(settings.STORAGES["staticfiles"]["BACKEND"].encode())
    for finder in get_finders():
        for path, storage in finder.list([]):
            found = Path(storage.path(path)).stat()
            digest.update(f"{path}\x1f{found.st_size}\x1f{found.st_mtime_ns}\x1e".encode())
    return digest.hexdigest()


def make_master_key() -> None:
    """Make the key that encrypts provider keys, on first use."""
    from django.conf import settings

    from projects.secrets import create_master_key

    if not os.environ.get("CALLBOARD_MASTER_KEY"):
        create_master_key(settings.MASTER_KEY_FILE)


def first_sign_in_token() -> str | None:
    """Return a one-time token for the first owner (made when there is none), None once an owner has signed in."""
    from projects import people
    from projects.models import User

    owners = User.objects.filter(is_owner=True, is_active=True)
    if owners.exclude(last_login=None).exists():
        return None
    owner = owners.order_by("pk").first() or people.create_user(email=FIRST_ADMIN, name="Admin", is_owner=True)
    return people.sign_in_link(user=owner)


def install_demo() -> bool:
    """Make the demo project on the first start; tell whether it is there and its application holds a key."""
    from projects.models import Project
    from webapp.demo import installing

    installing.install()
    return installing.key_file().exists() and Project.objects.filter(slug=installing.SLUG, is_demo=True).exists()


if __name__ == "__main__":
    sys.exit(main())
