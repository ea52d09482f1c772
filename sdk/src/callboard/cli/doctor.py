"""`callboard doctor`: can this machine talk to Callboard, and with which rights?"""

import argparse
import dataclasses
import datetime
import json
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from callboard import settings as client_settings
from callboard.cli.output import say, say_json
from callboard.errors import Unreachable
from callboard.feedback_tokens import parse_api_key
from callboard.settings import Settings

if TYPE_CHECKING:
    from callboard.cli.main import Subparsers
    from callboard.http_client import Answer

_SCOPES: Final = {
    "ingest": "record traces",
    "prompts:read": "fetch prompts",
    "feedback:write": "send feedback",
}
_LARGEST_CLOCK_DIFFERENCE: Final = 5.0


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check."""

    check: str
    state: Literal["ok", "warning", "failed"]
    text: str


def add_parser(subparsers: "Subparsers") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "doctor",
        help="check address, API key, rights and clock",
        description="Checks whether this machine can talk to Callboard, with which rights, and what is wrong if not.",
        epilog="Reads CALLBOARD_URL, CALLBOARD_API_KEY and the other settings. Exit status 0: all is well, 1: it is not.",
    )
    parser.add_argument("--url", help="address of Callboard (default: CALLBOARD_URL, else http://127.0.0.1:8400)")
    parser.add_argument("--timeout", type=float, default=5.0, help="seconds to wait for an answer (default: 5)")
    parser.add_argument("--json", action="store_true", help="write the findings as JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Make all checks, show what they found, and return 1 when something failed."""
    settings = client_settings.resolve({"url": arguments.url, "timeout": arguments.timeout})
    findings = list(_checks(settings))
    has_failed = any(finding.state == "failed" for finding in findings)
    if arguments.json:
        say_json({"ok": not has_failed, "findings": [dataclasses.asdict(finding) for finding in findings]})
    else:
        for finding in findings:
            say(f"{finding.state:>8}  {finding.check}: {finding.text}")
    return 1 if has_failed else 0


def _checks(settings: Settings) -> Iterator[Finding]:
    yield Finding("address", "ok", settings.url)
    yield _check_key(settings)
    if not settings.enabled:
        yield Finding("recording", "warning", "switched off by CALLBOARD_ENABLED")
    yield from _check_server(settings)
    yield _check_prompt_dir(settings.prompt_dir)
    if settings.spool_dir is not None:
        yield _check_spool_dir(settings.spool_dir)


def _check_key(settings: Settings) -> Finding:
    if not settings.api_key:
        return Finding("key", "failed", "CALLBOARD_API_KEY is not set; make a key under Settings, API keys")
    key = parse_api_key(settings.api_key)
    if key is None:
        return Finding("key", "failed", "CALLBOARD_API_KEY is incomplete or mistyped (its checksum does not fit)")
    return Finding("key", "ok", f"key {key.id}")


def _check_server(settings: Settings) -> Iterator[Finding]:
    from callboard.http_client import HttpClient  # brings in the network modules

    client = HttpClient(url=settings.url, api_key=settings.api_key, timeout=settings.timeout)
    began, began_at = time.monotonic(), time.time()
    try:
        answer = client.request("GET", "/api/v1/me")
    except Unreachable as error:
        yield Finding(
            "server", "failed", f"no answer from {settings.url} ({error}); is it running, is the address right?"
        )
        return
    finally:
        client.close()
    seconds = time.monotonic() - began
    yield Finding("server", "ok", f"answered in {seconds * 1000:.0f} ms")
    yield from _check_rights(answer, halfway=began_at + seconds / 2)


def _check_rights(answer: "Answer", *, halfway: float) -> Iterator[Finding]:
    facts = _facts(answer)
    if answer.status in {401, 403}:
        yield Finding("rights", "failed", f"the server refused the key ({answer.status}); it may be revoked or expired")
        return
    if answer.status != 200 or "scopes" not in facts:
        text = f"the answer ({answer.status}) does not come from Callboard; check CALLBOARD_URL"
        yield Finding("rights", "failed", text)
        return
    environment = facts.get("environment") or "any environment"
    yield Finding("project", "ok", f"{facts.get('project')}, {environment}")
    scopes = [str(scope) for scope in facts["scopes"]]
    for scope, purpose in _SCOPES.items():
        if scope in scopes:
            yield Finding(scope, "ok", f"this key may {purpose}")
        else:
            yield Finding(scope, "warning", f"this key may not {purpose}; add the scope if the application needs it")
    yield _check_clock(facts.get("server_time"), halfway=halfway)


def _check_clock(server_time: Any, *, halfway: float) -> Finding:
    try:
        moment = datetime.datetime.fromisoformat(str(server_time))
    except ValueError:
        return Finding("clock", "warning", "the server did not tell its time")
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    difference = halfway - moment.timestamp()
    text = f"{abs(difference):.1f} s {'ahead of' if difference > 0 else 'behind'} the server's"
    if abs(difference) > _LARGEST_CLOCK_DIFFERENCE:
        return Finding("clock", "warning", f"{text}; traces will appear at the wrong time")
    return Finding("clock", "ok", text)


def _check_prompt_dir(directory: Path | None) -> Finding:
    if directory is None:
        return Finding("prompt copies", "warning", "there is no directory for them; set CALLBOARD_PROMPT_DIR")
    if not _can_be_written(directory):
        text = f"{directory} cannot be written, so prompts do not survive a restart without the server"
        return Finding("prompt copies", "warning", f"{text}; set CALLBOARD_PROMPT_DIR")
    return Finding("prompt copies", "ok", f"kept in {directory}")


def _check_spool_dir(directory: Path) -> Finding:
    if not _can_be_written(directory):
        text = f"{directory} cannot be written, so what cannot be sent at the end of a process is lost"
        return Finding("spool", "warning", f"{text}; set CALLBOARD_SPOOL_DIR")
    files = list(directory.glob("*.spool")) if directory.is_dir() else []
    return Finding("spool", "ok", f"{len(files)} files wait in {directory}")


def _can_be_written(directory: Path) -> bool:
    existing = next((path for path in (directory, *directory.parents) if path.exists()), None)
    return existing is not None and existing.is_dir() and os.access(existing, os.W_OK)


def _facts(answer: "Answer") -> Mapping[str, Any]:
    try:
        document = json.loads(answer.body)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
