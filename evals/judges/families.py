"""Which models are relatives: a judge tends to like what its own family writes."""

from __future__ import annotations

import re
from collections.abc import Iterable

_FAMILIES = {
    "OpenAI": r"gpt|chatgpt|o[134](?:$|[-.])|davinci", "Claude": r"claude", "Gemini": r"gemini|gemma|palm",
    "Llama": r"llama|vicuna", "Mistral": r"mi[sx]tral|ministral|magistral|codestral|pixtral", "Qwen": r"qwen|qwq",
    "DeepSeek": r"deepseek", "Grok": r"grok", "Command": r"command|c4ai|aya", "Phi": r"phi-?\d", "Nova": r"nova-",
    "Kimi": r"kimi|moonshot", "GLM": r"glm", "simulated": r"simulated",
}  # fmt: skip
_PATTERNS = {name: re.compile(rf"(?:^|[/.:\-])(?:{words})", re.IGNORECASE) for name, words in _FAMILIES.items()}
# Models that think before they answer take no temperature, and their thoughts count as part of the answer.
_THINKS = re.compile(r"(?:^|/)(?:o[134](?:$|-)|gpt-5)|deepseek-reasoner", re.IGNORECASE)


def family_of(model: str) -> str:
    """Return the family of a model by its name, or nothing for a name that says nothing."""
    return next((name for name, pattern in _PATTERNS.items() if pattern.search(model)), "")


def relatives(*, judge: str, tested: Iterable[str]) -> list[str]:
    """Return the tested models that are of the judge's family, each once."""
    family = family_of(judge)
    return [model for model in dict.fromkeys(tested) if family and family_of(model) == family]


def warning(*, judge: str, tested: Iterable[str]) -> str:
    """Return what to tell somebody whose judge is a relative of what it judges; nothing when it is not."""
    found = relatives(judge=judge, tested=tested)
    if not found:
        return ""
    return (
        f"{judge} judges its own family ({', '.join(found[:3])}). Models tend to like what their relatives write: "
        "choose another judge, or hold it against people's labels first."
    )


def thinks(model: str) -> bool:
    """Tell whether a model thinks first, and so takes no temperature."""
    return bool(_THINKS.search(model))
