"""The settings of a client: arguments first, then environment variables, then defaults."""

import contextlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final

from callboard.notices import notice

DEFAULT_URL: Final = "http://127.0.0.1:8400"
_OFF: Final = frozenset({"0", "false", "no", "off"})
_ON: Final = frozenset({"1", "true", "yes", "on"})
# Where the commit is found on the usual platforms.
_COMMIT_VARIABLES: Final = (
    "GIT_COMMIT",
    "COMMIT_SHA",
    "GITHUB_SHA",
    "CI_COMMIT_SHA",
    "VERCEL_GIT_COMMIT_SHA",
    "HEROKU_SLUG_COMMIT",
    "RENDER_GIT_COMMIT",
    "RAILWAY_GIT_COMMIT_SHA",
    "SOURCE_VERSION",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything a client can be told."""

    url: str = DEFAULT_URL
    # Not in the repr, which may end up in a log.
    api_key: str = field(default="", repr=False)
    environment: str = ""
    release: str = ""
    service_name: str = "unknown_service:python"
    sample_rate: float = 1.0
    enabled: bool = True
    debug: bool = False
    flush_at: int = 512
    flush_interval: float = 1.0
    timeout: float = 10.0
    prompt_ttl_seconds: float = 60.0
    prompt_dir: Path | None = None
    prompt_push: bool = True
    spool_dir: Path | None = None
    capture_content: bool = True


def resolve(given: Mapping[str, Any], environ: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings for these arguments; a variable that cannot be read is reported and left at its default."""
    values: dict[str, Any] = {"prompt_dir": _default_prompt_dir(environ), "release": _commit(environ)}
    if environ.get("OTEL_SERVICE_NAME"):
        values["service_name"] = environ["OTEL_SERVICE_NAME"]
    for name, read in _READERS.items():
        values.update(_from_environment(name, read, environ))
    values.update({name: value for name, value in given.items() if value is not None})
    for name in ("prompt_dir", "spool_dir"):
        values[name] = _expanded(name, values.get(name))
    # Keys and addresses are pasted, often with a line break.
    values["api_key"] = str(values.get("api_key", "")).strip()
    values["url"] = str(values.get("url") or DEFAULT_URL).strip().rstrip("/")
    known = {setting.name for setting in fields(Settings)}
    return Settings(**{name: value for name, value in values.items() if name in known})


def _expanded(name: str, directory: Any) -> Path | None:
    try:
        return None if directory is None else Path(directory).expanduser()
    except RuntimeError as error:
        notice(name, "callboard: CALLBOARD_%s cannot be used: %s", name.upper(), error)
        return None


def _from_environment(name: str, read: Callable[[str], Any], environ: Mapping[str, str]) -> dict[str, Any]:
    variable = f"CALLBOARD_{name.upper()}"
    text = environ.get(variable, "").strip()
    if not text:
        return {}
    try:
        return {name: read(text)}
    except ValueError:
        notice(variable, "callboard: %s=%r cannot be read, so the default is used.", variable, text)
        return {}


def _boolean(text: str) -> bool:
    if text.lower() in _OFF:
        return False
    if text.lower() in _ON:
        return True
    raise ValueError(text)


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise ValueError(text)
    return value


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise ValueError(text)
    return value


def _not_negative(text: str) -> float:
    return 0.0 if text in {"0", "0.0"} else _positive(text)


def _count(text: str) -> int:
    return int(_positive(str(int(text))))


_READERS: Final[dict[str, Callable[[str], Any]]] = {
    "url": str,
    "api_key": str,
    "environment": str,
    "release": str,
    "sample_rate": _share,
    "enabled": _boolean,
    "debug": _boolean,
    "flush_at": _count,
    "flush_interval": _positive,
    "timeout": _positive,
    "prompt_ttl_seconds": _not_negative,
    "prompt_dir": Path,
    "prompt_push": _boolean,
    "spool_dir": Path,
    "capture_content": _boolean,
}


def _commit(environ: Mapping[str, str]) -> str:
    return next((environ[name] for name in _COMMIT_VARIABLES if environ.get(name)), "")


def _default_prompt_dir(environ: Mapping[str, str]) -> Path | None:
    if environ.get("XDG_CACHE_HOME"):
        return Path(environ["XDG_CACHE_HOME"]) / "callboard" / "prompts"
    with contextlib.suppress(RuntimeError):
        return Path.home() / ".cache" / "callboard" / "prompts"
    return None
