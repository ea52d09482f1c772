"""Finds the prompt to serve: from memory, from disk, from the server, or the fallback; hardly ever waits."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from callboard import assignment, prompt_addresses, prompt_models
from callboard.contexts import AMBIENT, entered_span
from callboard.errors import PromptTypeMismatch, PromptUnavailable
from callboard.jitter import chance
from callboard.notices import notice
from callboard.old_talks import OldTalks
from callboard.prompt_addresses import DEFAULT_LABEL
from callboard.prompt_disk import PromptDisk
from callboard.prompt_entries import Entry, Moment
from callboard.prompt_events import PromptChange
from callboard.prompt_fetching import Fetched
from callboard.prompt_models import Prompt, PromptType
from callboard.prompt_refreshing import Fetcher, Refresher
from callboard.prompt_stream import PromptStream

Fallback = str | Sequence[Mapping[str, Any]]
_MAX_ENTRIES: Final = 10_000
# While a refresh is under way nobody asks for another one.
_IN_FLIGHT_SECONDS: Final = 30.0
# Processes that restart together do not all ask at once.
_WARM_START_SPREAD_SECONDS: Final = 10.0
# While the server is known to be down, the first prompt without any copy waits this long, and no other.
_OUTAGE_WAIT_SECONDS: Final = 0.05


class PromptStore:
    """All prompts that this process has asked for."""

    def __init__(
        self,
        *,
        make_fetcher: Callable[[], Fetcher] | None,
        make_stream: Callable[[Callable[[PromptChange], None]], PromptStream] | None = None,
        live_address: Callable[[str], str] = lambda told: told,
        disk: PromptDisk | None = None,
        ttl: float = 60.0,
        max_stale_on_delete: float = 24 * 3600.0,
        on_deleted: Callable[[str], None] | None = None,
        environment: str = "",
        old_talks: OldTalks | None = None,
    ) -> None:
        self._environment = environment
        self._old_talks = old_talks or OldTalks()
        self.counts: Counter[str] = Counter()
        # By the arguments of `get` as they were given; several may lead to one entry.
        self.entries: dict[tuple[str, str | None, int | None], Entry] = {}
        self._by_key: dict[str, Entry] = {}
        self._disk = disk
        self._ttl = ttl
        self._max_stale_on_delete = max_stale_on_delete
        # When the copies from disk are refreshed: all at one moment, so that one request does for many.
        self._warm_at: float | None = None
        self._has_waited_in_outage = False
        self._live_address = live_address
        self._stream = make_stream(self._take_change) if make_stream is not None else None
        self._refresher: Refresher | None = None
        if make_fetcher is not None:
            self._refresher = Refresher(
                make_fetcher=make_fetcher, disk=disk, on_deleted=on_deleted, count=self._count, on_live=self._listen
            )

    def find(
        self,
        name: str,
        label: str | None,
        version: int | None,
        *,
        type: PromptType | None,
        fallback: Fallback | None,
        ttl: float | None,
        unit: str | None,
        strict: bool,
    ) -> Prompt[Any]:
        """Return the prompt, the fallback, or a prompt that says why there is none."""
        entry = self._entry(name, label, version)
        if ttl is not None and ttl != entry.ttl:
            entry.ttl, entry.check_at = ttl, min(entry.check_at, entry.refreshed_at + ttl)
        self._refresh_if_due(entry)
        is_new = self._wait_if_needed(entry, has_fallback=fallback is not None)
        prompt = self._served(entry, unit)
        if prompt is None:
            error = entry.error or PromptUnavailable()
            return self._without(name, error, type=type, fallback=fallback, strict=strict)
        if type is not None and prompt.type != type:
            error = PromptTypeMismatch(f"Prompt {name} is of type {prompt.type}, but {type} was asked for.")
            return self._without(name, error, type=type, fallback=fallback, strict=strict)
        if is_new:
            prompt = prompt.changed(source="server")
        return prompt.changed(strict=True) if strict else prompt

    def learn(self, payload: Mapping[str, Any], *, label: str = DEFAULT_LABEL) -> None:
        """Take in a prompt that came some other way than by asking for it."""
        entry = self._entry(str(payload["name"]), label, None)
        entry.apply(Fetched(payload, None), Moment(time.monotonic(), time.time(), chance()))

    def reset_after_fork(self) -> None:
        """Keep what is known, and start afresh with threads and connections."""
        if self._stream is not None:
            self._stream.reset_after_fork()
        if self._refresher is not None:
            self._refresher.reset_after_fork()
        for entry in self._by_key.values():
            entry.reset_after_fork()

    def stop(self) -> None:
        """End the background threads; what is known is still served."""
        if self._stream is not None:
            self._stream.stop()
        if self._refresher is not None:
            self._refresher.stop()

    def _listen(self, told: str) -> None:
        """Begin to listen for changes once the server has answered, where it told that they are announced."""
        if self._stream is not None:
            self._stream.start(self._live_address(told))

    def _take_change(self, change: PromptChange) -> None:
        self._count("prompt_changes_announced")
        if self._refresher is not None:
            self._refresher.take_change(change, list(self._by_key.values()))

    def _entry(self, name: str, label: str | None, version: int | None) -> Entry:
        found = self.entries.get((name, label, version))
        if found is not None:
            return found
        if label is not None and version is not None:
            notice("label and version", "callboard: prompt %s: a version was given, so the label is ignored.", name)
        address = prompt_addresses.read(str(name), label, version)
        wanted = Entry(address.name, address.label, address.version, ttl=self._ttl, now=time.monotonic())
        entry = self._by_key.setdefault(wanted.key, wanted)
        if entry is wanted:
            self._load_from_disk(entry)
            self._bound()
        self.entries[(name, label, version)] = entry
        return entry

    def _load_from_disk(self, entry: Entry) -> None:
        stored = self._disk.load(entry.key) if self._disk is not None else None
        if stored is None:
            return
        try:
            entry.restore(stored)
        except ValueError as error:
            notice("prompt disk", "callboard: the stored copy of a prompt cannot be used: %s", error)
            return
        now = time.monotonic()
        if self._warm_at is None:
            self._warm_at = now + min(entry.ttl, _WARM_START_SPREAD_SECONDS) * chance()
        refresh_at = max(now, self._warm_at)
        if self._refresher is not None and self._refresher.request(entry, at=refresh_at):
            entry.check_at = refresh_at + _IN_FLIGHT_SECONDS

    def _bound(self) -> None:
        if len(self._by_key) > _MAX_ENTRIES:
            # Names made up per request would otherwise fill the memory.
            self._by_key.clear()
            self.entries.clear()
            notice("prompt names", "callboard: more than %d prompt names were asked for.", _MAX_ENTRIES)

    def _refresh_if_due(self, entry: Entry) -> None:
        now = time.monotonic()
        if self._refresher is None or now < entry.check_at:
            return
        entry.check_at = now + _IN_FLIGHT_SECONDS
        entry.ready.clear()
        if not self._refresher.request(entry):
            entry.ready.set()

    def _wait_if_needed(self, entry: Entry, *, has_fallback: bool) -> bool:
        """Wait for the very first answer, or with a TTL of 0 for each; tell whether one came while waiting."""
        if self._refresher is None or entry.ready.is_set():
            return False
        has_nothing = entry.prompt is None and not has_fallback
        if not has_nothing and entry.ttl > 0:
            return False
        seconds = self._patience(entry, has_nothing=has_nothing)
        if seconds <= 0:
            return False
        before = entry.payload
        entry.ready.wait(seconds)
        return entry.payload is not before

    def _patience(self, entry: Entry, *, has_nothing: bool) -> float:
        """Return how long the caller may wait: up to a second, but an outage is paid for only once."""
        if self._refresher is None or not self._refresher.is_down:
            self._has_waited_in_outage = False
            return entry.wait_until - time.monotonic() if has_nothing else 1.0
        has_waited, self._has_waited_in_outage = self._has_waited_in_outage, True
        return _OUTAGE_WAIT_SECONDS if has_nothing and not has_waited else 0.0

    def _served(self, entry: Entry, unit: str | None) -> Prompt[Any] | None:
        prompt = entry.served(unix=time.time(), max_stale_on_delete=self._max_stale_on_delete)
        rollout = entry.rollout
        if prompt is None or rollout is None:
            return prompt
        unit_id = str(unit) if unit is not None else _unit_at_hand()
        bucket = assignment.bucket_of(rollout_id=rollout.id, unit_id=unit_id)
        ambient = AMBIENT.get()
        share_ppm = rollout.share_at(ambient.session_began_at)
        is_candidate, is_compared = assignment.is_candidate(bucket, share_ppm), True
        if rollout.targeting is not None:
            place, is_compared = rollout.targeting.place_of(
                bucket=bucket, environment=self._environment, attributes=ambient.metadata
            )
            is_candidate = is_candidate if place == "split" else place == "candidate"
        if is_compared and self._is_in_old_talk(rollout.id, is_candidate):
            is_candidate = False
        served = rollout.candidate if is_candidate else prompt
        return served.changed(rollout_bucket=bucket) if is_compared else served.changed(rollout_id=None, arm=None)

    def _is_in_old_talk(self, rollout_id: str, is_candidate: bool) -> bool:
        """Tell whether the conversation at hand began with what was live: a growing share does not change it on the way."""
        session = AMBIENT.get().session
        if session is None:
            return False
        if is_candidate:
            return self._old_talks.has(rollout_id, session)
        self._old_talks.add(rollout_id, session)
        return False

    def _without(
        self,
        name: str,
        error: Any,
        *,
        type: PromptType | None,
        fallback: Fallback | None,
        strict: bool,
    ) -> Prompt[Any]:
        if fallback is None:
            return prompt_models.absent(name, error, type=type, strict=strict)
        return prompt_models.from_fallback(name, fallback, strict=strict)

    def _count(self, event: str) -> None:
        self.counts[event] += 1


def _unit_at_hand() -> str:
    """Return the id that an arm is assigned by when none was given: user, else session, else trace."""
    ambient = AMBIENT.get()
    active = entered_span()
    return ambient.user or ambient.session or (active.trace_id if active is not None else "")
