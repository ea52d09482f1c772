"""`callboard prices update` and `callboard prices show`."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from webapp.cli.instance import connect
from webapp.cli.options import add_common
from webapp.cli.terminal import answer, plainly, say
from webapp.supervisor.errors import StartError

MAX_BYTES = 4 * 1024 * 1024


class PriceFileUnusable(StartError):
    """This file is no price list."""


class NotConfirmed(StartError):
    """Nothing was changed. Run it again with --yes to use the new prices."""


def add_parser(subparsers: Any) -> None:
    """Add the verbs to the command line."""
    verbs = subparsers.add_parser("prices", help="what models cost").add_subparsers(required=True, metavar="VERB")
    show = verbs.add_parser("show", help="print the price list in use, in the form of its file")
    add_common(show)
    show.set_defaults(run=run_show)
    update = verbs.add_parser("update", help="use the price list of a file, after showing what it changes")
    update.add_argument("file", metavar="FILE", help="JSON in the form that `callboard prices show` prints")
    update.add_argument("--yes", action="store_true", help="do not ask")
    update.add_argument("--dry-run", action="store_true", help="only show what would change")
    add_common(update)
    update.set_defaults(run=run_update)


@plainly
def run_show(args: argparse.Namespace) -> int:
    """Print the price list in use."""
    connect(args.data_dir)
    from prompt_registry.prices import books, snapshot

    rows = [snapshot.to_json(price) for price in books.listed()]
    say(json.dumps({"unit": "US dollars per million tokens", "prices": rows}, ensure_ascii=False, indent=2))
    return 0


@plainly
def run_update(args: argparse.Namespace) -> int:
    """Use the price list of a file."""
    document = _document(Path(args.file))
    connect(args.data_dir)
    from prompt_registry.errors import PromptRegistryError
    from prompt_registry.prices import books, changes, snapshot

    try:
        prices = snapshot.read(document)
        found = changes.differences(before=books.listed(), after=prices)
        if found and not args.dry_run:
            _confirm(args, [item.sentence for item in found])
            changes.load_list(prices=prices, source=Path(args.file).name)
    except PromptRegistryError as error:
        raise PriceFileUnusable(str(error)) from error
    return _answered(args, [item.sentence for item in found])


def _answered(args: argparse.Namespace, sentences: list[str]) -> int:
    is_used = bool(sentences) and not args.dry_run
    if not sentences:
        text = "The file says what is in use already. Nothing was changed."
    elif args.dry_run:
        text = "\n".join([*sentences, f"{len(sentences)} differences. Nothing was changed."])
    else:
        text = (
            f"{len(sentences)} prices are new, changed or gone. New calls are counted with them within "
            "20 seconds; for past calls use Settings → Prices → Count past calls again."
        )
    return answer(args, {"is_used": is_used, "differences": sentences}, text=text)


def _confirm(args: argparse.Namespace, sentences: list[str]) -> None:
    if args.yes:
        return
    if args.json or not sys.stdin.isatty():
        raise NotConfirmed
    for sentence in sentences:
        say(sentence)
    if input(f"Use these {len(sentences)} differences? [y/N] ").strip().lower() not in ("y", "yes"):
        raise NotConfirmed


def _document(path: Path) -> Any:
    if path.stat().st_size > MAX_BYTES:
        raise PriceFileUnusable("The file is larger than 4 MiB; a price list never is.")
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise PriceFileUnusable(
            "The file is no JSON. Take the output of `callboard prices show` as a pattern."
        ) from error
