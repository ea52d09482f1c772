"""`callboard prompts bundle`: signed copies of all published prompts, so that an application starts with the server off."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from callboard import channels, prompt_models
from callboard import settings as client_settings
from callboard.cli.main import CommandError
from callboard.cli.output import say
from callboard.http_client import HttpClient
from callboard.prompt_addresses import DEFAULT_LABEL
from callboard.prompt_disk import StoredPrompt
from callboard.prompt_entries import key_of
from callboard.prompt_fetching import Failed, PromptFetcher, Refused
from callboard.settings import Settings

if TYPE_CHECKING:
    from callboard.cli.main import Subparsers

_DESCRIPTION = (
    "Writes a signed copy of every prompt that is live under a label. Ship the directory with the application and set "
    "CALLBOARD_PROMPT_DIR to it: the application then starts with these prompts when Callboard does not answer."
)
_EPILOG = (
    "Copies are signed with the API key, so make the bundle with the key that the application runs with. "
    "Files are readable for their owner only."
)


def add_parser(subparsers: "Subparsers") -> None:
    """Add the verb."""
    parser = subparsers.add_parser(
        "bundle", help="write all published prompts into a directory", description=_DESCRIPTION, epilog=_EPILOG
    )
    parser.add_argument("--output", required=True, type=Path, metavar="DIR", help="where to write")
    parser.add_argument("--label", default=DEFAULT_LABEL, help="which versions (default: %(default)s)")
    parser.add_argument("--url", help="address of Callboard (default: CALLBOARD_URL, else http://127.0.0.1:8400)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the bundle, and say what is in it."""
    settings = client_settings.resolve({"url": arguments.url})
    # All are read before the first is written: a bundle is whole or not there.
    found = [
        (prompt_models.from_payload(item, label=arguments.label, source="disk"), item)
        for item in _fetch(settings, label=arguments.label)
    ]
    disk = channels.prompt_disk(settings, arguments.output)
    for prompt, item in found:
        if disk is not None:
            disk.write(key_of(prompt.name, arguments.label, None), StoredPrompt(item, None))
        say(f"  {prompt.name} v{prompt.version}")
    say(f"{len(found)} prompts under «{arguments.label}» are in {arguments.output}.")
    say(f"Ship that directory with the application and set CALLBOARD_PROMPT_DIR={arguments.output}.")
    return 0


def _fetch(settings: Settings, *, label: str) -> list[Mapping[str, Any]]:
    if not settings.api_key:
        raise CommandError("CALLBOARD_API_KEY is not set; make a key that may read prompts under Settings, API keys")
    fetcher = PromptFetcher(lambda: HttpClient(url=settings.url, api_key=settings.api_key, timeout=settings.timeout))
    try:
        answer = fetcher.fetch_all(label=label)
    finally:
        fetcher.close()
    if isinstance(answer, Refused):
        raise CommandError(f"the server refused the key ({answer.status}); it needs the scope prompts:read")
    if isinstance(answer, Failed):
        raise CommandError(f"no prompts from {settings.url}: {answer.reason}; nothing was written")
    if not answer:
        raise CommandError(f"no prompt is published under «{label}»; nothing was written")
    return answer
