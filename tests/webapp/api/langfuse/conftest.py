"""An application that holds a key pair, as Langfuse's SDKs send it."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from django.test import Client

from monitoring.ingest import ledger
from projects import keys, tokens
from projects.models import ApiKey, Project
from projects.roles import Scope
from prompt_registry import resolution
from tests.projects.factories import make_project


@pytest.fixture(autouse=True)
def _forget_answers():
    resolution.forget()
    ledger.forget()
    return


@dataclass(frozen=True)
class App:
    """An application with a key pair."""

    project: Project
    key: ApiKey
    plain_key: str

    @property
    def public_key(self) -> str:
        return tokens.public_key(self.key.key_id)

    def headers(self, public_key: str = "") -> dict[str, str]:
        pair = f"{public_key or self.public_key}:{self.plain_key}"
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}

    def get(self, path: str, **headers: str) -> Any:
        return Client().get(f"/api/public{path}", headers=self.headers() | headers)

    def send(self, method: str, path: str, body: Any, **headers: str) -> Any:
        data = body if isinstance(body, bytes) else orjson.dumps(body)
        return Client().generic(
            method, f"/api/public{path}", data, content_type="application/json", headers=self.headers() | headers
        )

    def post(self, path: str, body: Any, **headers: str) -> Any:
        return self.send("POST", path, body, **headers)


@pytest.fixture
def project(db: None) -> Project:
    return make_project()


@pytest.fixture
def make_app(project: Project) -> Callable[..., App]:
    def make(*scopes: str) -> App:
        return App(project, *keys.create(project=project, name="app", scopes=scopes))

    return make


@pytest.fixture
def app(make_app: Callable[..., App]) -> App:
    """An application that may do everything a key can do."""
    return make_app(*Scope)
