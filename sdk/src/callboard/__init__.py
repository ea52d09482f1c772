"""Callboard's client: prompts that keep working offline, traces of LLM calls, and feedback.

Everything here works without constructing anything; settings come from `CALLBOARD_*` environment variables.
"""

from callboard.client import Callboard
from callboard.contexts import context, continue_trace, inject, traceparent
from callboard.errors import (
    CallboardError,
    MissingVariables,
    PromptAccessRefused,
    PromptDeleted,
    PromptError,
    PromptNotFound,
    PromptTypeMismatch,
    PromptUnavailable,
    WebhookNotVerified,
)
from callboard.package_functions import (
    create_trace_id,
    current_span,
    feedback,
    feedback_token,
    flush,
    observe,
    outcome,
    prompts,
    run_experiment,
    shutdown,
    span,
    stats,
)
from callboard.prompt_models import Prompt
from callboard.spans import Span
from callboard.version import __version__
from callboard.webhooks import verify_webhook

__all__ = [
    "Callboard",
    "CallboardError",
    "MissingVariables",
    "Prompt",
    "PromptAccessRefused",
    "PromptDeleted",
    "PromptError",
    "PromptNotFound",
    "PromptTypeMismatch",
    "PromptUnavailable",
    "Span",
    "WebhookNotVerified",
    "__version__",
    "context",
    "continue_trace",
    "create_trace_id",
    "current_span",
    "feedback",
    "feedback_token",
    "flush",
    "inject",
    "observe",
    "outcome",
    "prompts",
    "run_experiment",
    "shutdown",
    "span",
    "stats",
    "traceparent",
    "verify_webhook",
]
