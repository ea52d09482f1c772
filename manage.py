"""Django's own commands, on the database of the Callboard that runs here unless DATABASE_URL says otherwise."""

from __future__ import annotations

import os
import sys

from django.core.management import execute_from_command_line

from webapp.cli.instance import adopt


def main() -> None:
    """Run the command in the arguments."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    adopt()
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
