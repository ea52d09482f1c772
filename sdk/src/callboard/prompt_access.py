"""`prompts`: how an application fetches prompts."""

from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from typing import Any, Literal, overload

from callboard import prompt_models
from callboard.errors import PromptUnavailable
from callboard.notices import notice
from callboard.prompt_models import Prompt, PromptType
from callboard.prompt_store import Fallback, PromptStore

Chat = Sequence[Mapping[str, Any]]


class Prompts:
    """Fetches prompts. No method raises; `get` waits at most one second, once, and only when it has nothing at all."""

    def __init__(self, store: Callable[[], PromptStore]) -> None:
        self._store = store

    @overload
    def get(
        self,
        name: str,
        label: str | None = None,
        version: int | None = None,
        *,
        type: Literal["text"],
        fallback: str | None = None,
        cache_ttl_seconds: float | None = None,
        unit: str | None = None,
        strict: bool = False,
    ) -> Prompt[str]: ...
    @overload
    def get(
        self,
        name: str,
        label: str | None = None,
        version: int | None = None,
        *,
        type: Literal["chat"],
        fallback: Chat | None = None,
        cache_ttl_seconds: float | None = None,
        unit: str | None = None,
        strict: bool = False,
    ) -> Prompt[list[Any]]: ...
    @overload
    def get(
        self,
        name: str,
        label: str | None = None,
        version: int | None = None,
        *,
        type: None = None,
        fallback: str | Chat | None = None,
        cache_ttl_seconds: float | None = None,
        unit: str | None = None,
        strict: bool = False,
    ) -> Prompt[Any]: ...
    def get(
        self,
        name: str,
        label: str | None = None,
        version: int | None = None,
        *,
        type: PromptType | None = None,
        fallback: Fallback | None = None,
        cache_ttl_seconds: float | None = None,
        unit: str | None = None,
        strict: bool = False,
    ) -> Prompt[Any]:
        """Return the prompt under a label (`production` unless told otherwise) or of one version.

        What is in memory is returned at once and refreshed in the background when it is older than `cache_ttl_seconds`
        (60; with 0 each call waits up to a second for the server). Without a server the last known good copy on disk
        is served, then `fallback`, then an empty prompt whose `error` says why. `unit` is the id that decides about
        the arm of a rollout: by default the user, session or trace at hand. With `strict` compiling raises when the
        prompt or one of its variables is missing.
        """
        try:
            store = self._store()
            entry = store.entries.get((name, label, version))
            if entry is not None and entry.is_plain and entry.check_at > monotonic() and not strict:
                prompt = entry.prompt
                if (
                    prompt is not None
                    and (type is None or prompt.type == type)
                    and (cache_ttl_seconds is None or cache_ttl_seconds == entry.ttl)
                ):
                    return prompt
            return store.find(
                name, label, version, type=type, fallback=fallback, ttl=cache_ttl_seconds, unit=unit, strict=strict
            )
        except Exception as error:  # a prompt must never stop the host
            notice("prompts.get", "callboard: prompts.get(%r) failed.", name, error=True)
            return _last_resort(name, error, fallback, type=type, strict=strict)

    @overload
    async def aget(
        self,
        name: str,
        label: str | None = None,
        version: int | None = None,
        *,
        type: Literal["text"],
        fallback: str | None = None,
        cache_ttl_seconds: float | None = None,
        unit: str | None = None,
        strict: bool = False,
    ) -> Prompt[str]: ...
    @overload
    async def aget(
        self,
        name: str,
        label: str | None = None,
        version: int | None = None,
        *,
        type: Literal["chat"],
        fallback: Chat | None = None,
        cache_ttl_seconds: float | None = None,
        unit: str | None = None,
        strict: bool = False,
    ) -> Prompt[list[Any]]: ...
    @overload
    async def aget(
        self,
        name: str,
        label: str | None = None,
        version: int | None = None,
        *,
        type: None = None,
        fallback: str | Chat | None = None,
        cache_ttl_seconds: float | None = None,
        unit: str | None = None,
        strict: bool = False,
    ) -> Prompt[Any]: ...
    async def aget(self, name: str, label: str | None = None, version: int | None = None, **options: Any) -> Any:
        """Do what `get` does without ever holding up the event loop."""
        if self._is_at_hand(name, label, version, ttl=options.get("cache_ttl_seconds")):
            return self.get(name, label, version, **options)
        import asyncio  # slow to import; whoever awaits has it already

        # The first time, and with a TTL of 0, there may be a disk to read and an answer to wait for.
        return await asyncio.to_thread(lambda: self.get(name, label, version, **options))

    def _is_at_hand(self, name: str, label: str | None, version: int | None, *, ttl: float | None) -> bool:
        try:
            entry = self._store().entries.get((name, label, version))
            return entry is not None and entry.prompt is not None and (entry.ttl if ttl is None else ttl) > 0
        except Exception:  # `get` says what is wrong with the arguments
            return False


def _last_resort(name: Any, error: Exception, fallback: Any, *, type: PromptType | None, strict: bool) -> Prompt[Any]:
    try:
        if fallback is not None:
            return prompt_models.from_fallback(str(name), fallback, strict=strict)
    except Exception:  # the fallback may be what is wrong
        notice("fallback", "callboard: the fallback of prompt %r cannot be used.", name, error=True)
    return prompt_models.absent(str(name), PromptUnavailable(str(error)), type=type, strict=strict)
