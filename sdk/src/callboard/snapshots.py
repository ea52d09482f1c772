"""Takes a cheap picture of inputs and outputs in the calling thread, to be serialised later in the background.

Containers (dict, list, tuple, set) are copied four levels deep, so that a list of messages which the application goes
on appending to is recorded as it was. Long containers are copied without looking inside their elements, and every other
object is kept by reference: a later change of such an object may show in the trace. This costs microseconds where
serialising in the calling thread would cost a hundred. The functions are written with few calls for the same reason.
"""

from collections.abc import Collection
from typing import Any, Final, Protocol

MAX_DEPTH: Final = 4
MAX_DETAILED_ITEMS: Final = 64
MAX_DETAILED_NODES: Final = 400
MAX_ITEMS: Final = 10_000
_SAMPLE: Final = 16
_OBJECT_BYTES: Final = 64
_ATOMS: Final = frozenset({int, float, bool, complex, type(None)})


class Meter(Protocol):
    """Adds up about how many bytes are kept, and how many elements may still be looked at one by one."""

    bytes: int
    nodes: int


class CallArguments:
    """The arguments of one call, matched to their names only when the span is exported."""

    __slots__ = ("args", "kwargs", "names")

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any], names: tuple[str, ...], meter: Meter) -> None:
        self.args: list[Any] = take(args, meter, MAX_DEPTH + 1) if args else []
        self.kwargs: dict[str, Any] = take(kwargs, meter, MAX_DEPTH + 1) if kwargs else kwargs
        self.names = names

    def by_name(self) -> dict[str, Any]:
        """Return the arguments by parameter name, without `self` and `cls`."""
        named = dict(zip(self.names, self.args, strict=False))
        if len(self.args) > len(self.names):
            named["args"] = self.args[len(self.names) :]
        named.update(self.kwargs)
        if self.names[:1] in {("self",), ("cls",)}:
            named.pop(self.names[0], None)
        return named


def take(value: Any, meter: Meter, depth: int = MAX_DEPTH) -> Any:
    """Return a copy of the value that later changes to its containers do not reach."""
    kind = type(value)
    if kind is str or kind is bytes:
        meter.bytes += len(value)
        return value
    if kind in _ATOMS:
        return value
    meter.bytes += _OBJECT_BYTES
    if kind is list or kind is tuple:
        meter.nodes -= len(value)
        if depth <= 1 or len(value) > MAX_DETAILED_ITEMS or meter.nodes < 0:
            meter.bytes += _estimate(value)
            return _first_items(value)
        # Tuples become lists: both are arrays in JSON.
        return [
            _take_dict(item, meter, depth - 1) if type(item) is dict else take(item, meter, depth - 1) for item in value
        ]
    if kind is dict:
        return _take_dict(value, meter, depth)
    if kind is set:
        return value.copy()
    return value


def _take_dict(value: dict[Any, Any], meter: Meter, depth: int) -> dict[Any, Any]:
    copied = value.copy()
    meter.nodes -= len(copied)
    meter.bytes += _OBJECT_BYTES
    if depth <= 1 or len(copied) > MAX_DETAILED_ITEMS or meter.nodes < 0:
        meter.bytes += _estimate(copied.values())
        return copied
    for key, item in copied.items():
        if type(item) is str:
            meter.bytes += len(item)
        elif type(item) not in _ATOMS:
            copied[key] = take(item, meter, depth - 1)
    return copied


def _first_items(value: list[Any] | tuple[Any, ...]) -> list[Any]:
    more = len(value) - MAX_ITEMS
    return [*value[:MAX_ITEMS], f"… and {more} more items"] if more > 0 else list(value)


def _estimate(items: Collection[Any]) -> int:
    """Return about how many bytes the items hold, from the first few of them."""
    sampled = [len(item) if type(item) is str else 16 for item, _ in zip(items, range(_SAMPLE), strict=False)]
    return sum(sampled) * min(len(items), MAX_ITEMS) // len(sampled) if sampled else 0
