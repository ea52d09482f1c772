"""Masks calls before anything is made from them: previews, hashes, quarantine and columns only ever see what is left."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson
import structlog

from monitoring.ingest.dialects import FACTS, KINDS
from monitoring.ingest.event_messages import DETAILS, FIRST_PIECES
from monitoring.ingest.masking_texts import WITHHELD, FieldWithheld, Policy, TextMasker
from monitoring.ingest.messages import loaded
from monitoring.ingest.spans import RawEvent, RawSpan
from monitoring.kinds import IdMode, Mark

if TYPE_CHECKING:
    from monitoring.scores import NewScore

log = structlog.get_logger("callboard.ingest")

# What people write, as opposed to what an application's code chooses.
_WRITTEN = {"error", "trace_name", "status_message"}
# Names that numbers hang on; they are never changed.
_NAMES = frozenset(
    {name for fact, names in FACTS.items() if fact not in {"session", "user", *_WRITTEN} for name in names}
    | {name for name, _ in KINDS}
)
_IDS = frozenset({*FACTS["session"], *FACTS["user"]})
_FIXED = _NAMES | _IDS
_DETAILS = frozenset({*FACTS["usage_details"], *FACTS["cost_details"]})
# What a project that keeps numbers only still keeps as text, beyond names and ids.
_DESCRIPTIVE = frozenset({
    "gen_ai.response.id", "gen_ai.output.type", "gen_ai.tool.name", "gen_ai.tool.type", "gen_ai.tool.call.id",
    "gen_ai.agent.name", "gen_ai.agent.id", *FACTS["error"],
})  # fmt: skip
_LONGEST_NAME = 200
# Plain numbers, because arithmetic with enums costs a microsecond each time.
_MASKED, _WITHHELD = int(Mark.MASKED), int(Mark.WITHHELD)
_CARD_FROM = 10**12
_HIDDEN_ID = re.compile("id:[a-p]{10}")


class Masker:
    """Applies the policy of one project; holds no state of a batch, so threads share it.

    Without a policy everything that could be sensitive is withheld: then the settings could not be read.
    """

    def __init__(self, policy: Policy | None, *, key: bytes) -> None:
        self._is_broken = policy is None
        self._policy = policy or Policy(is_metrics_only=True, ids=IdMode.HASH)
        self._texts = TextMasker(self._policy, key=key)

    def apply(self, spans: Iterable[RawSpan]) -> None:
        """Mask the spans in place and mark them; a span that cannot be masked loses its content and is stored without."""
        seen: set[int] = set()
        for span in spans:
            try:
                self._apply(span, seen)
            except Exception as error:
                # The edge of one span. Neither the message nor the traceback is logged: both may quote the text.
                log.error("a span could not be masked, its content is withheld", error=type(error).__name__)
                self._withhold(span)

    def score(self, score: NewScore) -> NewScore:
        """Return feedback with its texts masked; what cannot be masked is withheld."""
        try:
            return self._score(score)
        except Exception as error:
            log.error("feedback could not be masked, its texts are withheld", error=type(error).__name__)
            return replace(
                score, comment="", string_value=score.string_value and WITHHELD, user_id=self._hidden(score.user_id)
            )

    def _score(self, score: NewScore) -> NewScore:
        changes: dict[str, Any] = {"user_id": self._id(score.user_id)} if score.user_id else {}
        if score.comment:
            changes["comment"] = "" if self._policy.is_metrics_only else self._field(score.comment, "")
        if score.string_value:
            is_content = self._policy.is_metrics_only and score.data_type != "category"
            changes["string_value"] = WITHHELD if is_content else self._field(score.string_value, "")
        return replace(score, **changes) if changes else score

    def text(self, text: str) -> str:
        """Return what would be stored of a text."""
        return WITHHELD if self._policy.is_metrics_only else self._field(text, "")

    def pieces(self, masked: str) -> list[tuple[str, bool]]:
        """Return a masked text in pieces, each with whether it stands for something that was replaced."""
        return self._texts.pieces(masked)

    def _apply(self, span: RawSpan, seen: set[int]) -> None:
        if self._is_broken:
            self._withhold(span)
            return
        if self._policy.ids is not IdMode.KEEP:
            self._hide_ids(span)
        if self._policy.is_metrics_only and _strip(span):
            span.marks |= _WITHHELD
        if self._texts.changes_nothing:
            return
        if id(span.resource) not in seen:
            seen.add(id(span.resource))
            self._mask_values(span.resource, span)
        if self._texts.may_hold(_joined(span)):
            self._mask(span)

    def _mask(self, span: RawSpan) -> None:
        span.name = self._masked(span.name, "", span)
        span.scope = self._masked(span.scope, "", span)
        span.status_message = self._masked(span.status_message, "", span)
        self._mask_values(span.attributes, span)
        span.events = [
            RawEvent(self._masked(event.name, "", span), event.at_ns, self._mask_values(event.attributes, span))
            for event in span.events
        ]
        for link in span.links:
            self._mask_values(link["attributes"], span)

    def _mask_values(self, values: dict[str, Any], span: RawSpan) -> dict[str, Any]:
        for key, value in values.items():
            if key not in _FIXED and value:
                values[key] = self._masked(value, key, span)
        return values

    def _masked(self, value: Any, name: str, span: RawSpan) -> Any:
        if not value:
            return value
        masked = self._field(value, name)
        if masked is not value and masked != value:
            span.marks |= _WITHHELD if masked == WITHHELD else _MASKED
        return masked

    def _field(self, value: Any, name: str) -> Any:
        try:
            return self._texts.value(value, name=name)
        except FieldWithheld:
            return WITHHELD

    def _hide_ids(self, span: RawSpan) -> None:
        for values in _all_values(span):
            for key in _IDS & values.keys():
                values[key] = self._id(str(values[key]))
                span.marks |= _MASKED

    def _id(self, sent: str) -> str:
        if self._policy.ids is IdMode.KEEP:
            return sent
        return "" if self._policy.ids is IdMode.DROP else self._hidden(sent)

    def unit(self, sent: str) -> str:
        """Return what would be stored of the id of a user or a session; empty where ids are dropped."""
        return self._id(sent)

    def hidden_id(self, sent: str) -> str:
        """Return the short code that stands for an id where ids are hidden, whatever the policy says."""
        return self._hidden(sent)

    def _hidden(self, sent: str) -> str:
        is_hidden_before = not sent or bool(_HIDDEN_ID.fullmatch(sent))
        return sent if is_hidden_before else f"id:{self._texts.hashed(sent)}"

    def _withhold(self, span: RawSpan) -> None:
        """Leave nothing of a span but its numbers and the names and ids that these hang on."""
        _strip(span)
        span.name, span.scope, span.marks = WITHHELD, "", span.marks | _WITHHELD
        span.resource = {key: value for key, value in span.resource.items() if key in _NAMES}
        for values in _all_values(span):
            for key in _IDS & values.keys():
                values[key] = self._hidden(str(values[key]))


def _joined(span: RawSpan) -> str:
    """Return all texts of a span as one, so that most spans need a single look."""
    pieces = [span.name, "\n", span.scope, "\n", span.status_message, "\n"]
    _join(span.attributes, pieces)
    for event in span.events:
        pieces += (event.name, "\n")
        _join(event.attributes, pieces)
    for link in span.links:
        _join(link["attributes"], pieces)
    return "".join(pieces)


def _all_values(span: RawSpan) -> Iterator[dict[str, Any]]:
    yield span.attributes
    yield span.resource
    yield from (event.attributes for event in span.events)
    yield from (link["attributes"] for link in span.links)


def _join(values: dict[str, Any], pieces: list[str]) -> None:
    for key, value in values.items():
        kind = type(value)
        if kind is str:
            if key not in _FIXED:
                pieces += (key, "=", value, "\n")
        elif kind is int:
            if value >= _CARD_FROM:
                pieces += (str(value), "\n")
        elif kind is list or kind is dict:
            pieces += (key, "=", orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode(), "\n")


def _strip(span: RawSpan) -> bool:
    """Take away everything that can be content, and tell whether there was any: names, ids and numbers stay."""
    kept = {key: value for key, value in span.attributes.items() if _is_kept(key, value)}
    had_content = len(kept) < len(span.attributes) or bool(span.events or span.status_message)
    span.attributes, span.status_message = kept, ""
    # Some clients send numbers of a call as events: its tokens, and when the first piece of the answer came.
    span.events = [
        RawEvent(
            event.name, event.at_ns, {key: value for key, value in event.attributes.items() if _is_kept(key, value)}
        )
        for event in span.events
        if event.name == DETAILS or event.name in FIRST_PIECES
    ]
    span.links = [{**link, "attributes": {}} for link in span.links]
    return had_content


def _is_kept(key: str, value: Any) -> bool:
    if isinstance(value, bool | int | float) or value is None:
        return True
    if key in _DETAILS:
        return _holds_numbers_alone(value)
    if key not in _FIXED and key not in _DESCRIPTIVE:
        return False
    if key in FACTS["error"]:
        return isinstance(value, str) and value.replace(".", "").replace("_", "").isalnum()
    texts = value if isinstance(value, list) else [value]
    return all(isinstance(text, str) and len(text) <= _LONGEST_NAME for text in texts)


def _holds_numbers_alone(value: Any) -> bool:
    found = loaded(value)
    pending = list(found.values()) if isinstance(found, dict) else [found]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            pending += item.values()
        elif not isinstance(item, bool | int | float) and item is not None:
            return False
    return True
