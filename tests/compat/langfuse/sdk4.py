"""An application on Langfuse's SDK 4, as its documentation shows it. It knows nothing of Callboard."""

from __future__ import annotations

import json

from langfuse import Langfuse, get_client, observe, propagate_attributes

langfuse = get_client()
assert langfuse.auth_check()

greeting = langfuse.get_prompt("support/greeting", cache_ttl_seconds=0)
langfuse.create_prompt(
    name="compat/answer", type="chat", labels=["staging"], tags=["compat"], commit_message="first",
    prompt=[
        {"role": "system", "content": "Answer {{customer}} kindly."}, {"type": "placeholder", "name": "history"},
        {"role": "user", "content": "{{question}}"},
    ],
    config={"model": "gpt-4o-mini", "temperature": 0.2, "languages": ["en", "de"]},
)  # fmt: skip
prompt = langfuse.get_prompt("compat/answer", label="staging", type="chat", cache_ttl_seconds=0)
messages = prompt.compile(customer="Ada", question="Where is my order?", history=[{"role": "user", "content": "Hello"}])
langfuse.update_prompt(name="compat/answer", version=prompt.version, new_labels=["tested"])
try:
    langfuse.create_prompt(name="compat/answer", type="chat", prompt=messages, labels=["production"])
    refused = False
except Exception as error:
    refused = "403" in str(error)

with (
    langfuse.start_as_current_observation(name="support chat", input={"question": "Where is my order?"}) as root,
    propagate_attributes(user_id="ada", session_id="session-4", tags=["compat"], metadata={"channel": "mail"}),
):
    with langfuse.start_as_current_observation(name="search", as_type="retriever", input={"query": "order"}) as search:
        search.create_event(name="cache miss", metadata={"key": "order"})
        search.update(output=["order 17"])
    with langfuse.start_as_current_observation(
        name="answer", as_type="generation", model="gpt-4o-mini", input=messages, prompt=prompt,
        model_parameters={"temperature": 0.2, "max_tokens": 100},
    ) as call:  # fmt: skip
        call.update(
            output={"role": "assistant", "content": "It arrives tomorrow."},
            usage_details={"input": 20, "output": 8, "cache_read_input_tokens": 4},
        )
        call.score(name="accuracy", value=0.9)
        call_id = call.id
    with langfuse.start_as_current_observation(name="notify", as_type="tool") as broken:
        broken.update(level="ERROR", status_message="mail server is down")
    root.update(output="It arrives tomorrow.")
    root.score_trace(name="helpful", value=1, data_type="BOOLEAN", comment="thanks")
    trace_id = root.trace_id

for tone in ("friendly", "warm"):
    langfuse.create_score(trace_id=trace_id, name="tone", value=tone, data_type="CATEGORICAL", score_id="tone-of-4")


@observe(as_type="generation")
def model(question: str) -> str:
    langfuse.update_current_generation(model="gpt-4o-mini", usage_details={"input": 3, "output": 2})
    return "decorated answer"


@observe()
def decorated(question: str) -> str:
    with propagate_attributes(user_id="ada"):
        print(json.dumps({"decorated_trace": langfuse.get_current_trace_id()}))
        return model(question)


decorated("And tomorrow?")
langfuse.flush()
print(json.dumps({
    "trace": trace_id, "generation": call_id, "greeting": greeting.compile(name="Ada"), "compiled": messages,
    "config": prompt.config, "refused": refused, "url": langfuse.get_trace_url(trace_id=trace_id),
    "seeded": Langfuse.create_trace_id(seed="my own id"),
}))  # fmt: skip
