"""Processes of their own that change a rollout, to be killed in the middle of it."""

from __future__ import annotations

import os
from typing import Any

BY_RULE = {"promote", "complete", "roll back", "freeze"}


def change(database: str, action: str, rollout_id: str) -> None:
    """Do one change of a rollout in this process, as a worker or a web process does."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    import django
    from django.db import connections

    django.setup()
    connections.databases["default"]["NAME"] = database
    connections["default"].settings_dict["NAME"] = database
    _change(action, rollout_id)


def _change(action: str, rollout_id: str) -> Any:
    from prompt_registry.models import Rollout
    from prompt_registry.rollouts import changes

    related = ("project", "prompt__project", "control", "candidate", "started_by")
    rollout = Rollout.objects.select_related(*related).get(pk=rollout_id)
    if action in BY_RULE:
        return changes.apply(rollout=rollout, action=action, reason="It says so.", situation={"n": 1}, evidence={})
    acts = {
        "pause": changes.pause, "resume": changes.resume, "advance": changes.advance, "finish": changes.finish,
        "undo": changes.roll_back,
    }  # fmt: skip
    return acts[action](rollout=rollout, by=rollout.started_by, reason="Now.")
