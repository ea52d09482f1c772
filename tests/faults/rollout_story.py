"""One prompt of an installation, what people do to its rollouts, and changes that somebody can be killed in the middle of."""

from __future__ import annotations

import json
import os
import re
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from tests.faults.installation import HOST, Installation

LIVE, BAD, GOOD = 1, 2, 3
QUICK, FLAKY = "simulated-fast", "simulated-flaky"


class Standing(NamedTuple):
    """How a rollout stands; the revision grows with every change."""

    state: str
    step: int
    share_ppm: int
    revision: int


class Story:
    """One prompt of an installation, and what a person does to it in the browser."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.key = installation.prepared.key
        self.url = f"http://{HOST}:{installation.port}"
        self.name = f"shop/answer-{os.urandom(4).hex()}"
        self._save("Answer the customer in one sentence.", QUICK)
        self._save("Answer the customer in one short sentence.", FLAKY)
        self._save("Answer the customer in one kind sentence.", QUICK)
        [(self.prompt_id,)] = installation.ask("SELECT id FROM prompt WHERE name = %s", self.name)
        path = f"/p/{installation.prepared.slug}/prompts/{self.prompt_id}"
        self.submit(f"{path}/publish/?version={LIVE}&to=production", accepted=["1"] * 9, reason="The first one.")
        self.start_path = f"{path}/rollout/"

    def start(self, version: int, *, shares: str) -> None:
        """Start a rollout as a person does, on its page."""
        self.submit(
            f"{self.start_path}?version={version}&to=production", do="start", shares=shares, hours="0.005", caution="fast",
            expected=str(LIVE), note="On purpose.", override="1",
        )  # fmt: skip

    def decide(self, do: str) -> None:
        """Press a button of the newest rollout's page."""
        found = self.rollout()
        [(revision,)] = self.installation.ask("SELECT revision FROM rollout WHERE id = %s", found["id"])
        path = urllib.parse.urlsplit(found["url"]).path
        self.submit(f"{path}act/", on=path, do=do, reason="On purpose.", revision=str(revision))

    def submit(self, path: str, *, on: str = "", **fields: str | list[str]) -> None:
        """Send a form as a browser does, after a look at the page that it is on."""
        cookie = self.installation.prepared.cookie
        status, _, page = self.installation.request("GET", on or path, Cookie=cookie)
        assert status == 200
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.decode())
        assert token is not None
        body = urllib.parse.urlencode({"csrfmiddlewaretoken": token[1], **fields}, doseq=True).encode()
        status, _, page = self.installation.request(
            "POST", path, body=body, Cookie=f"{cookie}; callboard_csrf={token[1]}",
            Content_Type="application/x-www-form-urlencoded", Origin=self.url,
        )  # fmt: skip
        assert status == 302, page.decode()[:2000]

    def rollout(self) -> dict[str, Any]:
        """Return the newest rollout of the prompt, as the API tells it."""
        path = f"/api/v1/rollouts?limit=1&prompt={urllib.parse.quote(self.name)}"
        _, _, body = self.installation.request("GET", path, Authorization=f"Bearer {self.key}")
        found: dict[str, Any] = json.loads(body)["items"][0]
        return found

    def is_at(self, *, step: int = -1, state: str = "running") -> bool:
        """Tell whether the newest rollout is in this state, and at this step."""
        found = self.rollout()
        return bool(found["state"] == state and step in (-1, found["step"]))

    def page(self) -> str:
        """Return the page of the newest rollout."""
        path = urllib.parse.urlsplit(self.rollout()["url"]).path
        # The page remembers its counts for ten seconds.
        time.sleep(11)
        return self.installation.request("GET", path, Cookie=self.installation.prepared.cookie)[2].decode()

    def _save(self, text: str, model: str) -> None:
        messages = [{"role": "system", "content": text}, {"role": "user", "content": "{{question}}"}]
        document = {"name": self.name, "type": "chat", "messages": messages, "settings": {"model": model}}
        assert self.installation.post_json("/api/v1/prompts", document) == 201

    def standing(self) -> Standing:
        """Return how the newest rollout of the prompt stands in the database."""
        [row] = self.installation.ask(
            "SELECT state, step, share_ppm, revision FROM rollout WHERE prompt_id = %s ORDER BY started_at DESC LIMIT 1",
            self.prompt_id,
        )
        return Standing(*row)

    def hasten(self) -> None:
        """Let the newest rollout move on after a second and thirty people; harm takes it back as always."""
        self._change_each("steps", '{"at_least": 1.0}')
        self._change_each("guardrails", '{"is_gate": false}')

    def silence(self) -> None:
        """Let the newest rollout look as if it had waited three hours for the calls of a busy application."""
        self.installation.ask(
            """UPDATE rollout SET plan = plan || '{"units_a_day": 5000.0}' WHERE id = %s""", self.rollout()["id"]
        )
        self.installation.ask(
            "UPDATE rollout SET step_began = jsonb_build_array("
            """to_char((now() - interval '3 hours') AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS+00:00')) WHERE id = %s""",
            self.rollout()["id"],
        )

    def live_version(self) -> int:
        """Return the version behind the label in the database."""
        [(number,)] = self.installation.ask(
            "SELECT v.number FROM prompt_label l JOIN prompt_version v ON v.id = l.version_id "
            "WHERE l.prompt_id = %s AND l.name = 'production'",
            self.prompt_id,
        )
        return int(number)

    def decided(self, action: str) -> int:
        """Return how often a decision about the newest rollout was written down."""
        [(count,)] = self.installation.ask(
            "SELECT count(*) FROM rollout_decision WHERE rollout_id = %s AND action = %s", self.rollout()["id"], action
        )
        return int(count)

    def audited(self, action: str) -> int:
        """Return how often something stands in the audit log of the prompt's newest rollout."""
        [(count,)] = self.installation.ask(
            "SELECT count(*) FROM audit_event WHERE action = %s AND details ->> 'rollout' = %s",
            action,
            self.rollout()["id"],
        )
        return int(count)

    def _change_each(self, part: str, change: str) -> None:
        self.installation.ask(
            """UPDATE rollout SET plan = jsonb_set(plan, ARRAY[%s::text],
                   (SELECT jsonb_agg(one || %s::jsonb) FROM jsonb_array_elements(plan -> %s::text) one)) WHERE id = %s""",
            part, change, part, self.rollout()["id"],
        )  # fmt: skip


@contextmanager
def lingering(installation: Installation, *, seconds: int = 4) -> Iterator[None]:
    """Let every change of a rollout take some seconds between its writes and its end; what only looks is as quick as ever."""
    installation.ask(
        "CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN PERFORM pg_sleep({seconds:d}); RETURN NULL; END $$"
    )
    installation.ask(
        "CREATE TRIGGER lingers AFTER INSERT ON rollout_decision FOR EACH ROW "
        "WHEN (NEW.is_applied OR NEW.action = 'freeze') EXECUTE FUNCTION linger()"
    )
    try:
        yield
    finally:
        installation.ask("DROP FUNCTION linger() CASCADE")


def somebody_lingers(installation: Installation) -> bool:
    """Tell whether somebody is in the middle of a change now."""
    return installation.ask("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'") != []
