"""Looks at calls: gathers what the detectors need to see, asks them all, and makes the rows that are stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np
import structlog
from django.utils import timezone
from numpy.typing import NDArray
from pgvector import HalfVector

from monitoring import embeddings, input_texts
from monitoring.analysis import baselines, detecting, schemas, segments, sessions, settings, surroundings, texts
from monitoring.analysis.calls import Call
from monitoring.analysis.models import CallAnalysis
from monitoring.analysis.sessions import Before
from monitoring.analysis.settings import DetectorChoice
from monitoring.detectors import catalogue, languages
from monitoring.models import Span

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

log = structlog.get_logger("callboard.analysis")

# Which cluster each vector belongs to, in the space of the version; None for those of no known one.
Assign = Callable[[NDArray[np.float32], str], Sequence[int | None]]

KEPT_CHARS = 500
_COPIED = (
    "project_id", "start_day", "trace_id", "span_id", "duration_ns", "ttft_ns", "cost_nano_usd", "input_tokens", "output_tokens",
    "prompt_name", "prompt_version", "environment", "release", "service", "model", "user_id", "session_id", "arm", "status",
    "rollout_id", "unit_bucket",
)  # fmt: skip
_LANGUAGE_CHARS = 4_000


def unassigned(vectors: NDArray[np.float32], version: str) -> Sequence[int | None]:
    """Assign nothing to any cluster."""
    return [None] * len(vectors)


def draw_of(trace_id: UUID) -> int:
    """Return the lot of a trace: a number below 2^32 that depends on nothing but its id."""
    return int.from_bytes(sha256(trace_id.bytes).digest()[:4], "big")


@dataclass(frozen=True, slots=True)
class _About:
    """What calls were about: their texts and vectors, in the space of the version."""

    asked: list[str]
    vectors: NDArray[np.float32]
    version: str


def rows(spans: Sequence[Span], *, assign: Assign = unassigned) -> list[CallAnalysis]:
    """Return what is found in whole calls of one project, in their order, as rows that are not stored yet.

    EmbeddingWaits when the model that the project chose does not answer: then nothing is found, and the calls wait.
    """
    if not spans:
        return []
    about = _about(spans)
    clusters = assign(about.vectors, about.version)
    segment_keys = segments.keys_of(spans[0].project_id)
    choices, validators = settings.of(spans[0].project_id), schemas.of_calls(spans)
    kept = [asked[:KEPT_CHARS] for asked in about.asked]
    before = sessions.before(spans, kept, about.vectors, version=about.version)
    found = []
    for place, (span, around) in enumerate(zip(spans, surroundings.of_calls(spans), strict=True)):
        row = _of_topic(span, about, place, clusters[place])
        row.segment = segments.of_call(span.metadata, segment_keys)
        try:
            _detect(row, _call(span, texts.read(span, around), before[place], validators), choices)
        except Exception:
            # The edge of one call: whatever is wrong with its texts, the others are looked at, and it is never tried for ever.
            log.exception("a call cannot be looked at", project_id=span.project_id, trace_id=span.trace_id.hex)
        found.append(row)
    return found


def _about(spans: Sequence[Span]) -> _About:
    inputs = [input_texts.of_call(span) for span in spans]
    embedder = embeddings.for_project(spans[0].project_id)
    return _About(["\n".join(parts) for parts in inputs], input_texts.vectors(inputs, embedder.embed), embedder.version)


def _of_topic(span: Span, about: _About, place: int, cluster_id: int | None) -> CallAnalysis:
    """Return the row of a call with what it was about, and no findings yet."""
    asked = about.asked[place]
    return CallAnalysis(
        **_facts(span), text=asked[:KEPT_CHARS], embedding=HalfVector(about.vectors[place]) if asked else None,
        embedding_version=about.version, cluster_id=cluster_id if asked else None,
        # Not the default of the database, which Django takes apart anew for every row.
        analysed_at=timezone.now(),
    )  # fmt: skip


def _detect(row: CallAnalysis, call: Call, choices: Mapping[str, DetectorChoice]) -> None:
    found = detecting.look(call, choices)
    language = languages.language_of(call.texts.parts.input[:_LANGUAGE_CHARS])
    row.flags, row.findings = int(found.flags), found.findings or None
    row.detectors_version, row.language = catalogue.version(), language.code if language else ""


def _call(
    span: Span, said: texts.Texts, before: Before, validators: Mapping[tuple[str, int], Validator]
) -> Call:  # fmt: skip
    validator = validators.get((span.prompt_name, span.prompt_version))
    if validator is None and said.wants_json:
        validator = schemas.any_json()
    known = baselines.at(project_id=span.project_id, moment=span.sort_at)
    return Call(
        texts=said, has_failed=span.is_error, duration_seconds=span.duration_ns / 1e9,
        ttft_seconds=None if span.ttft_ns is None else span.ttft_ns / 1e9, input_tokens=span.input_tokens,
        output_tokens=span.output_tokens, cost_nano_usd=span.cost_nano_usd, hour=span.sort_at.hour,
        is_in_session=before.is_follow_up, likeness=before.likeness, validator=validator,
        usual=known.of(prompt_name=span.prompt_name, model=span.model),
    )  # fmt: skip


def _facts(span: Span) -> dict[str, Any]:
    """Return what problems are told apart by, as the call says it."""
    return {"call_at": span.sort_at, "draw": draw_of(span.trace_id), **{name: getattr(span, name) for name in _COPIED}}
