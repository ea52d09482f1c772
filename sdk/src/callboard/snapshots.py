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
_FEW: Final = 8
_ATOMS: Final = frozenset({int, float, bool, complex, type(None)})


class Meter(Protocol):
    """Adds up about how many bytes are kept, and how many elements may still be looked at one by one."""

    bytes: int
    nodes: int


class CallArguments:
    """The arguments of one call, matched to their names only when the span is exported."""

    __slots__ = ("args", "kwargs", "names")

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any], names: tuple[str, ...], meter: Meter) -> None:
        self.kwargs = _take_dict(kwargs, meter, MAX_DEPTH + 1) if kwargs else kwargs
        self.names = names
        self.args: list[Any] = []
        for item in args:
            # A list is mostly that of the messages; see there about calls.
            self.args.append(_take_list(item, meter, MAX_DEPTH) if type(item) is list else take(item, meter))

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
    if kind is list or kind is tuple:
        return _take_list(value, meter, depth)
    if kind is dict:
        return _take_dict(value, meter, depth)
    meter.bytes += _OBJECT_BYTES
    return value.copy() if kind is set else value


def _take_list(value: list[Any] | tuple[Any, ...], meter: Meter, depth: int) -> list[Any]:
    """Return the elements in a list; tuples become lists too, as both are arrays in JSON."""
    nodes = meter.nodes - len(value)
    if depth <= 1 or len(value) > MAX_DETAILED_ITEMS or nodes < 0:
        meter.nodes = nodes
        meter.bytes += _OBJECT_BYTES + _estimate(value)
        return _first_items(value)
    size = _OBJECT_BYTES
    copied = []
    for item in value:
        kind = type(item)
        if kind is str:
            size += len(item)
        elif kind is dict and len(item) <= _FEW and depth > 2:
            # Messages: copied here, because in a process that was just waiting every further call costs microseconds.
            item = item.copy()
            size += _OBJECT_BYTES
            nodes -= len(item)
            for key, inner in item.items():
                if type(inner) is str:
                    size += len(inner)
                elif type(inner) not in _ATOMS:
                    meter.nodes = nodes
                    item[key] = take(inner, meter, depth - 2)
                    nodes = meter.nodes
        elif kind not in _ATOMS:
            meter.nodes = nodes
            item = take(item, meter, depth - 1)
            nodes = meter.nodes
        copied.append(item)
    meter.nodes = nodes
    meter.bytes += size
    return copied


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


def text_bytes(value: Any) -> int:
    """Return about how many bytes the texts in an object of another library hold; looks at a bounded number of parts."""
    size, waiting = 0, [value]
    for _ in range(MAX_DETAILED_NODES):
        if not waiting:
            break
        item = waiting.pop()
        kind = type(item)
        if kind is str or kind is bytes:
            size += len(item)
        elif kind is list or kind is tuple:
            size += _OBJECT_BYTES + 8 * len(item)
            # Vectors are long, and one number is as big as the next.
            if item and type(item[0]) in _ATOMS:
                size += 24 * len(item)
            else:
                waiting += item[:MAX_DETAILED_ITEMS]
                size += _estimate(item[MAX_DETAILED_ITEMS:])
        elif kind not in _ATOMS:
            size += _OBJECT_BYTES
            parts = item if kind is dict else getattr(item, "__dict__", None)
            if type(parts) is dict:
                waiting += [part for part in list(parts.values()) if type(part) not in _ATOMS]
    return size
