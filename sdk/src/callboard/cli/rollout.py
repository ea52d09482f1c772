"""`callboard rollout …`: starts a gradual change of a prompt, says how it stands, moves it and takes it back."""

import argparse
import json
import urllib.parse
from typing import TYPE_CHECKING, Any, Final

from callboard import settings as client_settings
from callboard.cli.main import CommandError
from callboard.cli.output import say, say_json
from callboard.errors import Unreachable
from callboard.http_client import HttpClient

if TYPE_CHECKING:
    from callboard.cli.main import Subparsers

_PATH: Final = "/api/v1/rollouts"
_SECONDS: Final = 30.0
# The verb, the end of its address, and what it does.
_ACTS: Final = (
    ("pause", "pause", "let nothing move on"),
    ("resume", "resume", "go on where it was paused"),
    ("advance", "advance", "go to the next share now; needs --reason"),
    ("rollback", "roll-back", "give everybody the version of before, at once"),
)


def add_parser(subparsers: "Subparsers") -> None:
    """Add the command with its verbs."""
    parser = subparsers.add_parser("rollout", help="give a prompt version to more and more people")
    verbs = parser.add_subparsers(title="verbs", metavar="<verb>", required=True)
    start = _verb(verbs, "start", "begin to give a version to a few people")
    start.add_argument("version", type=int, help="the number of the version")
    start.add_argument("--shares", default="", metavar="1,5,25,95", help="the shares in percent, with commas between")
    start.add_argument("--hours", type=float, default=2.0, help="the shortest time at each share")
    start.add_argument("--caution", choices=("cautious", "balanced", "fast"), default="balanced")
    start.add_argument("--note", default="", help="why; kept in the history")
    start.set_defaults(run=_start)
    _verb(verbs, "status", "say how it stands").set_defaults(run=_status)
    for name, end, about in _ACTS:
        act = _verb(verbs, name, about)
        act.add_argument("--reason", default="", help="why; kept in the history")
        act.set_defaults(run=_act, end=end)


def _verb(verbs: Any, name: str, about: str) -> argparse.ArgumentParser:
    verb: argparse.ArgumentParser = verbs.add_parser(name, help=about, description=about)
    verb.add_argument("prompt", help="the name of the prompt")
    verb.add_argument("--label", default="production", help="the label that moves")
    verb.add_argument("--url", default=None, help="the address of Callboard")
    verb.add_argument("--json", action="store_true", help="for another program")
    return verb


def _start(given: argparse.Namespace) -> None:
    try:
        shares = [float(part.strip().rstrip("%")) / 100 for part in given.shares.split(",") if part.strip()]
    except ValueError as error:
        raise CommandError("write the shares as numbers with commas between, such as 1,5,25,95") from error
    wanted = {
        "prompt": given.prompt, "version": given.version, "label": given.label, "shares": shares, "hours": given.hours,
        "caution": given.caution, "note": given.note,
    }  # fmt: skip
    _show(given, _ask(given, "POST", _PATH, wanted))


def _status(given: argparse.Namespace) -> None:
    _show(given, _newest(given))


def _act(given: argparse.Namespace) -> None:
    rollout = _newest(given)
    _show(given, _ask(given, "POST", f"{_PATH}/{rollout['id']}/{given.end}", {"reason": given.reason}))


def _newest(given: argparse.Namespace) -> dict[str, Any]:
    found = _ask(given, "GET", f"{_PATH}?{urllib.parse.urlencode({'prompt': given.prompt})}")["items"]
    here = [rollout for rollout in found if rollout["label"] == given.label]
    if not here:
        raise CommandError(f"{given.prompt} has no rollout in {given.label}")
    newest: dict[str, Any] = here[0]
    return newest


def _ask(given: argparse.Namespace, method: str, path: str, body: Any = None) -> dict[str, Any]:
    settings = client_settings.resolve({"url": given.url})
    if not settings.api_key:
        raise CommandError("CALLBOARD_API_KEY is not set; make a key under Settings, API keys")
    client = HttpClient(url=settings.url, api_key=settings.api_key, timeout=_SECONDS)
    try:
        answer = client.request(
            method, path, body=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )  # fmt: skip
    except Unreachable as error:
        raise CommandError(f"no answer from {settings.url} ({error}); is it running, is the address right?") from error
    finally:
        client.close()
    facts = _object(answer.body)
    if not answer.is_accepted:
        raise CommandError(str(facts.get("detail") or f"the answer ({answer.status}) does not come from Callboard"))
    return facts


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _show(given: argparse.Namespace, rollout: dict[str, Any]) -> None:
    if given.json:
        say_json(rollout)
        return
    versions = f"v{rollout['control_version']} -> v{rollout['candidate_version']}"
    say(f"{rollout['prompt']} in {rollout['label']}: {versions}, {rollout['state']} at {rollout['share'] * 100:g} %")
    shares = [f"{step['share'] * 100:g}" for step in rollout["steps"]]
    if rollout["state"] in ("running", "paused"):
        shares[rollout["step"]] = f"[{shares[rollout['step']]}]"
    say(f"shares: {' '.join(shares)} 100")
    for text in (rollout.get("trouble"), rollout["reason"]):
        if text:
            say(text)
    say(rollout["url"])
