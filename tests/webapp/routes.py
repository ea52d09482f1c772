"""Every address of the site with the rule it declares, read from the table of addresses itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from webapp.access import Rule, rule_of
from webapp.api.application import api
from webapp.api.langfuse.application import api as langfuse_api

APIS = {"/api/v1": api, "/api/public": langfuse_api}


@dataclass(frozen=True)
class Route:
    """One address: its name, its pattern, the view behind it and what that declares."""

    name: str
    pattern: str
    view: Callable[..., Any]
    rule: Rule | None

    @property
    def is_in_project(self) -> bool:
        return self.pattern.startswith("p/<slug:slug>/")


@dataclass(frozen=True)
class Operation:
    """One operation of the JSON API: its method, its path, and the rule of its key check."""

    method: str
    path: str
    rule: Rule | None

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


def routes() -> list[Route]:
    """Return every page and plain view; the operations of the JSON API are listed by `operations`."""
    found = list(_walk(get_resolver().url_patterns, ""))
    known = {f"{base}{bound.prefix}{path}" for base, bound in _routers() for path in bound.path_operations}
    return [route for route in found if not _is_operation(route, known)]


def operations() -> list[Operation]:
    """Return every operation of the JSON APIs."""
    return [
        Operation(method, f"{base}{bound.prefix}{path}", _rule_of_auth(operation.auth_callbacks))
        for base, bound in _routers()
        for path, view in bound.path_operations.items()
        for operation in view.operations
        for method in operation.methods
    ]


def _routers() -> list[tuple[str, Any]]:
    # The table of addresses adds the routers when it is read for the first time.
    assert get_resolver().url_patterns
    return [(base, bound) for base, each in APIS.items() for bound in each._get_bound_routers()]


def _walk(patterns: list[Any], prefix: str) -> Iterator[Route]:
    for entry in patterns:
        whole = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _walk(entry.url_patterns, whole)
        elif isinstance(entry, URLPattern):
            yield Route(entry.name or whole, whole, entry.callback, rule_of(entry.callback))


def _is_operation(route: Route, known: set[str]) -> bool:
    return f"/{route.pattern}".replace("<", "{").replace(">", "}") in known


def _rule_of_auth(callbacks: Any) -> Rule | None:
    rules = [getattr(callback, "callboard_rule", None) for callback in callbacks]
    return rules[0] if rules and all(rules) else None
