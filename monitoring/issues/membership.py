"""Which calls an issue is about, as SQL conditions on rows `a` of call_analysis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from monitoring.streams.scopes import Scope, is_bad


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on rows `a` of call_analysis, with its values."""

    sql: str
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Membership:
    """The scopes of an issue, and the smaller ones inside them that are another issue's own."""

    scopes: tuple[Scope, ...]
    left_out: tuple[Scope, ...] = ()

    @property
    def signals(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(scope.signal for scope in self.scopes))

    def traffic(self) -> Condition:
        """Return the calls that could have the problem."""
        return _any([(scope, False) for scope in self.scopes], self.left_out, prefix="t")

    def bad(self) -> Condition:
        """Return the calls that have it."""
        return _any([(scope, True) for scope in self.scopes], self.left_out, prefix="b")


def of(scopes: Sequence[Scope], *, others: Sequence[Scope]) -> Membership:
    """Return what an issue with these scopes is about when `others` are the scopes of the other issues."""
    own = tuple(scopes)
    inside = tuple(other for other in others if any(is_narrower(other, scope) for scope in own) and other not in own)
    return Membership(own, inside)


def is_narrower(scope: Scope, wider: Scope) -> bool:
    """Tell whether a scope is a smaller part of the other, with the same signal."""
    if scope == wider or scope.signal != wider.signal:
        return False
    return all(
        of_wider in (None, "", of_scope) for of_scope, of_wider in zip(_named(scope), _named(wider), strict=True)
    )


def _named(scope: Scope) -> tuple[int | str | None, ...]:
    return (scope.cluster_id, scope.prompt_name, scope.model, scope.environment)


def _any(wanted: Sequence[tuple[Scope, bool]], left_out: Sequence[Scope], *, prefix: str) -> Condition:
    """Return the calls of at least one of the scopes; each gives up the smaller ones inside it."""
    parts: list[str] = []
    values: dict[str, Any] = {}
    for place, (scope, only_bad) in enumerate(wanted):
        own = _of(scope, f"{prefix}{place}_", values)
        if only_bad:
            own = f"({own}) AND {is_bad(scope.signal)}"
        smaller = [other for other in left_out if is_narrower(other, scope)]
        for number, other in enumerate(smaller):
            own += f" AND NOT coalesce({_of(other, f'{prefix}{place}_{number}_', values)}, false)"
        parts.append(f"({own})")
    return Condition(" OR ".join(parts) or "false", values)


def _of(scope: Scope, prefix: str, values: dict[str, Any]) -> str:
    # Several scopes stand in one statement: each needs names of its own for its values.
    sql, own = scope.calls()
    values |= {prefix + name: value for name, value in own.items()}
    return "(" + sql.replace("%(scope_", f"%({prefix}scope_") + ")"
