"""Where the columns and rows of a trial come from: drafts, versions and connections; real calls and datasets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from evals import datasets
from evals.models import Dataset, DatasetItem
from monitoring import prompt_calls, trace_messages, usage
from monitoring.prompt_calls import PromptCall, Which
from projects.models import Project, User
from prompt_registry import contents, drafts, rendering, snippets, versions
from prompt_registry.connections import SIMULATED_MODEL
from prompt_registry.contents import PromptContent
from prompt_registry.errors import ContentNotUsable, PromptRegistryError
from prompt_registry.models import PRODUCTION, Prompt, ProviderConnection
from prompt_registry.providers.simulated.models import MODELS
from prompt_registry.trial_plans import CALL, DRAFT, ITEM, VERSION, TrialInput, Variant

ANSWER_SHOWN = 4_000
VERSIONS_OFFERED = 100
DATASETS_OFFERED = 100


class NoConnection(PromptRegistryError):
    """No model provider is connected to this project yet, so nothing can be asked."""


class ModelNotNamed(PromptRegistryError):
    """Neither this text nor the provider names a model. Type one."""


class SnippetsMissing(PromptRegistryError):
    """A snippet of this text cannot be filled in."""


class NothingWritten(PromptRegistryError):
    """There is nothing to try yet: write the prompt first."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody chose for a column: the draft or a version, whom to ask, and which model; empty means as usual."""

    what: str
    on: str = ""
    model: str = ""


@dataclass(frozen=True, slots=True)
class Desk:
    """All that columns can be made of: the person's draft, the versions, what is live, and the connections."""

    prompt: Prompt
    draft: PromptContent | None
    draft_base: int
    numbers: list[int]
    live_number: int
    connections: list[ProviderConnection]

    @property
    def whats(self) -> list[tuple[str, str]]:
        """Return what can be tried, each with the words for it."""
        own = [(DRAFT, "My draft")] if self.draft else []
        return own + [
            (str(number), f"v{number}{' live' if number == self.live_number else ''}") for number in self.numbers
        ]

    def usual(self) -> list[Choice]:
        """Return the first choice: what is live, and beside it the draft, or else the newest version."""
        newest = DRAFT if self.draft else str(self.numbers[0]) if self.numbers else ""
        others = [number for number in (self.live_number, *self.numbers[:2]) if number and str(number) != newest]
        return [Choice(what) for what in (*map(str, others[:1]), newest) if what]


def desk_of(prompt: Prompt, user: User) -> Desk:
    """Return what this person can try of a prompt."""
    draft = drafts.of(prompt=prompt, user=user)
    content = contents.read({**draft.content, "type": prompt.type})[0] if draft else None
    numbers = list(prompt.versions.order_by("-number").values_list("number", flat=True)[:VERSIONS_OFFERED])
    live = prompt.labels.filter(name=PRODUCTION).select_related("version").first()
    rows = prompt.project.provider_connections.order_by("is_simulated", "name")
    return Desk(
        prompt, content, draft.base_number if draft else 0, numbers, live.version.number if live else 0, list(rows)
    )


def variant_of(desk: Desk, choice: Choice) -> Variant:
    """Return the column that somebody chose, or say why it cannot be tried."""
    kind, number, content = _text(desk, choice.what)
    if problems := contents.problems_of(content):
        raise ContentNotUsable(problems)
    composed = snippets.composed(content, project_id=desk.prompt.project_id, name=desk.prompt.name)
    if composed.problems:
        raise SnippetsMissing(" ".join(composed.problems))
    # As the model reads it: what is tried stays what it was when a snippet changes.
    content = composed.content
    connection = _connection(desk.connections, choice.on, content.settings.model)
    model = _model(connection, choice, content)
    return Variant(
        kind=kind, number=number, is_live=kind == VERSION and number == desk.live_number, content=content.to_json(),
        connection_id=connection.pk, connection_name=connection.name, model=model, is_simulated=connection.is_simulated,
    )  # fmt: skip


