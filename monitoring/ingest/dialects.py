"""Where each field is found: attribute names in order of precedence. One source wins; values are never concatenated."""

from __future__ import annotations

from monitoring.kinds import Kind

MODEL = (
    "gen_ai.response.model",
    "gen_ai.request.model",
    "llm.response.model_name",
    "llm.model_name",
    "llm.request.model_name",
    "embedding.model_name",
)
PROVIDER = ("gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system")
INPUT_TOKENS = ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.token_count.prompt")
OUTPUT_TOKENS = ("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.token_count.completion")
CACHE_READ_TOKENS = (
    "gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens",
    "llm.token_count.prompt_details.cache_read", "llm.token_count.prompt_details.cache_input",
)  # fmt: skip
CACHE_WRITE_TOKENS = (
    "gen_ai.usage.cache_write.input_tokens", "gen_ai.usage.cache_creation.input_tokens",
    "gen_ai.usage.cache_creation_input_tokens", "llm.token_count.prompt_details.cache_write",
)  # fmt: skip
REASONING_TOKENS = (
    "gen_ai.usage.reasoning.output_tokens",
    "gen_ai.usage.reasoning_tokens",
    "llm.token_count.completion_details.reasoning",
)
COST = ("gen_ai.usage.cost", "llm.cost.total")
TIME_TO_FIRST = ("gen_ai.response.time_to_first_chunk",)
SESSION = ("session.id", "gen_ai.conversation.id")
USER = ("user.id", "enduser.id")
ENVIRONMENT = ("deployment.environment.name", "deployment.environment")
RELEASE = ("service.version",)
PROMPT_NAME = ("gen_ai.prompt.name", "prompt.id")
PROMPT_VERSION = ("gen_ai.prompt.version", "llm.prompt_template.version")
ERROR = ("error.type", "exception.type")

# Payloads move into their own columns and leave the attributes, so that nothing large is stored twice.
GENAI_INPUT, GENAI_OUTPUT, GENAI_SYSTEM = (
    "gen_ai.input.messages",
    "gen_ai.output.messages",
    "gen_ai.system_instructions",
)
OPENINFERENCE_INPUT, OPENINFERENCE_OUTPUT = "llm.input_messages", "llm.output_messages"
PLAIN_INPUT = (
    "input.value",
    "gen_ai.tool.call.arguments",
    "gen_ai.retrieval.query.text",
    "tool.parameters",
    "reranker.query",
    "embedding.text",
)
PLAIN_OUTPUT = ("output.value", "gen_ai.tool.call.result", "gen_ai.retrieval.documents")
DOCUMENTS = "retrieval.documents"
PAYLOADS = frozenset({GENAI_INPUT, GENAI_OUTPUT, GENAI_SYSTEM, *PLAIN_INPUT, *PLAIN_OUTPUT})
PAYLOAD_PREFIXES = (f"{OPENINFERENCE_INPUT}.", f"{OPENINFERENCE_OUTPUT}.", f"{DOCUMENTS}.")

METADATA_PREFIX = "callboard.metadata."
TAGS = ("callboard.tags", "tag.tags")

KIND_BY_OWN_NAME = {kind.label: kind for kind in Kind}
KIND_BY_OPENINFERENCE = {
    "LLM": Kind.LLM, "CHAIN": Kind.CHAIN, "TOOL": Kind.TOOL, "RETRIEVER": Kind.RETRIEVER, "EMBEDDING": Kind.EMBEDDING,
    "AGENT": Kind.AGENT, "RERANKER": Kind.RERANKER, "GUARDRAIL": Kind.GUARDRAIL, "EVALUATOR": Kind.EVALUATOR,
}  # fmt: skip
KIND_BY_OPERATION = {
    "chat": Kind.LLM, "generate_content": Kind.LLM, "text_completion": Kind.LLM, "embeddings": Kind.EMBEDDING,
    "retrieval": Kind.RETRIEVER, "execute_tool": Kind.TOOL, "create_agent": Kind.AGENT, "invoke_agent": Kind.AGENT,
    "invoke_workflow": Kind.CHAIN, "plan": Kind.CHAIN,
}  # fmt: skip
