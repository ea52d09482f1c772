"""Says in plain sentences what differs between two contents of a prompt."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from prompt_registry import diffs, oddities, setting_changes
from prompt_registry.alignments import align
from prompt_registry.contents import TEXT, Message, Placeholder, PromptContent, Variable
from prompt_registry.model_settings import FIELDS, LABELS, PromptSettings

ADDED = "added"
REMOVED = "removed"
CHANGED = "changed"
MOVED = "moved"
ODD = "odd"
_NOT_SET = "not set"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference in one sentence."""

    kind: str
    sentence: str


@dataclass(frozen=True, slots=True)
class MessagePair:
    """A message before and after; one of them is missing when it was added or removed. Places count from 1."""

    before: Message | Placeholder | None
    after: Message | Placeholder | None
    before_place: int = 0
    after_place: int = 0
    is_moved: bool = False

    @property
    def label(self) -> str:
        """What the message is called: the new name where there is one."""
        present = self.after or self.before
        return present.label if present else ""

    @property
    def is_same(self) -> bool:
        return self.before == self.after

    @property
    def rows(self) -> list[diffs.Row]:
        """The readable comparison of the two texts."""
        return diffs.compare(_content(self.before), _content(self.after))


def describe(*, before: PromptContent | None, after: PromptContent) -> list[Change]:
    """Return every difference as a sentence; nothing at all when the two are the same."""
    earlier = before or PromptContent(type=after.type)
    return [
        *_message_changes(earlier, after),
        *_variable_changes(earlier, after),
        *_setting_changes(earlier.settings, after.settings),
        *_odd_changes(earlier, after),
    ]


def pairs(before: PromptContent, after: PromptContent) -> list[MessagePair]:
    """Return the messages of both sides, each beside the one it became, in the order of the new version."""
    if after.type == TEXT:
        old, new = (Message("text", content.text) if content.text else None for content in (before, after))
        return [MessagePair(old, new, 1, 1)]
    return _ordered(_matched(before.messages, after.messages))


Messages = tuple[Message | Placeholder, ...]


def _matched(old: Messages, new: Messages) -> Iterator[MessagePair]:
    kept = [
        (a, b)
        for block in align([repr(item) for item in old], [repr(item) for item in new])
        if block.is_same
        for a, b in zip(range(block.a_start, block.a_end), range(block.b_start, block.b_end), strict=True)
    ]
    left_old = [place for place in range(len(old)) if place not in {a for a, _ in kept}]
    left_new = [place for place in range(len(new)) if place not in {b for _, b in kept}]
    for a, b in kept:
        yield MessagePair(old[a], new[b], a + 1, b + 1)
    for is_match in (_is_equal, _has_same_content, _has_same_role):
        for a, b in _take(left_old, left_new, old, new, is_match):
            yield MessagePair(old[a], new[b], a + 1, b + 1, is_moved=is_match is _is_equal)
    for a in left_old:
        yield MessagePair(old[a], None, a + 1, 0)
    for b in left_new:
        yield MessagePair(None, new[b], 0, b + 1)


def _take(
    left_old: list[int], left_new: list[int], old: Messages, new: Messages,
    is_match: Callable[[Message | Placeholder, Message | Placeholder], bool],
) -> Iterator[tuple[int, int]]:  # fmt: skip
    for a in list(left_old):
        b = next((place for place in left_new if is_match(old[a], new[place])), None)
        if b is not None:
            left_old.remove(a)
            left_new.remove(b)
            yield a, b


def _is_equal(old: Message | Placeholder, new: Message | Placeholder) -> bool:
    return old == new


def _has_same_content(old: Message | Placeholder, new: Message | Placeholder) -> bool:
    return isinstance(old, Message) and isinstance(new, Message) and old.content == new.content


def _has_same_role(old: Message | Placeholder, new: Message | Placeholder) -> bool:
    return old.label == new.label


def _ordered(found: Iterator[MessagePair]) -> list[MessagePair]:
    return sorted(found, key=lambda pair: (pair.after_place or pair.before_place, not pair.after_place))


def _content(message: Message | Placeholder | None) -> str:
    if message is None:
        return ""
    return message.content if isinstance(message, Message) else message.name


def _message_changes(before: PromptContent, after: PromptContent) -> Iterator[Change]:
    if after.type == TEXT:
        if before.text != after.text:
            yield Change(CHANGED if before.text else ADDED, _wording("the text", before.text, after.text))
        return
    for pair in pairs(before, after):
        yield from _pair_changes(pair)


