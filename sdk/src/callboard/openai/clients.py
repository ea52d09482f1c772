"""Makes the calls of an openai client recorded, without changing what the application sees of it."""

import functools
from collections.abc import Callable
from typing import Any, Final, TypeVar

import openai

from callboard.client import Callboard
from callboard.lifecycle import default_client
from callboard.openai.operations import CHAT, COMPLETION, EMBEDDINGS, RESPONSES, Operation
from callboard.openai.recording import Provider, recorded_method
from callboard.tracing import Tracer

C = TypeVar("C")
_RESOURCES: Final = ("chat", "beta", "responses", "embeddings", "completions")
# Copies of the methods from before they were recorded.
_CACHED_VIEWS: Final = ("with_raw_response", "with_streaming_response")


class RecordedClient:
    """Stands before an openai client class and records the calls of its resources, when they are first used."""

    _callboard: Callboard | None = None

    @functools.cached_property
    def chat(self) -> Any:
        """Chat completions, recorded."""
        chat = self._inherited("chat")
        self._record(chat.completions, CHAT, "create", "parse")
        return chat

    @functools.cached_property
    def beta(self) -> Any:
        """The beta resources, of which chat completions are recorded."""
        beta = self._inherited("beta")
        chat = getattr(beta, "chat", None)
        if chat is not None:
            self._record(chat.completions, CHAT, "create", "parse")
        return beta

    @functools.cached_property
    def responses(self) -> Any:
        """Responses, recorded."""
        return self._record(self._inherited("responses"), RESPONSES, "create", "parse")

    @functools.cached_property
    def embeddings(self) -> Any:
        """Embeddings, recorded."""
        return self._record(self._inherited("embeddings"), EMBEDDINGS, "create")

    @functools.cached_property
    def completions(self) -> Any:
        """The older text completions, recorded."""
        return self._record(self._inherited("completions"), COMPLETION, "create")

    def copy(self, **options: Any) -> Any:
        """Return a client with other options that is recorded as well."""
        made = self._inherited("copy")(**options)
        made._callboard = self._callboard
        return made

    with_options = copy

    def _inherited(self, name: str) -> Any:
        return getattr(super(), name)

    def _record(self, resource: Any, operation: Operation, *methods: str) -> Any:
        for view in _CACHED_VIEWS:
            resource.__dict__.pop(view, None)
        is_async = isinstance(self, openai.AsyncOpenAI)
        for name in methods:
            method = getattr(resource, name, None)
            if method is not None:
                recorded = recorded_method(
                    method, operation, tracer=self._tracer(), provider=_provider_of(self), is_async=is_async
                )
                setattr(resource, name, recorded)
        return resource

    def _tracer(self) -> Callable[[], Tracer]:
        return lambda: (self._callboard or default_client()).tracer


def wrap_openai(client: C, *, callboard: Callboard | None = None) -> C:
    """Record the calls of this client from now on, and return it; wrapping it twice does nothing."""
    if isinstance(client, RecordedClient):
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
    """Return the subclass of an openai client class whose calls are recorded."""
    return type(base.__name__, (RecordedClient, base), {"__module__": "callboard.openai", "__doc__": base.__doc__})


def _provider_of(client: Any) -> Provider:
    url = client.base_url
    is_azure = isinstance(client, openai.AzureOpenAI | openai.AsyncAzureOpenAI)
    return Provider.at(host=url.host, port=url.port, is_azure=is_azure)
