"""Connections to model providers: making, changing and trying them; their keys are only ever written."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from projects import audit, secrets
from projects.models import Project, User
from projects.outbound.addresses import Allowlist
from projects.outbound.errors import OutboundError
from projects.outbound.transport import check_url
from prompt_registry.errors import PromptRegistryError
from prompt_registry.models import ProviderConnection
from prompt_registry.prices import books
from prompt_registry.providers.completions import complete
from prompt_registry.providers.connections import Connection
from prompt_registry.providers.refusals import refused
from prompt_registry.providers.values import Completion, ModelSettings

SIMULATED_NAME = "Simulated provider"
SIMULATED_MODEL = "simulated-fast"
_QUESTION = "Answer with one short, friendly sentence: does this connection work?"
_LONGEST_TRIAL_ANSWER = 500
_LONGEST_TRIAL_SECONDS = 30.0


class ConnectionNameMissing(PromptRegistryError):
    """A connection needs a name. Type one and try again."""


class ConnectionNameTaken(PromptRegistryError):
    """Another connection of this project has this name already. Choose another name."""


class ModelMissing(PromptRegistryError):
    """Type the name of a model first: the provider has to know which one should answer."""


class SimulatedIsFixed(PromptRegistryError):
    """The simulated provider has no address and no key to change. Remove it, or add another connection."""


@dataclass(frozen=True, slots=True)
class Trial:
    """The real answer of a provider to a short question, and what it cost; None when the price is unknown."""

    completion: Completion
    cost_usd: float | None


def create(
    *, project: Project, name: str, base_url: str, by: User, api_key: str = "", default_model: str = ""
) -> ProviderConnection:
    """Return a new connection; its address must be one that this server may call."""
    base_url = _checked_url(base_url)
    with transaction.atomic():
        connection = ProviderConnection(
            project=project, name=_checked_name(name), base_url=base_url, default_model=default_model.strip()[:120]
        )
        _save(connection)
        if api_key.strip():
            _seal_key(connection, api_key)
        audit.record(
            action="provider.created", subject=connection.name, by=by, project=project, base_url=base_url,
            has_key=connection.key_sealed is not None,
        )  # fmt: skip
    return connection


@transaction.atomic
def add_simulated(*, project: Project, by: User | None) -> ProviderConnection:
    """Return a connection to the simulated provider, which needs no key and never leaves this machine."""
    connection = ProviderConnection(
        project=project, name=SIMULATED_NAME, base_url=simulated_url(), default_model=SIMULATED_MODEL, is_simulated=True
    )
    _save(connection)
    audit.record(action="provider.created", subject=connection.name, by=by, project=project, is_simulated=True)
    return connection


def change(
    *, connection: ProviderConnection, name: str, base_url: str, default_model: str, by: User, api_key: str = ""
) -> ProviderConnection:
    """Change a connection. Another address erases the stored key, so that nobody can have it sent elsewhere."""
    if connection.is_simulated:
        raise SimulatedIsFixed
    base_url = _checked_url(base_url)
    with transaction.atomic():
        kept = ProviderConnection.objects.select_for_update().get(pk=connection.pk)
        before = _public_values(kept)
        has_moved = base_url != kept.base_url
        kept.name, kept.base_url, kept.default_model = _checked_name(name), base_url, default_model.strip()[:120]
        if has_moved:
            kept.key_sealed, kept.key_last4 = None, ""
        kept.revision += 1
        _save(kept)
        if api_key.strip():
            _seal_key(kept, api_key)
        audit.record(
            action="provider.changed", subject=kept.name, by=by, project=kept.project, before=before,
            after=_public_values(kept), key_erased=has_moved, key_replaced=bool(api_key.strip()),
        )  # fmt: skip
    return kept


@transaction.atomic
def delete(*, connection: ProviderConnection, by: User) -> None:
    """Remove a connection and its key."""
    audit.record(
        action="provider.deleted",
        subject=connection.name,
        by=by,
        project=connection.project,
        base_url=connection.base_url,
    )
    connection.delete()


def opened(connection: ProviderConnection) -> Connection:
    """Return the connection as the provider client takes it, with its key readable."""
    allowlist = _allowlist()
    base_url = connection.base_url
    if connection.is_simulated:
        base_url = simulated_url()
        allowlist = allowlist.with_url(base_url)
    return Connection(
        project_id=connection.project_id, id=connection.pk, version=connection.revision, base_url=base_url,
        api_key=_unsealed_key(connection), allowlist=allowlist,
    )  # fmt: skip


def attempt(*, connection: ProviderConnection, by: User) -> Trial:
    """Ask the provider something short and return its real answer; raises ProviderError in plain words."""
    if not connection.default_model:
        raise ModelMissing
    audit.record(action="provider.tested", subject=connection.name, by=by, project=connection.project)
    completion = complete(
        connection=opened(connection),
        messages=[{"role": "user", "content": _QUESTION}],
        settings=ModelSettings(model=connection.default_model, max_tokens=_LONGEST_TRIAL_ANSWER),
        total_seconds=_LONGEST_TRIAL_SECONDS,
    )
    return Trial(completion=completion, cost_usd=_cost_usd(connection.project_id, completion))


def simulated_url() -> str:
    """Return where the simulated provider of this installation answers."""
    return f"{settings.LIVE_URL}/simulated/v1"


def _cost_usd(project_id: int, completion: Completion) -> float | None:
    if completion.usage is None:
        return None
    nano = books.of(project_id).cost_nano_usd(
        provider="", model=completion.model, input_tokens=completion.usage.input_tokens,
        output_tokens=completion.usage.output_tokens, cache_read_tokens=completion.usage.cache_read_tokens,
        reasoning_tokens=completion.usage.reasoning_tokens,
    )  # fmt: skip
    return None if nano is None else nano / 1e9


def _public_values(connection: ProviderConnection) -> dict[str, str]:
    return {"name": connection.name, "base_url": connection.base_url, "default_model": connection.default_model}


def _checked_name(name: str) -> str:
    name = name.strip()[:80]
    if not name:
        raise ConnectionNameMissing
    return name


def _checked_url(base_url: str) -> str:
    base_url = base_url.strip().rstrip("/")
    try:
        check_url(url=base_url, allowlist=_allowlist())
    except OutboundError as error:
        raise refused(error) from error
    return base_url


def _allowlist() -> Allowlist:
    return Allowlist.parse(settings.PROVIDER_ALLOWLIST, setting="CALLBOARD_PROVIDER_ALLOWLIST")


def _save(connection: ProviderConnection) -> None:
    connection.updated_at = timezone.now()
    try:
        with transaction.atomic():
            connection.save()
    except IntegrityError as error:
        raise ConnectionNameTaken from error


def _seal_key(connection: ProviderConnection, api_key: str) -> None:
    api_key = api_key.strip()
    connection.key_sealed = secrets.seal(plain=api_key, project_id=connection.project_id, field=_field(connection))
    connection.key_last4 = api_key[-4:] if len(api_key) >= 12 else ""
    connection.save(update_fields=["key_sealed", "key_last4"])


def _unsealed_key(connection: ProviderConnection) -> str:
    if connection.key_sealed is None:
        return ""
    return secrets.unseal(
        sealed=bytes(connection.key_sealed), project_id=connection.project_id, field=_field(connection)
    )


def _field(connection: ProviderConnection) -> str:
    # The address is sealed in: a key moved under another address, by whatever road, cannot be read.
    return f"provider_connection:{connection.pk}:{connection.base_url}"
