"""Makes the lines of training data of stretches of traces: chosen, masked, checked, without doubles and without leaks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson
from django.db import connection

from evals.training import checks, choosing, reviewed, splits, tested
from evals.training.chats import Chat, of_call
from evals.training.choosing import Opinion
from evals.training.leaks import LeakIndex
from monitoring import masking_policies, trace_messages, trace_settings, walks
from monitoring.exports.calls import of_traces
from monitoring.exports.lines import json_line
from monitoring.exports.models import Export, ExportKind
from monitoring.kinds import Kind, MaskMode
from monitoring.masking_policies import Choices
from monitoring.models import Span, Trace

_AT_ONCE = 50
_REVIEWED = "reviewed"
_BYTES_PER_TOKEN = 4

# The side of the split, what goes into the file, and how it is known from others.
_Line = tuple[str, dict[str, Any], bytes]


def maker_of(export: Export) -> TrainingLines:
    """Return what makes the lines of an export of training data."""
    return PreferenceLines(export) if export.kind == ExportKind.PREFERENCES else TuningLines(export)


@dataclass
class TrainingLines:
    """What both kinds of training data have in common."""

    export: Export

    @property
    def traces_at_once(self) -> int:
        return walks.BATCH

    @property
    def files(self) -> Sequence[str]:
        return (splits.TRAIN, splits.VALIDATION)

    def head(self, file: str) -> bytes:
        return b""

    def lines(self, traces: Sequence[Trace], counts: dict[str, int]) -> Iterator[tuple[str, bytes]]:
        pending: list[_Line] = []
        for line in self._found(traces, counts):
            pending.append(line)
            if len(pending) >= _AT_ONCE:
                yield from self._once(pending, counts)
                pending = []
        yield from self._once(pending, counts)

    def _found(self, traces: Sequence[Trace], counts: dict[str, int]) -> Iterator[_Line]:
        raise NotImplementedError

    @cached_property
    def _mask(self) -> Callable[[str], str]:
        if not self.export.option("masks"):
            return lambda text: text
        mask = MaskMode.MASK.value
        every = Choices(mask, mask, mask, mask, mask, mask, "keep", False)
        rules = masking_policies.rules_of(self.export.project)
        return masking_policies.trial_masker(project=self.export.project, choices=every, rules=rules).text

    @cached_property
    def _tests(self) -> LeakIndex:
        return tested.index(self.export.project)

    def _calls(self, traces: Sequence[Trace]) -> Iterator[Span]:
        rows = of_traces(traces).filter(kind=Kind.LLM).exclude(output=None)
        rows = rows.defer("events", "metadata")
        return rows.iterator(chunk_size=_AT_ONCE)

    def _chat(self, span: Span) -> Chat | None:
        """Return the chat of a call with its texts masked."""
        sent = span.attribute_values()
        tools = trace_settings.settings_of(sent).get("tools") or sent.get("gen_ai.tool.definitions")
        return of_call(
            asked=trace_messages.conversation(span.input), text=span.input or "",
            answered=trace_messages.conversation(span.output), answer_text=span.output or "",
            tools=trace_messages.loaded(tools) if isinstance(tools, str) else tools, mask=self._mask,
        )  # fmt: skip

    def _side(self, span: Span) -> str:
        group = span.user_id or span.session_id or span.trace_id.hex
        return splits.side_of(group, share=float(self.export.option("validation_share") or 0), salt=str(self.export.pk))

    def _is_tested(self, chat: Chat, counts: dict[str, int]) -> bool:
        """Tell whether a test asks the same; its words stay out of what is trained on."""
        texts = [str(message.get("content") or "") for message in chat.messages if message["role"] != "system"]
        leak = self._tests.find(texts)
        if leak:
            _count(counts, "leaks_exact" if leak.is_exact else "leaks_near")
        return leak is not None

    def _once(self, lines: Sequence[_Line], counts: dict[str, int]) -> Iterator[tuple[str, bytes]]:
        """Yield the lines that are in no file yet; the database remembers them, however many there are."""
        new = self._remember([digest for _, _, digest in lines])
        for side, document, digest in lines:
            if digest not in new:
                _count(counts, "duplicates")
                continue
            new.discard(digest)
            line = json_line(document)
            _count(counts, side)
            _count(counts, "tokens", len(line) // _BYTES_PER_TOKEN)
            yield side, line

    def _remember(self, digests: Sequence[bytes]) -> set[bytes]:
        if not digests:
            return set()
        with connection.cursor() as cursor:
            cursor.execute(
                """
                INSERT INTO exported_text (export_id, project_id, digest) SELECT %s, %s, unnest(%s::bytea[])
                ON CONFLICT DO NOTHING RETURNING digest
                """,
                [self.export.pk, self.export.project_id, list(dict.fromkeys(digests))],
            )
            return {bytes(digest) for (digest,) in cursor.fetchall()}


class TuningLines(TrainingLines):
    """Chats with the wanted answer: the recorded one, or the better one that somebody gave."""

    def _found(self, traces: Sequence[Trace], counts: dict[str, int]) -> Iterator[_Line]:
        if not traces:
            return
        said = choosing.opinions(traces)
        for span in self._calls(traces):
            opinion = choosing.of_step(said, span.trace_id, span.span_id)
            if not opinion.passes(str(self.export.option("which"))):
                _count(counts, "not_chosen")
                continue
            chat = self._chat(span)
            document = self._wanted(chat, opinion) if chat else None
            if document is None or chat is None or checks.tuning_problems(document):
                _count(counts, "unusable")
            elif not self._is_tested(chat, counts):
                yield self._side(span), document, _digest(document)

    def _wanted(self, chat: Chat, opinion: Opinion) -> dict[str, Any]:
        better = self._mask(opinion.correction) if opinion.correction else ""
        return (chat.with_answer(better) if better else chat).tuning()


class PreferenceLines(TrainingLines):
    """Pairs: the correction against what was answered, a liked against a disliked answer, and what reviewers judged."""

    def _found(self, traces: Sequence[Trace], counts: dict[str, int]) -> Iterator[_Line]:
        if self.export.option("reviews") and _REVIEWED not in counts:
            counts[_REVIEWED] = 0
            yield from self._reviewed(counts)
        if not traces:
            return
        said = choosing.opinions(traces)
        for span in self._calls(traces):
            yield from self._pairs(span, choosing.of_step(said, span.trace_id, span.span_id), counts)

    def _reviewed(self, counts: dict[str, int]) -> Iterator[_Line]:
        share = float(self.export.option("validation_share") or 0)
        for group, chat, worse in reviewed.pairs(self.export.project, self._mask):
            document = chat.preference(worse)
            if checks.preference_problems(document):
                _count(counts, "unusable")
                continue
            counts[_REVIEWED] += 1
            yield splits.side_of(group, share=share, salt=str(self.export.pk)), document, _digest(document)

    def _pairs(self, span: Span, opinion: Opinion, counts: dict[str, int]) -> Iterator[_Line]:
        if not opinion.correction and not opinion.thumb:
            _count(counts, "not_chosen")
            return
        chat = self._chat(span)
        if chat is None:
            _count(counts, "unusable")
            return
        for better, worse in self._answers(span, chat, opinion, counts):
            document = better.preference(worse)
            if checks.preference_problems(document):
                _count(counts, "unusable")
            elif not self._is_tested(chat, counts):
                yield self._side(span), document, _digest(document)

    def _answers(
        self, span: Span, chat: Chat, opinion: Opinion, counts: dict[str, int]
    ) -> Iterator[tuple[Chat, dict[str, Any]]]:
        """Yield the better answer in its chat and the worse one; a call with a thumb alone waits for its counterpart."""
        if opinion.correction:
            yield chat.with_answer(self._mask(opinion.correction)), chat.answer
            return
        other = self._met(span, chat, opinion.thumb)
        if other is None:
            _count(counts, "without_counterpart")
        elif opinion.thumb > 0:
            counts["without_counterpart"] -= 1
            yield chat, other.answer
        else:
            counts["without_counterpart"] -= 1
            yield other, chat.answer

    def _met(self, span: Span, chat: Chat, thumb: int) -> Chat | None:
        """Return a call to the same input with the opposite thumb and take it, or let this one wait for such a call."""
        mine, wanted = (_side_of_pair(chat, one) for one in (thumb, -thumb))
        with connection.cursor() as cursor:
            cursor.execute(
                """
                DELETE FROM exported_text WHERE export_id = %s AND digest = %s RETURNING start_day, trace_id, span_id
                """,
                [self.export.pk, wanted],
            )
            found = cursor.fetchone()
            if found is None:
                cursor.execute(
                    """
                    INSERT INTO exported_text (export_id, project_id, digest, start_day, trace_id, span_id)
                    VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
                    """,
                    [self.export.pk, span.project_id, mine, span.start_day, span.trace_id, span.span_id],
                )
                return None
        day, trace_id, span_id = found
        other = Span.objects.filter(
            project_id=span.project_id, start_day=day, trace_id=trace_id, span_id=span_id
        ).first()
        return self._chat(other) if other else None


def _side_of_pair(chat: Chat, thumb: int) -> bytes:
    return hashlib.blake2b((b"up " if thumb > 0 else b"down ") + chat.asked, digest_size=16).digest()


def _digest(document: dict[str, Any]) -> bytes:
    return hashlib.blake2b(orjson.dumps(document, option=orjson.OPT_SORT_KEYS), digest_size=16).digest()


def _count(counts: dict[str, int], name: str, more: int = 1) -> None:
    counts[name] = counts.get(name, 0) + more
