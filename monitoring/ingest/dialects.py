"""Where each fact about a step is found: attribute names in order of precedence. One source wins; values are never joined.

The names of the OpenTelemetry GenAI conventions (current and older), OpenInference, OpenLLMetry, Langfuse, the Vercel AI SDK,
pydantic-ai and Logfire, MLflow and Google's ADK. To read another dialect, add its names here.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

from monitoring.kinds import Kind

# A fact about a step, and the attributes that tell it.
FACTS: dict[str, tuple[str, ...]] = {
    "model": (
        "langfuse.observation.model.name", "gen_ai.response.model", "ai.response.model", "ai.model.id", "gen_ai.request.model",
        "llm.response.model_name", "llm.response.model", "llm.model_name", "llm.request.model_name", "embedding.model_name",
        "reranker.model_name", "model",
    ),
    "provider": ("gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system", "ai.model.provider"),
    "input_tokens": (
        "gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.token_count.prompt", "llm.usage.prompt_tokens",
        "ai.usage.inputTokens", "ai.usage.promptTokens", "ai.usage.tokens",
    ),
    "output_tokens": (
        "gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.token_count.completion",
        "llm.usage.completion_tokens", "ai.usage.outputTokens", "ai.usage.completionTokens",
    ),
    "cache_read_tokens": (
        "gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens",
        "llm.token_count.prompt_details.cache_read", "llm.token_count.prompt_details.cache_input", "ai.usage.cachedInputTokens",
    ),
    "cache_write_tokens": (
        "gen_ai.usage.cache_write.input_tokens", "gen_ai.usage.cache_creation.input_tokens",
        "gen_ai.usage.cache_creation_input_tokens", "llm.token_count.prompt_details.cache_write",
    ),
    "reasoning_tokens": (
        "gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens", "llm.token_count.completion_details.reasoning",
        "ai.usage.reasoningTokens",
    ),
    # JSON objects that hold all counts, or all costs, of a call: they win over the single attributes.
    "usage_details": ("langfuse.observation.usage_details",),
    "cost_details": ("langfuse.observation.cost_details",),
    "cost": ("gen_ai.usage.cost", "llm.cost.total"),
    "cost_of_input": ("llm.cost.prompt",),
    "cost_of_output": ("llm.cost.completion",),
    # The time to the first piece of an answer: as a moment, in seconds, in milliseconds.
    "first_piece_at": ("langfuse.observation.completion_start_time",),
    "first_piece_seconds": ("gen_ai.response.time_to_first_chunk", "gen_ai.server.time_to_first_token"),
    "first_piece_ms": ("ai.response.msToFirstChunk", "ai.stream.msToFirstChunk"),
    "finish_reason": (
        "gen_ai.response.finish_reasons", "llm.finish_reason", "gen_ai.response.finish_reason", "gen_ai.response.stop_reason",
        "ai.response.finishReason", "ai.finishReason",
    ),
    "session": (
        "langfuse.session.id", "session.id", "gen_ai.conversation.id", "ai.telemetry.metadata.sessionId",
        "traceloop.association.properties.session_id", "langfuse.trace.session_id",
    ),
    "user": (
        "langfuse.user.id", "user.id", "enduser.id", "ai.telemetry.metadata.userId", "traceloop.association.properties.user_id",
        "gen_ai.user", "llm.user", "langfuse.trace.user_id",
    ),
    "environment": ("langfuse.environment", "deployment.environment.name", "deployment.environment"),
    "release": ("langfuse.release", "langfuse.version", "service.version"),
    "service": ("service.name",),
    "trace_name": ("langfuse.trace.name",),
    "prompt_name": (
        "langfuse.observation.prompt.name", "langfuse.prompt.name", "gen_ai.prompt.name", "prompt.id", "traceloop.prompt.key",
    ),
    "prompt_version": (
        "langfuse.observation.prompt.version", "langfuse.prompt.version", "gen_ai.prompt.version", "llm.prompt_template.version",
        "traceloop.prompt.version",
    ),
    "error": ("error.type", "exception.type"),
    "level": ("langfuse.observation.level",),
    "status_message": ("langfuse.observation.status_message",),
    "arm": ("callboard.rollout.arm",),
    "rollout_id": ("callboard.rollout.id",),
    "unit_bucket": ("callboard.rollout.bucket",),
}  # fmt: skip

_LANGFUSE_KINDS = {
    "generation": Kind.LLM, "embedding": Kind.EMBEDDING, "agent": Kind.AGENT, "tool": Kind.TOOL, "chain": Kind.CHAIN,
    "retriever": Kind.RETRIEVER, "evaluator": Kind.EVALUATOR, "guardrail": Kind.GUARDRAIL,
}  # fmt: skip
_OPENINFERENCE_KINDS = {
    "LLM": Kind.LLM, "CHAIN": Kind.CHAIN, "TOOL": Kind.TOOL, "RETRIEVER": Kind.RETRIEVER, "EMBEDDING": Kind.EMBEDDING,
    "AGENT": Kind.AGENT, "RERANKER": Kind.RERANKER, "GUARDRAIL": Kind.GUARDRAIL, "EVALUATOR": Kind.EVALUATOR,
    "PROMPT": Kind.CHAIN, "DECISION": Kind.CHAIN,
}  # fmt: skip
_OPERATIONS = {
    "chat": Kind.LLM, "generate_content": Kind.LLM, "text_completion": Kind.LLM, "embeddings": Kind.EMBEDDING,
    "retrieval": Kind.RETRIEVER, "execute_tool": Kind.TOOL, "create_agent": Kind.AGENT, "invoke_agent": Kind.AGENT,
    "invoke_workflow": Kind.CHAIN, "plan": Kind.CHAIN,
}  # fmt: skip
# The steps whose names end in «.doGenerate» and the like ask a model; the ones around them repeat their texts and tokens.
_VERCEL_OPERATIONS = {
    "ai.generateText": Kind.AGENT, "ai.streamText": Kind.AGENT, "ai.generateObject": Kind.CHAIN, "ai.streamObject": Kind.CHAIN,
    "ai.generateText.doGenerate": Kind.LLM, "ai.streamText.doStream": Kind.LLM, "ai.generateObject.doGenerate": Kind.LLM,
    "ai.streamObject.doStream": Kind.LLM, "ai.embed": Kind.CHAIN, "ai.embedMany": Kind.CHAIN, "ai.embed.doEmbed": Kind.EMBEDDING,
    "ai.embedMany.doEmbed": Kind.EMBEDDING, "ai.toolCall": Kind.TOOL,
}  # fmt: skip
_MLFLOW_KINDS = {"CHAT_MODEL": Kind.LLM, **_OPENINFERENCE_KINDS}

# What says of which kind a step is, and the words for it; an unknown word leaves the question to the next name.
KINDS: tuple[tuple[str, Mapping[str, Kind]], ...] = (
    ("callboard.kind", {kind.label: kind for kind in Kind}),
    ("langfuse.observation.type", _LANGFUSE_KINDS),
    ("openinference.span.kind", _OPENINFERENCE_KINDS),
    ("ai.operationId", _VERCEL_OPERATIONS),
    ("gen_ai.operation.name", _OPERATIONS),
    ("traceloop.span.kind", {"workflow": Kind.CHAIN, "task": Kind.CHAIN, "agent": Kind.AGENT, "tool": Kind.TOOL}),
    (
        "llm.request.type",
        {"chat": Kind.LLM, "completion": Kind.LLM, "embedding": Kind.EMBEDDING, "rerank": Kind.RERANKER},
    ),
    ("mlflow.spanType", _MLFLOW_KINDS),
)


class Shape(IntEnum):
    """How a text that went into or came out of a step is written down."""

    MESSAGES = 1  # a conversation in one attribute, as a list or as JSON
    EVENTS = 2  # a conversation in the events of the span
    FLAT = 3  # a list taken apart: `name.0.role`, `name.0.content`
    TEXT = 4  # text or JSON of any kind


# What went in and what came out, in order of precedence.
INPUT: tuple[tuple[str, Shape], ...] = (
    ("langfuse.observation.input", Shape.TEXT),
    ("gen_ai.input.messages", Shape.MESSAGES),
    ("events", Shape.EVENTS),
    ("gen_ai.prompt", Shape.FLAT),
    ("llm.input_messages", Shape.FLAT),
    ("ai.prompt.messages", Shape.MESSAGES),
    ("pydantic_ai.all_messages", Shape.MESSAGES),
    ("all_messages_events", Shape.MESSAGES),
    ("llm.prompts", Shape.FLAT),
    ("reranker.query", Shape.TEXT),
    ("gen_ai.tool.call.arguments", Shape.TEXT),
    ("tool_arguments", Shape.TEXT),
    ("gen_ai.retrieval.query.text", Shape.TEXT),
    ("input.value", Shape.TEXT),
    ("tool.parameters", Shape.TEXT),
    ("embedding.text", Shape.TEXT),
    ("embedding.embeddings", Shape.FLAT),
    ("traceloop.entity.input", Shape.TEXT),
    ("ai.prompt", Shape.TEXT),
    ("ai.toolCall.args", Shape.TEXT),
    ("ai.values", Shape.TEXT),
    ("ai.value", Shape.TEXT),
    ("mlflow.spanInputs", Shape.TEXT),
    ("gcp.vertex.agent.llm_request", Shape.TEXT),
    ("gcp.vertex.agent.tool_call_args", Shape.TEXT),
    ("request_data", Shape.TEXT),
    ("prompt", Shape.TEXT),
    ("genkit:input", Shape.TEXT),
    ("langfuse.trace.input", Shape.TEXT),
)
OUTPUT: tuple[tuple[str, Shape], ...] = (
    ("langfuse.observation.output", Shape.TEXT),
    ("gen_ai.output.messages", Shape.MESSAGES),
    ("events", Shape.EVENTS),
    ("gen_ai.completion", Shape.FLAT),
    ("llm.output_messages", Shape.FLAT),
    ("llm.choices", Shape.FLAT),
    ("retrieval.documents", Shape.FLAT),
    ("reranker.output_documents", Shape.FLAT),
    ("gen_ai.retrieval.documents", Shape.TEXT),
    ("gen_ai.tool.call.result", Shape.TEXT),
    ("tool_response", Shape.TEXT),
    ("output.value", Shape.TEXT),
    ("traceloop.entity.output", Shape.TEXT),
    ("ai.response.object", Shape.TEXT),
    ("ai.response.text", Shape.TEXT),
    ("ai.result.object", Shape.TEXT),
    ("ai.result.text", Shape.TEXT),
    ("ai.toolCall.result", Shape.TEXT),
    ("mlflow.spanOutputs", Shape.TEXT),
    ("gcp.vertex.agent.llm_response", Shape.TEXT),
    ("gcp.vertex.agent.tool_response", Shape.TEXT),
    ("final_result", Shape.TEXT),
    ("response_data", Shape.TEXT),
    ("genkit:output", Shape.TEXT),
    ("langfuse.trace.output", Shape.TEXT),
)

# Said beside the texts, and part of them. Logfire logs the messages of a call as one attribute with a list of events.
ASIDE: dict[str, tuple[str, ...]] = {
    "system": ("gen_ai.system_instructions",),
    "tool_calls": ("ai.response.toolCalls", "ai.result.toolCalls"),
    "events": ("events",),
}

# What the application added of its own: names below these, whole objects as JSON, and tags.
METADATA_PREFIXES = (
    "callboard.metadata.", "langfuse.trace.metadata.", "langfuse.observation.metadata.", "langfuse.metadata.",
    "traceloop.association.properties.", "ai.telemetry.metadata.",
)  # fmt: skip
METADATA_OBJECTS = ("metadata", "langfuse.trace.metadata", "langfuse.observation.metadata", "langfuse.metadata")
TAGS = ("callboard.tags", "langfuse.trace.tags", "langfuse.tags", "tag.tags")

# Pieces of flattened lists that nobody can read: the numbers of an embedding.
UNREADABLE = ("embedding.vector",)

# Libraries that record requests to servers and databases. A step of theirs that tells nothing about models is kept as a
# bare step, so that the tree of the trace holds together.
INFRASTRUCTURE = ("opentelemetry.instrumentation.", "@opentelemetry/instrumentation-", "io.opentelemetry.")