def _text(desk: Desk, what: str) -> tuple[str, int, PromptContent]:
    if what == DRAFT and desk.draft is not None:
        return DRAFT, desk.draft_base, desk.draft
    number = int(what) if what.isascii() and what.isdigit() and len(what) < 10 else 0
    if not number:
        raise NothingWritten
    return VERSION, number, contents.of_version(versions.by_number(desk.prompt, number))


def _connection(connections: Sequence[ProviderConnection], on: str, model: str) -> ProviderConnection:
    chosen = [one for one in connections if str(one.pk) == on]
    known = [
        one for one in connections if model and (one.default_model == model or (one.is_simulated and model in MODELS))
    ]
    usable = [one for one in connections if one.key_sealed is not None or one.is_simulated]
    for found in (chosen, known, usable, list(connections)):
        if found:
            return found[0]
    raise NoConnection


def _model(connection: ProviderConnection, choice: Choice, content: PromptContent) -> str:
    wanted = choice.model.strip()[:120] or content.settings.model
    if connection.is_simulated and not choice.model.strip() and wanted not in MODELS:
        # It knows its own models only, and its answers are labelled as simulated.
        wanted = connection.default_model or SIMULATED_MODEL
    wanted = wanted or connection.default_model
    if not wanted:
        raise ModelNotNamed
    return wanted


def models_of(project: Project, connections: Iterable[ProviderConnection]) -> list[str]:
    """Return the models to suggest: those that the connections name, and those that were called lately."""
    _, seen = usage.seen_names(project=project, since=timedelta(days=30), now=timezone.now())
    named = [one.default_model for one in connections if one.default_model]
    return list(dict.fromkeys([*named, *seen]))[:40]


def recent_calls(prompt: Prompt, *, is_disliked: bool, count: int) -> list[PromptCall]:
    """Return the newest calls of the prompt, or the newest that users disliked."""
    which = Which.DISLIKED if is_disliked else Which.NEWEST
    return prompt_calls.recent(project=prompt.project, prompt_name=prompt.name, which=which, limit=count)


def calls_of(prompt: Prompt, trace_ids: Iterable[str]) -> list[PromptCall]:
    """Return the calls that a form names by their traces; what is not there, or is not an id, is left out."""
    ids = [UUID(text) for text in trace_ids if len(text) == 32 and set(text) <= set("0123456789abcdef")]
    return prompt_calls.of_traces(project=prompt.project, prompt_name=prompt.name, trace_ids=ids) if ids else []


def input_of(call: PromptCall, *, filled: Mapping[str, str]) -> TrialInput:
    """Return the row of a real call; `filled` holds values for the blanks that its application did not send."""
    return TrialInput(
        values={**filled, **call.variables}, source=CALL, trace_id=call.trace_id.hex, answer=answer_of(call),
        is_disliked=call.thumbs_down > 0,
    )  # fmt: skip


def datasets_of(project: Project) -> list[Dataset]:
    """Return the datasets whose items can be tried."""
    return list(Dataset.objects.for_project(project).active().by_name()[:DATASETS_OFFERED])


def items_of(dataset: Dataset, *, count: int) -> list[DatasetItem]:
    """Return the first items of the dataset."""
    return datasets.items(dataset=dataset, limit=count)


def input_of_item(item: DatasetItem, *, filled: Mapping[str, str]) -> TrialInput:
    """Return the row of an item; `filled` holds values for the blanks that it lacks."""
    values = {name: rendering.stringify(value) for name, value in item.input.items()}
    expected = "" if item.expected_output is None else trace_messages.as_text(item.expected_output)
    trace_id = item.source_trace_id.hex if item.source_trace_id else ""
    return TrialInput(values={**filled, **values}, source=ITEM, trace_id=trace_id, answer=expected[:ANSWER_SHOWN])


def answer_of(call: PromptCall) -> str:
    """Return what the application got, as text to read."""
    messages = trace_messages.conversation(call.output)
    if messages is None:
        text = trace_messages.as_text(trace_messages.json_or_text(call.output))
    else:
        text = "\n\n".join(message.content for message in messages if message.content)
    return text[:ANSWER_SHOWN]
