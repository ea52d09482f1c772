"""Every address of the live process with the rule it declares, in the manner of webapp/access.py, without Django."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LiveRoute:
    """An address: open to everybody with a reason, to API keys with a scope, or to tickets that a page gave out."""

    path: str
    audience: str
    scope: str = ""
    why: str = ""
    is_prefix: bool = False

    def leads(self, path: str) -> bool:
        """Tell whether a request for the path belongs here."""
        return path.startswith(f"{self.path}/") if self.is_prefix else path == self.path


LIVEZ = LiveRoute("/livez", "public", why="says only that the process lives")
SIMULATED = LiveRoute("/simulated/v1", "public", why="a made-up model without any data", is_prefix=True)
PROMPTS = LiveRoute("/live/prompts", "keys", scope="prompts:read")
TRIALS = LiveRoute(
    "/live/trials", "tickets", why="a signed ticket names the person and the trial; both are checked again"
)
ROUTES = (LIVEZ, SIMULATED, PROMPTS, TRIALS)


def route_of(path: str) -> LiveRoute | None:
    """Return the route that a path leads to."""
    return next((route for route in ROUTES if route.leads(path)), None)
