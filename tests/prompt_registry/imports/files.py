"""Files of other tools, as they give them out."""

from __future__ import annotations

import json
from typing import Any

from prompt_registry.imports.values import SourceFile


def json_file(value: Any, name: str = "export.json") -> SourceFile:
    return SourceFile(name, json.dumps(value))


LANGFUSE = [
    {
        "name": "support/refund-answer",
        "version": 2,
        "type": "chat",
        "prompt": [
            {"role": "system", "content": 'Answer as {"json": true} to {{customer}}.'},
            {"type": "placeholder", "name": "history"},
        ],
        "config": {"model": "gpt-5", "temperature": 0.2, "max_completion_tokens": 5, "owner": "team a"},
        "labels": ["production", "latest"],
        "tags": ["support"],
        "commitMessage": "Kinder",
    },
    {"name": "greeting", "version": 1, "type": "text", "prompt": "Hi {{name}}", "config": {}, "labels": [], "tags": []},
    {"name": "support/refund-answer", "version": 1, "type": "chat", "prompt": [{"role": "system", "content": "Old"}]},
]


def template(text: str, template_format: str = "f-string", **kwargs: Any) -> dict[str, Any]:
    return {
        "lc": 1,
        "type": "constructor",
        "id": ["langchain", "prompts", "prompt", "PromptTemplate"],
        "kwargs": {"template": text, "template_format": template_format, **kwargs},
    }


def message(kind: str, **kwargs: Any) -> dict[str, Any]:
    return {"lc": 1, "type": "constructor", "id": ["langchain", "prompts", "chat", kind], "kwargs": kwargs}


LANGSMITH_CHAT = {
    "lc": 1,
    "type": "constructor",
    "id": ["langchain", "prompts", "chat", "ChatPromptTemplate"],
    "kwargs": {
        "input_variables": ["question"],
        "messages": [
            message("SystemMessagePromptTemplate", prompt=template('Reply with {{"answer": "{tone}"}}.')),
            message("MessagesPlaceholder", variable_name="history", optional=True),
            message("HumanMessagePromptTemplate", prompt=template("{question}")),
        ],
    },
}
LANGSMITH_CHAIN = {
    "lc": 1,
    "type": "constructor",
    "id": ["langchain", "schema", "runnable", "RunnableSequence"],
    "kwargs": {
        "first": LANGSMITH_CHAT,
        "last": {
            "id": ["langchain", "schema", "runnable", "RunnableBinding"],
            "kwargs": {
                "bound": {
                    "id": ["langchain", "chat_models", "openai", "ChatOpenAI"],
                    "kwargs": {
                        "model": "gpt-5",
                        "temperature": 0.1,
                        "openai_api_key": {"lc": 1, "type": "secret", "id": ["OPENAI_API_KEY"]},
                    },
                },
                "kwargs": {"stop": ["END"]},
            },
        },
    },
}

PROMPTLAYER = {
    "prompt_name": "refunds",
    "version": 3,
    "commit_message": "Third",
    "prompt_template": {
        "type": "chat",
        "messages": [
            {
                "role": "system",
                "content": [{"type": "text", "text": "Follow @@@house rules@@@ for {shop}."}],
                "template_format": "f-string",
            },
            {
                "role": "user",
                "content": [{"type": "text", "text": "{{ question | trim }}"}],
                "template_format": "jinja2",
            },
        ],
    },
    "metadata": {"model": {"provider": "openai", "name": "gpt-5", "parameters": {"max_tokens": 100}}},
    "tags": ["a"],
}

PROMPTFOO = """
description: my eval
prompts:
  - 'Translate {{text}} to {{ language }}'
  - file://prompts/other.txt
  - id: json-chat
    label: Chat with logic
    raw: '[{"role": "system", "content": "{% if a %}x{% endif %} {{name}}"}]'
providers: [openai:gpt-5]
tests:
  - vars: {text: hello}
"""

HUMANLOOP = """---
model: gpt-5
temperature: 0.7
max_tokens: -1
endpoint: chat
stop: ["END"]
---
<system>
You are kind to {{customer}}.

Use <b>tags</b>.
</system>

<user>
{{question}}
</user>
"""

OPENAI = {
    "model": "gpt-5",
    "temperature": 0.5,
    "messages": [
        {"role": "developer", "content": "Be brief. {json} {{name}}"},
        {
            "role": "user",
            "content": [{"type": "text", "text": "Look:"}, {"type": "image_url", "image_url": {"url": "x"}}],
        },
        {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]},
    ],
    "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}},
    "frequency_penalty": 0.5,
}

CSV = 'name,system,user,temperature,tags,owner\nsupport/a,"Be kind, {{name}}",{{q}},0.3,"x, y",me\nsupport/b,,Only this,,,\n'
CSV_MESSAGES = "name;role;content\na;system;Be kind\n;user;{{q}}\nb;human;Hi\n"
