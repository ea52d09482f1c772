"""The libraries in `webapp/static/vendor/` are the ones their lock file names, byte for byte."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import plotly.offline
import pytest

STATIC = Path(__file__).resolve().parents[2] / "webapp" / "static"
VENDOR = STATIC / "vendor"
TEMPLATES = STATIC.parent / "templates"
LOCK: list[dict[str, Any]] = json.loads((VENDOR / "vendor.lock.json").read_text())


@pytest.mark.parametrize("entry", LOCK, ids=lambda entry: entry["name"])
def test_a_vendored_file_has_the_hash_in_the_lock(entry):
    assert hashlib.sha256((VENDOR / entry["file"]).read_bytes()).hexdigest() == entry["sha256"]


@pytest.mark.parametrize("entry", LOCK, ids=lambda entry: entry["name"])
def test_a_vendored_file_names_its_source_and_brings_its_licence(entry):
    assert entry["source"]
    assert entry["licence"]
    assert (VENDOR / entry["licence_file"]).read_text().strip()


def test_every_script_and_sheet_in_the_folder_is_locked():
    found = {path.name for path in VENDOR.iterdir() if path.suffix in {".js", ".css"}}

    assert found == {entry["file"] for entry in LOCK}


def test_the_browser_draws_with_the_plotly_version_that_python_writes_figures_for():
    script = next(VENDOR.glob("plotly-basic-*.min.js")).read_text()[:300]

    version = re.search(r"plotly\.js \(basic - minified\) v([\d.]+)", script)

    assert version is not None
    assert version[1] == plotly.offline.get_plotlyjs_version()


def test_no_vendored_script_asks_for_a_source_map_that_is_not_there():
    assert not [path.name for path in VENDOR.glob("*.js") if "sourceMappingURL" in path.read_text()]


def test_templates_only_name_vendored_files_that_exist():
    named = {
        match[1]
        for template in TEMPLATES.rglob("*.html")
        for match in re.finditer(r"static '(vendor/[^']+)'", template.read_text())
    }

    assert named
    assert all((STATIC / name).exists() for name in named)


def test_the_editor_was_bundled_from_the_packages_that_the_front_end_locks():
    entry = next(entry for entry in LOCK if entry["name"] == "codemirror")
    locked = json.loads((STATIC.parents[1] / "frontend" / "package-lock.json").read_text())["packages"]

    found = {one["name"]: (one["version"], one["integrity"]) for one in entry["packages"]}

    assert found == {name: _locked(locked, name) for name in found}
    assert set(locked[""]["devDependencies"]) - {"esbuild"} <= found.keys()


def _locked(packages: dict[str, Any], name: str) -> tuple[str, str]:
    package = packages[f"node_modules/{name}"]
    return package["version"], package["integrity"]
