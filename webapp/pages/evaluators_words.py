"""The settings of a check in the words of its form, and what differs between two versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from evals.evaluators import queries
from evals.evaluators.models import EvaluatorVersion
from evals.judges.catalogue import JUDGES
from prompt_registry import diffs
from prompt_registry.models import ProviderConnection
from webapp.pages.datasets_words import Difference
from webapp.pages.evaluators_forms import FORMS, SettingsForm
from webapp.pages.evaluators_judge_forms import JUDGE_FORMS, RubricForm


def lines_of(version: EvaluatorVersion) -> list[tuple[str, str]]:
    """Return what a version looks at and what is set, each with its label."""
    kind = queries.kind_of(version.kind)
    lines = [("Looks at", kind.title if kind else version.kind)]
    form = JUDGE_FORMS.get(version.kind) or FORMS.get(version.kind, SettingsForm)
    shown = form.initial_of(version.settings)
    for name, field in form.base_fields.items():
        if name in shown and shown[name] not in (None, "", []):
            lines.append((str(field.label), _value(version, name, shown[name], _choices(form, name))))
    if form is RubricForm:
        lines += [_criterion(one) for one in version.settings.get("criteria", [])]
    return lines


def differences(before: EvaluatorVersion, after: EvaluatorVersion) -> list[Difference]:
    """Return the settings in which two versions differ."""
    old, new = dict(lines_of(before)), dict(lines_of(after))
    return [
        Difference(label, diffs.compare(old.get(label, ""), new.get(label, "")))
        for label in dict.fromkeys([*old, *new])
        if old.get(label, "") != new.get(label, "")
    ]


def _value(version: EvaluatorVersion, name: str, value: Any, choices: Mapping[str, str]) -> str:
    if name == "connection_id" and version.kind in JUDGES:
        row = ProviderConnection.objects.filter(project_id=version.project_id, pk=value).first()
        return row.name if row else "A provider that is no longer connected"
    if isinstance(value, bool) and str(value) not in choices:
        return "Yes" if value else "No"
    if isinstance(value, list):
        return "\n".join(choices.get(str(one), str(one)) for one in value)
    if isinstance(value, dict):
        return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
    return choices.get(str(value), str(value))


def _choices(form: type[SettingsForm], name: str) -> dict[str, str]:
    return {str(key): str(words) for key, words in getattr(form.base_fields[name], "choices", ())}


def _criterion(found: Mapping[str, Any]) -> tuple[str, str]:
    weight = float(found.get("weight", 1.0))
    return f"Criterion «{found['name']}»", f"{found['definition']}\nWeight {weight:g}"
