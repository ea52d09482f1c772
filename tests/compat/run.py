"""Runs the official SDKs, unmodified and each in an environment of its own, against a Callboard on throw-away servers.

make compat            all versions
make compat ARGS=3     one of them
make compat ARGS="--record 2 3 4 5"    also write what they send to tests/webapp/api/langfuse/recorded/
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import django

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
ENVIRONMENTS = ROOT / ".venv-compat"
RECORDED = ROOT / "tests" / "webapp" / "api" / "langfuse" / "recorded"
VERSIONS = {"2": "langfuse==2.60.*", "3": "langfuse==3.*", "4": "langfuse==4.*", "5": "langfuse==5.*"}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make compat")
    parser.add_argument("versions", nargs="*", choices=[[], *VERSIONS])
    parser.add_argument("--record", action="store_true")
    wanted = parser.parse_args(arguments)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    django.setup()
    from django.core.management import call_command

    from tests.browser import production

    call_command("migrate", verbosity=0)
    with tempfile.TemporaryDirectory() as directory, production.serve(Path(directory)) as url:
        results = [_try(version, url, is_recorded=wanted.record) for version in wanted.versions or VERSIONS]
    return 0 if all(results) else 1


def _try(version: str, url: str, *, is_recorded: bool) -> bool:
    from tests.compat import arrival, recorder

    python = _environment(version)
    stage = arrival.set_up()
    with recorder.recording(url) as (address, sent):
        done = _run(python, version, address, stage)
    if done.returncode:
        return _told(version, [done.stderr.strip() or "the program failed"])
    facts = _facts(done.stdout)
    if is_recorded:
        RECORDED.mkdir(parents=True, exist_ok=True)
        document = json.dumps({"facts": facts, "requests": sent}, indent=1)
        (RECORDED / f"sdk{version}.json").write_text(document + "\n", encoding="utf-8")
    claims = arrival.told(facts) | arrival.stored(stage.project, facts) | arrival.understood(stage.project, facts)
    wrong = arrival.differences(claims)
    # The SDKs log what they could not deliver and go on; nothing may be lost without a word here.
    wrong += [f"the SDK complained: {line}" for line in done.stderr.splitlines() if "rror" in line]
    return _told(version, wrong)


def _environment(version: str) -> Path:
    directory = ENVIRONMENTS / f"langfuse-{version}"
    python = directory / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(directory)], check=True)
        install = [str(python), "-m", "pip", "--disable-pip-version-check", "--quiet", "install", VERSIONS[version]]
        subprocess.run(install, check=True)
    return python


def _run(python: Path, version: str, address: str, stage: Any) -> subprocess.CompletedProcess[str]:
    from projects import tokens

    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    keys = {"LANGFUSE_PUBLIC_KEY": tokens.public_key(stage.key_id), "LANGFUSE_SECRET_KEY": stage.plain_key}
    return subprocess.run(
        [str(python), str(HERE / "langfuse" / f"sdk{version}.py")],
        env=kept | keys | {"LANGFUSE_HOST": address, "LANGFUSE_BASE_URL": address},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def _facts(printed: str) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for line in printed.splitlines():
        if line.startswith("{"):
            facts |= json.loads(line)
    return facts


def _told(version: str, wrong: list[str]) -> bool:
    sys.stdout.write(f"{VERSIONS[version]}: {'works' if not wrong else 'does not work'}\n")
    sys.stdout.writelines(f"  {sentence}\n" for sentence in wrong)
    sys.stdout.flush()
    return not wrong


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
