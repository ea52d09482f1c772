"""What may be wrong with an answer: each function is one detector over one call."""

from __future__ import annotations

from monitoring.analysis.calls import ERROR, NOT_FOUND, OUTPUT, Call, Found, in_part
from monitoring.detectors import (
    contradiction,
    errors,
    groundedness,
    json_answers,
    languages,
    leaks,
    refusal,
    texts,
    verbosity,
)
from monitoring.detectors.error_phrases import Failure
from monitoring.detectors.findings import Finding

# Claims are checked one by one against everything that was given: the most expensive look of all.
_CHECKED_OUTPUT, _CHECKED_CONTEXT, _CHECKED_QUESTION = 6_000, 16_000, 1_000
_FEWEST_CLAIMED_WORDS = 6
_TOLD_BY_PROVIDER = 0.95
_CUT_OFF_REASONS = frozenset({"length", "max_tokens", "model_length", "max_output_tokens"})


def refused(call: Call) -> Found:
    """The answer refuses, refuses in part or dodges."""
    output, told = call.texts.parts.output, call.texts
    finding = refusal.score(
        output, finish_reason=told.finish_reason, refusal=told.refusal, calls_tools=told.calls_tools
    )
    if not output.strip() and finding.probability < _TOLD_BY_PROVIDER:
        # Silence is a finding of its own.
        return NOT_FOUND
    return in_part(OUTPUT, finding, length=len(output))


def unsupported(call: Call) -> Found:
    """The answer says what the documents do not say, or says something though none was found."""
    parts = call.texts.parts
    if call.has_failed or not parts.output.strip():
        return NOT_FOUND
    if not parts.context.strip():
        return _out_of_nothing(call) if call.texts.has_searched else NOT_FOUND
    finding = groundedness.check(
        parts.output[:_CHECKED_OUTPUT], parts.context[:_CHECKED_CONTEXT], question=parts.input[:_CHECKED_QUESTION]
    )
    return in_part(OUTPUT, finding)


def contradicted(call: Call) -> Found:
    """The answer says otherwise than the call expected."""
    if not call.texts.expected:
        return NOT_FOUND
    return in_part(OUTPUT, contradiction.check(call.texts.parts.output, call.texts.expected))


def leaked_data(call: Call) -> Found:
    """The answer holds personal data that the model was not given."""
    return in_part(OUTPUT, leaks.given_away(call.texts.parts.output, call.texts.given))


def failed(call: Call) -> Found:
    """The call, or a tool that it asked for, ended in an error."""
    message = call.texts.parts.error
    if not call.has_failed and not message:
        return NOT_FOUND
    found = errors.diagnose(status_code=call.texts.status_code, error_type=call.texts.error_type, message=message)
    places = in_part(ERROR, Finding(found.probability, True, found.evidence), length=len(message)).places
    if not places and message:
        places = ((ERROR, 0, len(message), (found.failure or Failure.OTHER).value),)
    return Found(max(found.probability, 0.9), places)


def empty(call: Call) -> Found:
    """The answer holds no words and calls no tool."""
    said = call.texts
    if call.has_failed or said.calls_tools or said.parts.output.strip() or said.refusal or not said.is_recorded:
        return NOT_FOUND
    # An application may record the question alone; then only the count of tokens tells that there was no answer.
    is_known = call.output_tokens == 0 or said.finish_reason != "" or said.has_answer
    return Found(0.95, ((OUTPUT, 0, 0, "holds no words"),)) if is_known else NOT_FOUND


def cut_off(call: Call) -> Found:
    """The answer stopped because it reached the most tokens it may have."""
    output, most = call.texts.parts.output, call.texts.max_tokens
    is_told = call.texts.finish_reason.strip().lower() in _CUT_OFF_REASONS
    is_full = not call.texts.finish_reason and most is not None and most > 1 and call.output_tokens == most
    if not is_told and not is_full:
        return NOT_FOUND
    tail = max(0, len(output) - 40)
    places = ((OUTPUT, tail, len(output), "ends where no more tokens were allowed"),) if output else ()
    return Found(0.97 if is_told else 0.8, places)


def wrong_language(call: Call) -> Found:
    """The answer is in another language than the question."""
    parts = call.texts.parts
    return in_part(OUTPUT, languages.another(parts.input[:4_000], parts.output[:4_000], told=call.texts.given[:8_000]))


def bad_format(call: Call) -> Found:
    """The answer is not in the form that the prompt demands."""
    output = call.texts.parts.output
    if call.validator is None or call.has_failed or call.texts.calls_tools or not output.strip():
        return NOT_FOUND
    return in_part(OUTPUT, json_answers.follows(output, call.validator))


def repeated(call: Call) -> Found:
    """The answer says the same again and again."""
    return in_part(OUTPUT, verbosity.repetition(call.texts.parts.output))


def _out_of_nothing(call: Call) -> Found:
    """Judge an answer for which documents were looked for and none was found: whatever it claims rests on nothing."""
    output = call.texts.parts.output
    if refused(call).probability >= 0.3:
        return NOT_FOUND
    claimed = [
        (start, end) for start, end, _ in groundedness.claiming(texts.plain(output))
        if len(texts.words(output[start:end])) >= _FEWEST_CLAIMED_WORDS
    ]  # fmt: skip
    if not claimed:
        return NOT_FOUND
    return Found(0.9, tuple((OUTPUT, start, end, "no document was found for this") for start, end in claimed[:12]))