def _pair_changes(pair: MessagePair) -> Iterator[Change]:
    old, new = pair.before, pair.after
    if old is None:
        name = f" «{new.name}»" if isinstance(new, Placeholder) else ""
        yield Change(ADDED, f"Adds message {pair.after_place}: {pair.label}{name}.")
    elif new is None:
        yield Change(REMOVED, f"Removes message {pair.before_place}: {pair.label}.")
    elif pair.is_moved:
        yield Change(MOVED, f"Moves «{pair.label}» from place {pair.before_place} to place {pair.after_place}.")
    elif old.label != new.label:
        yield Change(CHANGED, f"Message {pair.after_place} is now «{new.label}»; it was «{old.label}».")
    elif isinstance(old, Placeholder) and isinstance(new, Placeholder) and old != new:
        yield Change(CHANGED, f"The inserted conversation «{old.name}» is now called «{new.name}».")
    elif old != new:
        yield Change(CHANGED, _wording(f"message {pair.after_place} ({new.label})", _content(old), _content(new)))


def _wording(what: str, before: str, after: str) -> str:
    added, removed = diffs.counts(before, after)
    if not added and not removed:
        return f"Changes only punctuation, spaces or line breaks in {what}."
    parts = [f"{verb} {_words(count)}" for verb, count in (("adds", added), ("removes", removed)) if count]
    return f"Changes {what}: {' and '.join(parts)}."


def _words(count: int) -> str:
    return f"{count:,} word{'' if count == 1 else 's'}"


def _variable_changes(before: PromptContent, after: PromptContent) -> Iterator[Change]:
    old = {variable.name: variable for variable in before.variables}
    new = {variable.name: variable for variable in after.variables}
    yield from (Change(ADDED, f"Adds the blank «{name}».") for name in new if name not in old)
    yield from (Change(REMOVED, f"Removes the blank «{name}».") for name in old if name not in new)
    for name in new:
        if name in old and old[name] != new[name]:
            yield Change(CHANGED, _description(old[name], new[name]))


def _description(old: Variable, new: Variable) -> str:
    if old.required != new.required:
        return f"The blank «{new.name}» {'must be filled now' if new.required else 'may stay empty now'}."
    parts = [
        what
        for what, is_other in (
            ("meaning", old.description != new.description),
            ("sample", old.sample != new.sample),
            ("kind", old.kind != new.kind),
            ("list of choices", old.kind == new.kind and old.choices != new.choices),
        )
        if is_other
    ]
    return f"Changes the {' and the '.join(parts)} of the blank «{new.name}»; applications notice nothing."


def _setting_changes(before: PromptSettings, after: PromptSettings) -> Iterator[Change]:
    # Only what is set is listed: zero is a value, an empty text is none.
    old, new = before.to_json(), after.to_json()
    for name, label, _ in FIELDS:
        if old.get(name) == new.get(name):
            continue
        if name in setting_changes.LONG:
            found = setting_changes.sentences(name, label, old.get(name), new.get(name))
            yield from (Change(kind, sentence) for kind, sentence in found)
        else:
            yield Change(CHANGED, f"{label}: {_shown(old.get(name))} → {_shown(new.get(name))}.")


def setting_pairs(before: PromptContent, after: PromptContent) -> list[MessagePair]:
    """Return the settings that are whole documents and differ, as texts to compare line by line."""
    old, new = setting_changes.documents(before.settings.to_json()), setting_changes.documents(after.settings.to_json())
    differing = [name for name in setting_changes.LONG if old.get(name) != new.get(name)]
    return [MessagePair(_document(name, old), _document(name, new)) for name in differing]


def _document(name: str, documents: Mapping[str, str]) -> Message | None:
    return Message(LABELS[name], documents[name]) if name in documents else None


def _shown(value: Any) -> str:
    if value is None:
        return _NOT_SET
    if isinstance(value, list):
        return ", ".join(f"«{word}»" for word in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _odd_changes(before: PromptContent, after: PromptContent) -> Iterator[Change]:
    known = {(oddity.kind, oddity.text) for text in before.texts for oddity in oddities.find(text)}
    for text in after.texts:
        for oddity in oddities.find(text):
            if (oddity.kind, oddity.text) not in known:
                yield Change(ODD, f"Adds {name_oddity(oddity)}.")


def name_oddity(oddity: oddities.Oddity) -> str:
    """Return what is odd, in words, with how often it occurs."""
    often = f", {oddity.count} times" if oddity.count > 1 else ""
    if oddity.kind == oddities.LOOK_ALIKE:
        return f"a word with a letter that only looks Latin: «{oddity.text}» has {oddity.name}{often}"
    kind = "turns the reading direction" if oddity.kind == oddities.DIRECTION else "nobody can see"
    return f"a character that {kind}: {oddity.name}{often}"
