"""A small real application for the demo: it fetches the demo prompts, asks the simulated model and sends thumbs.

Uses nothing but Callboard's own client, as any application would: `python -m webapp.demo.live_traffic` reads
CALLBOARD_URL, CALLBOARD_API_KEY and CALLBOARD_LIVE_URL.
"""

from __future__ import annotations

import logging
import os
import random
import signal
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import callboard
from callboard import openai

from webapp.demo import shop
from webapp.demo.impressions import noticed
from webapp.demo.opinions import react_to
from webapp.demo.prompts import REFUND, SEARCH, SUMMARY

log = logging.getLogger("callboard.demo")

SHORTEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 2.0, 5.0
# More than the recorded past knows: a rollout counts people, not calls.
PEOPLE = 2_000
_PROMPTS, _WEIGHTS = (REFUND, SUMMARY, SEARCH), (0.5, 0.2, 0.3)
_NAMES = {REFUND: "answer-support-question", SUMMARY: "summarise-ticket", SEARCH: "search-help-pages"}
_CHANNELS = ("web", "web", "web", "app", "app", "mail")


@dataclass(frozen=True, slots=True)
class Shop:
    """The application: its connection to Callboard and its model client."""

    client: callboard.Callboard
    models: openai.OpenAI
    rng: random.Random

    def serve_one(self) -> None:
        """Answer one customer and perhaps pass on what they think of it."""
        self.serve(self.rng.choices(_PROMPTS, _WEIGHTS)[0], f"customer-{self.rng.randint(1, PEOPLE):04d}")

    def serve(self, name: str, user: str) -> None:
        """Answer this customer with this prompt, and go on while the customer does."""
        session = f"live-{user}-{int(time.time()) // 900}"
        with callboard.context(
            user=user, session=session, tags=["demo"], metadata={"channel": self.rng.choice(_CHANNELS)}
        ):
            talk: list[dict[str, str]] = []
            asked = self._question(name)
            while (text := self._answer(name, user, asked, talk)) and self._is_followed_up(name, talk):
                talk += [{"role": "user", "content": asked}, {"role": "assistant", "content": text}]
                asked = self.rng.choice(shop.FOLLOW_UPS)

    def _is_followed_up(self, name: str, talk: list[dict[str, str]]) -> bool:
        return name == REFUND and len(talk) // 2 + 1 < shop.MOST_TURNS and shop.goes_on(self.rng)

    def _answer(self, name: str, user: str, asked: str, talk: list[dict[str, str]]) -> str:
        """Return what was answered; nothing when there is no prompt to ask with."""
        started = time.monotonic()
        with self.client.span(_NAMES[name], "chain", input=asked) as root:
            variables = self._variables(name, user, asked, talk)
            prompt = self.client.prompts.get(name)
            if prompt.error is not None:
                root.fail(prompt.error)
                return ""
            compiled = prompt.compile(**variables)
            messages = [{"role": "user", "content": compiled}] if isinstance(compiled, str) else compiled
            with prompt.used():
                text = self._ask_model(messages, prompt.settings)
            root.set_output(text)
            given = " ".join(message["content"] for message in messages)
            self._pass_on_opinion(root, asked, given, text, time.monotonic() - started, user)
        return text

    def _question(self, name: str) -> str:
        if name == SUMMARY:
            return shop.filled(self.rng.choice(shop.tickets()), self.rng)
        return shop.filled(self.rng.choice(shop.questions("search" if name == SEARCH else "support")), self.rng)

    def _variables(self, name: str, user: str, asked: str, talk: list[dict[str, str]]) -> dict[str, Any]:
        if name == SUMMARY:
            return {"ticket": asked}
        if name == REFUND:
            if order := shop.order_in(asked):
                with self.client.span("look_up_order", "tool", input={"order": order}) as step:
                    step.set_output(shop.look_up(order, self.rng))
            return {"question": asked, "customer_name": shop.name_of(user), "history": talk}
        with self.client.span("find help pages", "retriever", input=asked) as step:
            pages = shop.find_help_pages(asked)
            step.set_output([{"id": page.partition(":")[0], "content": page} for page in pages])
        return {"question": asked, "context": "\n".join(pages)}

    def _ask_model(self, messages: list[Any], settings: dict[str, Any]) -> str:
        known = {name: settings[name] for name in ("temperature", "max_tokens") if settings.get(name) is not None}
        answer = self.models.chat.completions.create(
            model=settings.get("model") or "simulated-fast", messages=messages, seed=self.rng.getrandbits(32), **known
        )
        return answer.choices[0].message.content or ""

    def _pass_on_opinion(self, root: Any, asked: str, given: str, text: str, seconds: float, user: str) -> None:
        reaction = react_to(flaws=noticed(asked=asked, given=given, text=text, seconds=seconds), rng=self.rng)
        if reaction is not None:
            self.client.feedback(
                root.trace_id,
                thumbs="up" if reaction.is_up else "down",
                comment=reaction.comment or None,
                correction=reaction.correction or None,
                user=user,
            )


def run(
    *,
    url: str,
    api_key: str,
    provider_url: str,
    stop: threading.Event,
    prompt_dir: Path | None = None,
    pace: float = 1.0,
) -> None:
    """Serve customers, one every few seconds (`pace` 0: without pauses), until told to stop."""
    client = callboard.Callboard(
        url=url,
        api_key=api_key,
        environment="production",
        release="demo",
        service_name="shop-assistant",
        prompt_ttl_seconds=15.0,
        prompt_dir=prompt_dir,
    )
    rng = random.Random()  # noqa: S311  # nobody guards anything with it
    with openai.OpenAI(api_key="simulated", base_url=provider_url, timeout=60.0) as models:
        shop_assistant = Shop(client, models, rng)
        while not stop.wait(rng.uniform(SHORTEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS) * pace):
            try:
                shop_assistant.serve_one()
            except Exception as error:  # one customer's trouble must not close the shop
                log.warning("a demo customer was not served: %s", error)
    client.shutdown()


def main() -> None:
    """Serve customers until the process is told to end."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    directory = os.environ.get("CALLBOARD_PROMPT_DIR")
    run(
        url=os.environ["CALLBOARD_URL"],
        api_key=os.environ["CALLBOARD_API_KEY"],
        provider_url=os.environ["CALLBOARD_LIVE_URL"].rstrip("/") + "/simulated/v1",
        stop=stop,
        prompt_dir=Path(directory) if directory else None,
    )


if __name__ == "__main__":
    main()
