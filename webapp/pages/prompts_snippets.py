"""The lines that engineers paste to use a prompt."""

from __future__ import annotations

from dataclasses import dataclass
from keyword import iskeyword
from urllib.parse import quote

from prompt_registry.contents import PromptContent
from prompt_registry.models import PRODUCTION, Prompt


@dataclass(frozen=True, slots=True)
class Snippet:
    """Some lines and what they are for."""

    label: str
    code: str


def snippets(*, prompt: Prompt, content: PromptContent, number: int, labels: list[str], url: str) -> list[Snippet]:
    """Return Python for what is live, Python for exactly this version, and the bare request."""
    label = PRODUCTION if PRODUCTION in labels or not labels else labels[0]
    address = f"{url.rstrip('/')}/api/v1/prompts/{quote(prompt.name, safe='')}?label={label}"
    return [
        Snippet(f"Python: whatever is live in {label}", _python(prompt.name, f"label={label!r}", content)),
        Snippet(f"Python: always v{number}", _python(prompt.name, f"version={number}", content)),
        Snippet("HTTP", f'curl -H "Authorization: Bearer $CALLBOARD_API_KEY" \\\n  {_shell(address)}'),
    ]


def _python(name: str, which: str, content: PromptContent) -> str:
    result = "text" if content.type == "text" else "messages"
    lines = [
        "import callboard", "", f"prompt = callboard.prompts.get({_text(name)}, {which})",
        f"{result} = prompt.compile({_arguments(content)})", "with prompt.used():",
        "    ...  # call the model here: the call is recorded with this version",
    ]  # fmt: skip
    return "\n".join(lines)


def _arguments(content: PromptContent) -> str:
    values = {variable.name: _text(variable.sample or "…") for variable in content.variables}
    values |= dict.fromkeys(content.placeholders, "[]")
    plain = [f"{name}={value}" for name, value in values.items() if _is_argument(name)]
    odd = [f"{_text(name)}: {value}" for name, value in values.items() if not _is_argument(name)]
    return ", ".join([*plain, *([f"**{{{', '.join(odd)}}}"] if odd else [])])


def _is_argument(name: str) -> bool:
    return name.isidentifier() and not iskeyword(name)


def _text(value: str) -> str:
    short = value if len(value) <= 60 else f"{value[:59]}…"
    return repr(short)


def _shell(value: str) -> str:
    return "'" + value.replace("'", "'\\''") + "'"
