"""An application with many customers that fetches its prompt through the client; its own process, or part of a test.

`python -m tests.faults.shop URL KEY PROMPT DIRECTORY` asks again and again for the same people, without calling a model, and
prints one line of JSON each time: when, and which versions they got.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import callboard
from callboard import Callboard
from callboard.openai import OpenAI

Fails = Callable[[str | None], bool]
AT_ONCE = 16
WATCHED = 400
_PAUSE_SECONDS = 0.2


def never(arm: str | None) -> bool:
    """Fail for nobody."""
    return False


class Shop:
    """What the application remembers: which versions each person got, in order, and how many calls each arm had."""

    def __init__(self, client: Callboard, prompt: str, *, provider_url: str = "") -> None:
        self.client = client
        self.prompt = prompt
        self.seen: dict[str, list[int | None]] = {}
        self.calls: Counter[str | None] = Counter()
        self._lock = threading.Lock()
        self._models: Any = None
        if provider_url:
            # What the provider answers is what the customer gets: no second try.
            self._models = OpenAI(api_key="simulated", base_url=provider_url, timeout=60.0, max_retries=0)

    def ask(self, person: str, *, fails: Fails = never) -> int | None:
        """Let a person ask once, and return the version that answered."""
        with callboard.context(user=person):
            prompt = self.client.prompts.get(self.prompt)
            with prompt.used():
                self._call(person, prompt, fails)
        with self._lock:
            self.calls[prompt.arm] += 1
            had = self.seen.setdefault(person, [])
            if not had or had[-1] != prompt.version:
                had.append(prompt.version)
        return prompt.version

    def ask_all(self, people: Sequence[str]) -> None:
        """Let everybody ask once, many at the same time, and wait until all of it is stored."""
        with ThreadPoolExecutor(AT_ONCE) as threads:
            list(threads.map(self.ask, people))
        assert self.client.flush(60)

    def _call(self, person: str, prompt: Any, fails: Fails) -> None:
        if self._models is None:
            with self.client.span("answer", kind="llm") as span:
                span.set(model="gpt-4o-mini", output="Yes.")
                if fails(prompt.arm):
                    span.fail("timeout")
            return
        messages = prompt.compile(question=f"When do I get my refund? I am {person}.")
        try:
            self._models.chat.completions.create(model=prompt.settings["model"], messages=messages, max_tokens=8)
        except Exception:  # the simulated model fails now and then, which the call says
            return


@contextmanager
def shop_of(
    *, url: str, key: str, prompt: str, directory: Path, provider_url: str = ""
) -> Iterator[Shop]:  # fmt: skip
    """Open an application that hears of changes at once, and looks every two seconds where it does not."""
    client = Callboard(url=url, api_key=key, prompt_ttl_seconds=2.0, prompt_dir=directory, flush_interval=0.2)
    try:
        client.prompts.get(prompt, strict=True)
        yield Shop(client, prompt, provider_url=provider_url)
    finally:
        client.shutdown(30)


def main(url: str, key: str, prompt: str, directory: str) -> None:
    """Ask for the same people until the process is ended."""
    with shop_of(url=url, key=key, prompt=prompt, directory=Path(directory)) as shop:
        while True:
            versions = {shop.client.prompts.get(prompt, unit=f"watched-{one}").version for one in range(WATCHED)}
            sys.stdout.write(json.dumps({"at": time.time(), "versions": sorted(filter(None, versions))}) + "\n")
            sys.stdout.flush()
            time.sleep(_PAUSE_SECONDS)


if __name__ == "__main__":
    main(*sys.argv[1:])
