"""A connection to a model provider, as the provider client takes it."""

from __future__ import annotations

from dataclasses import dataclass, field

from projects.outbound.addresses import Allowlist

# How long one call may take in all, its waits and tries included.
TOTAL_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Connection:
    """One version of a project's connection: where the provider is, its key, and what this instance lets it reach."""

    project_id: int
    id: int
    version: int
    base_url: str
    api_key: str = field(repr=False)
    allowlist: Allowlist = field(default_factory=Allowlist)

    @property
    def key(self) -> tuple[int, int, int]:
        """Return what its client is kept under: never shared between projects or versions."""
        return self.project_id, self.id, self.version
