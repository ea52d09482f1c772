"""Makes the calls of an openai client recorded, without changing what the application sees of it."""

import functools
from collections.abc import Callable
from typing import Any, Final, TypeVar

import openai

from callboard.client import Callboard
from callboard.lifecycle import default_client
from callboard.openai.operations import CHAT, COMPLETION, EMBEDDINGS, RESPONSES, Operation
from callboard.openai.recording import Provider, recorded_method

C = TypeVar("C")
Inherited = Callable[[Any, str], Any]
# Each attribute of a client, the way from it to the resource, and what the resource's methods do.
_RESOURCES: Final[dict[str, tuple[tuple[str, ...], Operation, tuple[str, ...]]]] = {
    "chat": (("completions",), CHAT, ("create", "parse")),
    "beta": (("chat", "completions"), CHAT, ("create", "parse")),
    "responses": ((), RESPONSES, ("create", "parse")),
    "embeddings": ((), EMBEDDINGS, ("create",)),
    "completions": ((), COMPLETION, ("create",)),
}
# Copies of the methods from before they were recorded.
_CACHED_VIEWS: Final = ("with_raw_response", "with_streaming_response")
_MARK: Final = "_is_recorded_by_callboard"


def wrap_openai(client: C, *, callboard: Callboard | None = None) -> C:
    """Record the calls of this client from now on, and return it; wrapping it twice does nothing."""
    if getattr(type(client), _MARK, False):
        return client
    if not isinstance(client, openai.OpenAI | openai.AsyncOpenAI):
        raise TypeError(f"wrap_openai() takes a client of the openai package, not {type(client).__qualname__}")
    used = [name for name in _RESOURCES if client.__dict__.pop(name, None) is not None]
    for view in _CACHED_VIEWS:
        client.__dict__.pop(view, None)
    client.__dict__["_callboard"] = callboard
    # The class changes and not its methods, so that what `copy` and `with_options` make is recorded too.
    base: Any = type(client)
    client.__class__ = recorded_class(base)
    for name in used:
        getattr(client, name)
    return client


@functools.cache
def recorded_class(base: type[Any]) -> type[Any]:
    """Return the subclass of an openai client class that records the calls of its resources once they are used."""

    def inherited(client: Any, name: str) -> Any:
        return getattr(super(made, client), name)

    def copy(self: Any, **options: Any) -> Any:
        copied = inherited(self, "copy")(**options)
        copied._callboard = self._callboard
        return copied

    namespace: dict[str, Any] = {
        name: _recorded_resource(name, inherited) for name in _RESOURCES if hasattr(base, name)
    }
    namespace |= {"copy": copy, "with_options": copy, "_callboard": None, _MARK: True}
    namespace |= {"__module__": "callboard.openai", "__doc__": base.__doc__}
    made = type(base.__name__, (base,), namespace)
    return made


def _recorded_resource(name: str, inherited: Inherited) -> "functools.cached_property[Any]":
    way, operation, methods = _RESOURCES[name]

    def resource(client: Any) -> Any:
        found = inherited(client, name)
        target = functools.reduce(lambda holder, step: getattr(holder, step, None), way, found)
        if target is not None:
            _record(client, target, operation, methods)
        return found

    return functools.cached_property(resource)


def _record(client: Any, resource: Any, operation: Operation, methods: tuple[str, ...]) -> None:
    for view in _CACHED_VIEWS:
        resource.__dict__.pop(view, None)
    for name in methods:
        method = getattr(resource, name, None)
        if method is not None:
            recorded = recorded_method(
                method,
                operation,
                tracer=lambda: (client._callboard or default_client()).tracer,
                provider=_provider_of(client),
                is_async=isinstance(client, openai.AsyncOpenAI),
            )
            setattr(resource, name, recorded)


def _provider_of(client: Any) -> Provider:
    url = client.base_url
    is_azure = isinstance(client, openai.AzureOpenAI | openai.AsyncAzureOpenAI)
    return Provider.at(host=url.host, port=url.port, is_azure=is_azure)
