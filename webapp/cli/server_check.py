"""`callboard server-check`: looks at the database, Redis, disk and secrets and says what is wrong."""

from __future__ import annotations

import argparse
from typing import Any

from webapp.cli.instance import connect
from webapp.cli.options import add_common
from webapp.cli.terminal import plainly, say


def add_parser(subparsers: Any) -> None:
    """Add the verb to the command line."""
    parser = subparsers.add_parser(
        "server-check", help="check database, durability, Redis, disk and secrets of this installation"
    )
    add_common(parser)
    parser.set_defaults(run=run)


@plainly
def run(args: argparse.Namespace) -> int:
    """Run every check; exit code 1 when one of them failed."""
    connect(args.data_dir)
    import json

    from webapp.system import checks

    findings = checks.run_all()
    has_failed = any(finding.status is checks.Status.FAILED for finding in findings)
    if args.json:
        say(
            json.dumps(
                {"ok": not has_failed, "checks": [finding.as_facts() for finding in findings]}, ensure_ascii=False
            )
        )
    else:
        for finding in findings:
            say(f"{finding.status.value:<8} {finding.name}: {finding.detail}")
    return 1 if has_failed else 0
