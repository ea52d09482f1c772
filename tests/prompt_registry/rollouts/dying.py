"""Processes of their own that change a rollout, to be killed in the middle of it."""

from __future__ import annotations

import django
from django.db import connection

django.setup()

from prompt_registry.models import Rollout  # noqa: E402 - the tables are known only after the set-up
from prompt_registry.rollouts import changes  # noqa: E402

BY_RULE = {"promote", "complete", "roll back", "freeze"}
BY_PERSON = {
    "pause": changes.pause, "resume": changes.resume, "advance": changes.advance, "finish": changes.finish,
    "undo": changes.roll_back,
}  # fmt: skip


def change(database: str, action: str, rollout_id: str) -> None:
    """Do one change of a rollout, as a worker or a web process does."""
    connection.settings_dict["NAME"] = database
    with connection.cursor() as cursor:
        # A busy machine may need longer to notice who waits than anybody waits otherwise.
        cursor.execute("SET lock_timeout = '30s'")
    related = ("project", "prompt__project", "control", "candidate", "started_by")
    rollout = Rollout.objects.select_related(*related).get(pk=rollout_id)
    if action in BY_RULE:
        changes.apply(rollout=rollout, action=action, reason="It says so.", situation={"n": 1}, evidence={})
    else:
        BY_PERSON[action](rollout=rollout, by=rollout.started_by, reason="Now.")
