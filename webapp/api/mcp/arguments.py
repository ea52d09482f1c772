"""What the tools take, from which their JSON schemas are made."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema

from monitoring.exploring import language
from webapp.api.issues import State

MOST_ITEMS = 100
_NO_NULL = r"^[^\x00]*$"

Moment = Annotated[
    datetime | None,
    BeforeValidator(lambda sent: sent or None),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
# Some clients refuse a schema with an empty word in it, so what stands for «any» is not named.
Status = Annotated[Literal["", "ok", "error"], WithJsonSchema({"type": "string", "enum": ["ok", "error"]})]
IssueState = Annotated[State, WithJsonSchema({"type": "string", "enum": [word for word in get_args(State) if word]})]
Limit = Annotated[int, Field(ge=1, le=50, description="How many to return.")]
Number = Annotated[int, Field(ge=1, lt=2**31)]
Name = Annotated[str, StringConstraints(max_length=255, pattern=_NO_NULL)]
Note = Annotated[str, StringConstraints(max_length=500, pattern=_NO_NULL)]
Line = Annotated[str, StringConstraints(max_length=language.MOST_CHARS, pattern=_NO_NULL)]
TraceId = Annotated[str, StringConstraints(max_length=36, pattern=r"^[0-9a-fA-F-]+$")]


_FILTER = (
    "Conditions as `field:value`, each turned round by a `-` before it: flag:refused (or any other finding, or any), "
    "feedback:down, outcome:error, cost:>0.01 (USD), latency:>2s, ttft:>1s, tokens:>5k, version:3, score.NAME:<3, "
    "metadata.KEY:value, has:comment, language:de, release:VALUE, issue:NUMBER, arm:candidate. "
    "Values in quotes may hold spaces; a,b means either."
)


class Arguments(BaseModel):
    """Nothing but what is described."""

    model_config = ConfigDict(extra="forbid")


class SearchTraces(Arguments):
    query: Name = Field("", description="Words that must stand in the texts of the trace.")
    filter: Line = Field("", description=_FILTER)
    prompt: Name = Field("", description="The name of a prompt that a call was made with.")
    model: Name = ""
    environment: Name = ""
    user: Name = Field("", description="The id of the end user.")
    session: Name = Field("", description="The id of the conversation.")
    status: Status = ""
    start: Moment = Field(None, description="Not before this time; the last 30 days when left out.")
    end: Moment = Field(None, description="Not after this time.")
    limit: Limit = 10
    cursor: Name = Field("", description="`next` of the page before.")


class GetTrace(Arguments):
    trace_id: TraceId
    after: Annotated[str, StringConstraints(max_length=16, pattern=r"^[0-9a-f]*$")] = Field(
        "", description="`next_span` of the answer before, to go on from there."
    )
    most_characters: Annotated[int, Field(ge=100, le=20_000)] = Field(
        2_000, description="How much to show of each text."
    )


class ListIssues(Arguments):
    state: IssueState = Field("", description="Only those in this state.")
    limit: Limit = 20
    before: Annotated[int, Field(ge=0, lt=2**31)] = Field(0, description="`next` of the page before.")


class GetIssue(Arguments):
    number: Number


class ListExperiments(Arguments):
    prompt: Name = ""
    dataset: Name = ""
    limit: Limit = 10
    before: Annotated[int, Field(ge=0, lt=2**63)] = Field(0, description="`next` of the page before.")


class CompareExperiment(Arguments):
    experiment: Annotated[int, Field(ge=1, lt=2**63)] = Field(description="The id that list_experiments tells.")


class ListDatasets(Arguments):
    limit: Limit = 20
    cursor: Name = Field("", description="`next` of the page before.")


class SaveVersion(Arguments):
    prompt: Annotated[Name, Field(min_length=1)] = Field(
        description="The name, such as support/answer; a prompt that does not exist yet is made."
    )
    text: str = Field("", description="The whole text of a text prompt; {{name}} is a blank.")
    messages: list[dict[str, str]] = Field(
        default_factory=list,
        max_length=200,
        description="All messages of a chat prompt: {role, content}, or {type: placeholder, name} for inserted ones.",
    )
    settings: dict[str, Any] = Field(
        default_factory=dict, description="Model settings to change; those that are left out stay."
    )
    note: Note = Field("", description="What was changed and why, for the people who review it.")
    base_version: Annotated[int, Field(ge=0, lt=2**31)] = Field(
        0, description="The version that the text was made from: when somebody saved a newer one, nothing is saved."
    )


class Item(Arguments):
    input: Any = Field(description="An object of blanks and their values, a text, or a list of messages.")
    expected_output: Any = Field(None, description="What a good answer says.")
    context: str = ""
    metadata: dict[str, Any] = Field(default_factory=dict)
    tags: list[str] = Field(default_factory=list)
    split: str = ""


class AddDatasetItems(Arguments):
    dataset: Annotated[Name, Field(min_length=1)] = Field(description="The name of the dataset.")
    items: list[Item] = Field(min_length=1, max_length=MOST_ITEMS)


class RequestChange(Arguments):
    prompt: Annotated[Name, Field(min_length=1)]
    version: Number
    label: Annotated[str, StringConstraints(max_length=36, pattern=_NO_NULL)] = "production"
    note: Note = Field("", description="Why it should go live, for the person who decides.")


def schema_of(arguments: type[Arguments]) -> dict[str, Any]:
    """Return the JSON schema of the arguments in one piece: not every client follows references."""
    schema = arguments.model_json_schema()
    found: dict[str, Any] = _inlined(schema, schema.pop("$defs", {}))
    return found


def _inlined(value: Any, parts: dict[str, Any]) -> Any:
    if isinstance(value, list):
        return [_inlined(item, parts) for item in value]
    if not isinstance(value, dict):
        return value
    if isinstance(reference := value.get("$ref"), str):
        return _inlined(parts[reference.rpartition("/")[2]], parts)
    return {name: _inlined(item, parts) for name, item in value.items() if not _is_noise(name, item)}


def _is_noise(name: str, item: Any) -> bool:
    """Tell whether it says nothing: the titles that pydantic makes of names, and that nothing is given by default."""
    return (name == "title" and isinstance(item, str)) or (name == "default" and item in (None, "", [], {}))
