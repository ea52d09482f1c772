"""An application on Langfuse's SDK 2, as its documentation shows it. It knows nothing of Callboard."""

from __future__ import annotations

import json

from langfuse import Langfuse
from langfuse.decorators import langfuse_context, observe

langfuse = Langfuse()
assert langfuse.auth_check()

greeting = langfuse.get_prompt("support/greeting", cache_ttl_seconds=0)
langfuse.create_prompt(
    name="compat/answer", type="chat", labels=["staging"], tags=["compat"], commit_message="first",
    prompt=[{"role": "system", "content": "Answer {{customer}} kindly."}, {"role": "user", "content": "{{question}}"}],
    config={"model": "gpt-4o-mini", "temperature": 0.2, "languages": ["en", "de"]},
)  # fmt: skip
prompt = langfuse.get_prompt("compat/answer", label="staging", type="chat", cache_ttl_seconds=0)
messages = prompt.compile(customer="Ada", question="Where is my order?")
langfuse.update_prompt(name="compat/answer", version=prompt.version, new_labels=["tested"])
try:
    langfuse.create_prompt(name="compat/answer", type="chat", prompt=messages, labels=["production"])
    refused = False
except Exception as error:
    refused = "403" in str(error)

trace = langfuse.trace(
    name="support chat", user_id="ada", session_id="session-2", tags=["compat"], input={"question": "Where is my order?"},
    metadata={"channel": "mail"}, release="2026.11", version="1",
)  # fmt: skip
search = trace.span(name="search", input={"query": "order"})
search.event(name="cache miss", metadata={"key": "order"})
search.end(output=["order 17"])
call = trace.generation(
    name="answer", model="gpt-4o-mini", model_parameters={"temperature": 0.2, "max_tokens": 100}, input=messages, prompt=prompt,
)  # fmt: skip
langfuse.flush()
call.end(
    output={"role": "assistant", "content": "It arrives tomorrow."},
    usage_details={"input": 20, "output": 8, "cache_read_input_tokens": 4},
)
broken = trace.span(name="notify")
broken.end(level="ERROR", status_message="mail server is down")
trace.update(output="It arrives tomorrow.")

trace.score(name="helpful", value=1, data_type="BOOLEAN", comment="thanks")
langfuse.score(trace_id=trace.id, observation_id=call.id, name="accuracy", value=0.9)
langfuse.score(trace_id=trace.id, name="tone", value="friendly", data_type="CATEGORICAL", id="tone-of-2")
langfuse.score(trace_id=trace.id, name="tone", value="warm", data_type="CATEGORICAL", id="tone-of-2")


@observe(as_type="generation")
def model(question: str) -> str:
    langfuse_context.update_current_observation(model="gpt-4o-mini", usage={"input": 3, "output": 2})
    return "decorated answer"


@observe()
def decorated(question: str) -> str:
    langfuse_context.update_current_trace(user_id="ada")
    answer = model(question)
    print(json.dumps({"decorated_trace": langfuse_context.get_current_trace_id()}))
    return answer


decorated("And tomorrow?")
langfuse_context.flush()
langfuse.flush()
print(json.dumps({
    "trace": trace.id, "generation": call.id, "greeting": greeting.compile(name="Ada"), "compiled": messages,
    "config": prompt.config, "refused": refused, "url": trace.get_trace_url(),
}))  # fmt: skip
