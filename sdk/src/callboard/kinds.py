"""The kinds of span, and the operation name that OpenTelemetry has for each."""

from typing import Final

KINDS: Final = frozenset(
    {"llm", "chain", "tool", "retriever", "agent", "embedding", "reranker", "guardrail", "evaluator", "other"}
)
OPERATIONS: Final = {
    "llm": "chat",
    "embedding": "embeddings",
    "tool": "execute_tool",
    "retriever": "retrieval",
    "agent": "invoke_agent",
    "chain": "invoke_workflow",
}
# Names of other SDKs, so that code moves over by changing an import.
_OTHER_NAMES: Final = {"generation": "llm", "span": "chain", "event": "other", "workflow": "chain", "task": "chain"}
# Kinds that run on a prompt, and are therefore linked to the one in use.
RUNS_ON_PROMPT: Final = frozenset({"llm", "embedding"})


def normalise(kind: str | None, *, default: str = "chain") -> str:
    """Return the kind that this name means; an unknown name is `other`."""
    if kind is None:
        return default
    name = str(kind).lower()
    if name in KINDS:
        return name
    return _OTHER_NAMES.get(name, "other")
