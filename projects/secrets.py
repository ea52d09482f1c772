"""Keeps provider keys encrypted at rest (AES-256-GCM); the master key lives outside the database."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets as random
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from projects.errors import SecretUnreadable

_NONCE_BYTES = 12
_KEY_ID_BYTES = 4


def seal(*, plain: str, project_id: int, field: str) -> bytes:
    """Return the secret encrypted for exactly this project and field: key id, nonce, ciphertext."""
    key = _master_key()
    nonce = random.token_bytes(_NONCE_BYTES)
    return _key_id(key) + nonce + AESGCM(key).encrypt(nonce, plain.encode(), _associated(project_id, field))


def unseal(*, sealed: bytes, project_id: int, field: str) -> str:
    """Return the secret, or raise SecretUnreadable when it belongs to another master key, project or field."""
    key = _master_key()
    key_id, nonce, body = sealed[:4], sealed[4 : 4 + _NONCE_BYTES], sealed[4 + _NONCE_BYTES :]
    if key_id != _key_id(key):
        raise SecretUnreadable
    try:
        return AESGCM(key).decrypt(nonce, body, _associated(project_id, field)).decode()
    except InvalidTag as error:
        raise SecretUnreadable from error


def derived_key(*, project_id: int, purpose: str) -> bytes:
    """Return a key that only this installation can make, one for each project and purpose."""
    return hmac.digest(_master_key(), b"callboard derived key\x1f" + _associated(project_id, purpose), "sha256")


def key_id() -> str:
    """Return what names the master key of this installation without giving it away."""
    return _key_id(_master_key()).hex()


def create_master_key(path: Path) -> None:
    """Write a new master key, readable by its owner only, unless there is one."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(handle, "w") as file:
        file.write(random.token_hex(32))
        file.flush()
        os.fsync(file.fileno())


@lru_cache(maxsize=1)
def _master_key() -> bytes:
    text = os.environ.get("CALLBOARD_MASTER_KEY", "")
    if not text:
        create_master_key(settings.MASTER_KEY_FILE)
        text = settings.MASTER_KEY_FILE.read_text()
    return bytes.fromhex(text.strip())


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"callboard master key id" + key).digest()[:_KEY_ID_BYTES]


def _associated(project_id: int, field: str) -> bytes:
    return f"{project_id}\x1f{field}".encode()
