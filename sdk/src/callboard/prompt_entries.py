"""What a process knows about one prompt key, and how each answer of the server changes it."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from callboard import prompt_models
from callboard.errors import PromptAccessRefused, PromptDeleted, PromptError, PromptNotFound, PromptUnavailable
from callboard.prompt_disk import StoredPrompt
from callboard.prompt_events import PromptChange
from callboard.prompt_fetching import Failed, Fetched, Gone, NotModified, Outcome, Refused
from callboard.prompt_models import Prompt
from callboard.retrying import backoff_ceiling
from callboard.targeting import Targeting

_BACKOFF_CAP_SECONDS: Final = 60.0
_REFUSED_SECONDS: Final = 60.0
_TTL_SPREAD: Final = 0.2
# While a rollout runs, somebody may take the version back at any moment.
_ROLLOUT_TTL_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Moment:
    """When something happened, on both clocks, and the chance (0 to 1) to spread what follows."""

    monotonic: float
    unix: float
    chance: float


@dataclass(frozen=True, slots=True)
class RunningRollout:
    """The candidate that a share of the units is served."""

    id: str
    share_ppm: int
    candidate: Prompt[Any]
    targeting: Targeting | None = None
    # Since when (Unix seconds) which share got it, oldest first; empty from a server that does not tell.
    shares: tuple[tuple[float, int], ...] = ()

    def share_at(self, began_at: float | None) -> int:
        """Return the share for a conversation that began then: none of it before the rollout; by default the present one."""
        if began_at is None or not self.shares:
            return self.share_ppm
        return max((share for since, share in self.shares if since <= began_at), default=0)


def key_of(name: str, label: str, version: int | None) -> str:
    """Return the key under which a prompt is kept in memory and on disk."""
    return f"{name}|{f'l:{label}' if version is None else f'v:{version}'}"


class Entry:
    """One prompt under one label or version. Readers take no lock: the background thread replaces whole values."""

    __slots__ = (
        "change",
        "check_at",
        "deleted_at",
        "error",
        "etag",
        "failures",
        "has_refreshed",
        "is_plain",
        "label",
        "name",
        "payload",
        "prompt",
        "ready",
        "refreshed_at",
        "rollout",
        "ttl",
        "version",
        "wait_until",
    )

    def __init__(self, name: str, label: str, version: int | None, *, ttl: float, now: float) -> None:
        self.name = name
        self.label = label
        self.version = version
        self.ttl = ttl
        self.prompt: Prompt[Any] | None = None
        self.rollout: RunningRollout | None = None
        # A prompt that can be handed out without a further look.
        self.is_plain = False
        self.payload: Mapping[str, Any] | None = None
        self.etag: str | None = None
        self.error: PromptError | None = None
        self.failures = 0
        self.deleted_at: float | None = None
        self.has_refreshed = False
        # Of a change that the server told about and that was not fetched yet: its token, or an empty one.
        self.change: str | None = None
        # Monotonic times: when to ask the server next, when it last answered, until when a caller may wait for it.
        self.check_at = 0.0
        self.refreshed_at = 0.0
        self.wait_until = now + 1.0
        self.ready = threading.Event()

    @property
    def key(self) -> str:
        """The name with the label or version, in a form in which version 3 and a label `3` differ."""
        return key_of(self.name, self.label, self.version)

    @property
    def told_version(self) -> int | None:
        """The version in use under a label, as it is told to the server."""
        return self.prompt.version if self.version is None and self.prompt is not None else None

    def is_touched_by(self, change: PromptChange) -> bool:
        """Tell whether a change may concern this entry; a version never changes, but it may be deleted."""
        if change.name and change.name != self.name:
            return False
        return not change.labels or (self.version is None and self.label in change.labels)

    def reset_after_fork(self) -> None:
        """Forget a refresh that was under way in the parent: it does not end here."""
        self.change = None
        # Always another one: a thread of the parent may have held the lock inside of it.
        was_ready, self.ready = self.ready.is_set(), threading.Event()
        if was_ready:
            self.ready.set()
        else:
            self.check_at = 0.0

    def restore(self, stored: StoredPrompt) -> None:
        """Begin with the copy from disk."""
        self.deleted_at = stored.deleted_at
        self._show(stored.payload, stored.etag, "disk")

    def apply(self, outcome: Outcome, moment: Moment) -> bool:
        """Take in what the server answered; tell whether the copy on disk has to change."""
        before = (self.payload, self.deleted_at)
        if isinstance(outcome, Fetched):
            self._apply_fetched(outcome, moment)
        elif isinstance(outcome, NotModified):
            self._confirm(moment)
        elif isinstance(outcome, Gone):
            self._apply_gone(moment)
        elif isinstance(outcome, Refused):
            self.error = PromptAccessRefused()
            self.check_at = moment.monotonic + _REFUSED_SECONDS * (1 + moment.chance)
        else:
            self._apply_failed(outcome, moment)
        self.refreshed_at = moment.monotonic
        self.ready.set()
        return self.payload is not None and (self.payload, self.deleted_at) != before

    def served(self, *, unix: float, max_stale_on_delete: float) -> Prompt[Any] | None:
        """Return the prompt to serve now, or None when there is none that may still be used."""
        if self.deleted_at is not None and unix - self.deleted_at > max_stale_on_delete:
            self.error = PromptDeleted()
            return None
        return self.prompt

    def _apply_fetched(self, outcome: Fetched, moment: Moment) -> None:
        try:
            self._show(outcome.payload, outcome.etag, "memory")
        except ValueError as error:
            self._apply_failed(Failed(str(error)), moment)
            return
        self._confirm(moment)

    def _confirm(self, moment: Moment) -> None:
        self.failures = 0
        self.error = None
        if self.deleted_at is not None:
            self._set_deleted_at(None)
        if self.prompt is not None and self.prompt.source == "disk" and self.payload is not None:
            # The server says that the copy from disk is what it would answer, with its rollout.
            self._show(self.payload, self.etag, "memory")
        # Processes that start together would go on asking together, so the first interval is anything up to the TTL.
        spread = (1 - _TTL_SPREAD) + 2 * _TTL_SPREAD * moment.chance if self.has_refreshed else moment.chance
        self.has_refreshed = True
        ttl = min(self.ttl, _ROLLOUT_TTL_SECONDS) if self.rollout is not None else self.ttl
        self.check_at = moment.monotonic + ttl * spread

    def _apply_gone(self, moment: Moment) -> None:
        self.failures = 0
        self.error = PromptNotFound()
        if self.prompt is not None and self.deleted_at is None:
            self._set_deleted_at(moment.unix)
        # A negative answer is remembered as well, so that a missing prompt costs one request per interval.
        self.check_at = moment.monotonic + min(max(self.ttl, 1.0), _BACKOFF_CAP_SECONDS)

    def _apply_failed(self, outcome: Failed, moment: Moment) -> None:
        self.failures += 1
        self.error = self.error or PromptUnavailable(f"{PromptUnavailable.__doc__} ({outcome.reason})")
        wait = backoff_ceiling(self.failures, base=1.0, cap=_BACKOFF_CAP_SECONDS) * (0.75 + 0.25 * moment.chance)
        ordered = min(outcome.retry_after or 0.0, _BACKOFF_CAP_SECONDS)
        self.check_at = moment.monotonic + max(wait, ordered)

    def _show(self, payload: Mapping[str, Any], etag: str | None, source: prompt_models.Source) -> None:
        """Serve this payload from now on; raises ValueError when it is not a prompt."""
        label = self.label if self.version is None else None
        prompt = prompt_models.from_payload(payload, label=label, source=source)
        # A copy from disk may be older than the end of its rollout: until the server has answered, everybody gets what was live.
        rollout = _rollout_in(payload, label=label, source=source) if source != "disk" else None
        if rollout is not None:
            prompt = prompt.changed(rollout_id=rollout.id, arm="control")
        self.payload, self.etag = payload, etag
        self.rollout = rollout
        self.prompt = prompt.changed(deleted=self.deleted_at is not None)
        self.is_plain = rollout is None and self.deleted_at is None

    def _replace_prompt(self, **changes: Any) -> None:
        if self.prompt is not None:
            self.prompt = self.prompt.changed(**changes)
        if self.rollout is not None:
            candidate = self.rollout.candidate.changed(**changes)
            self.rollout = replace(self.rollout, candidate=candidate)

    def _set_deleted_at(self, unix: float | None) -> None:
        self.deleted_at = unix
        if unix is not None:
            # Nobody could take it back any more.
            self.rollout = None
        self._replace_prompt(deleted=unix is not None)
        self.is_plain = self.rollout is None and self.prompt is not None and unix is None


def _rollout_in(
    payload: Mapping[str, Any], *, label: str | None, source: prompt_models.Source
) -> RunningRollout | None:
    rollout = payload.get("rollout") or payload.get("targeted_rollout")
    if not isinstance(rollout, Mapping):
        return None
    try:
        candidate = prompt_models.from_payload(rollout["candidate"], label=label, source=source)
        rollout_id, share_ppm = str(rollout["id"]), int(rollout["share_ppm"])
        targeting = Targeting.from_json(rollout["targeting"]) if "targeting" in rollout else None
        shares = tuple((float(one["since"]), int(one["share_ppm"])) for one in rollout.get("shares", ()))
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError):
        # A rollout this SDK does not understand: everybody stays on the control version.
        return None
    candidate = candidate.changed(rollout_id=rollout_id, arm="candidate")
    return RunningRollout(rollout_id, share_ppm, candidate, targeting, shares)
