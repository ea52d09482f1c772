"""The form that answers must have: the JSON schema of the prompt version that a call names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from monitoring.detectors import json_answers
from monitoring.models import Span
from prompt_registry.models import PromptVersion

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

_Key = tuple[str, int]
_ANY: Mapping[str, Any] = {}


def of_calls(spans: Sequence[Span]) -> dict[_Key, Validator]:
    """Return what checks the answers of prompt versions, by name and number, of those that demand a form."""
    named = {(span.prompt_name, span.prompt_version) for span in spans if span.prompt_name and span.prompt_version}
    if not named:
        return {}
    versions = PromptVersion.objects.filter(
        project_id=spans[0].project_id, prompt__name__in={name for name, _ in named}, number__in={number for _, number in named},
        settings__response_schema__isnull=False,
    )  # fmt: skip
    found: dict[_Key, Validator] = {}
    for name, number, settings in versions.values_list("prompt__name", "number", "settings"):
        if (name, number) in named and (validator := _validator(settings.get("response_schema"))) is not None:
            found[name, number] = validator
    return found


def any_json() -> Validator:
    """Return what every JSON follows."""
    return json_answers.validator_of(_ANY)


def _validator(schema: Any) -> Validator | None:
    if not isinstance(schema, Mapping) or not schema:
        return None
    # Providers that want a name around the schema get it as {"name": …, "schema": {…}}.
    inner = schema.get("schema")
    return json_answers.validator_for(inner if isinstance(inner, Mapping) else schema)
