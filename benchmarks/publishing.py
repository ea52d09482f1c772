"""Publishes another version of a prompt in a process of its own, and prints on the shared clock when it began to."""

from __future__ import annotations

import os
import sys
import time

import django


def main(name: str) -> None:
    """Save a version, publish it to production, and print when the publish began."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    django.setup()

    from projects.models import User
    from prompt_registry import contents, labels, versions
    from prompt_registry.models import Prompt

    prompt = Prompt.objects.select_related("project").get(name=name)
    by = User.objects.get(email="bench@localhost")
    messages = [{"role": "system", "content": f"You answer in one sentence. Edited at {time.time()}."}]
    content = contents.parse({"type": "chat", "messages": messages, "settings": {"model": "gpt-4o-mini"}})
    version = versions.save(prompt=prompt, content=content, by=by)
    began = time.monotonic()
    labels.publish(prompt=prompt, version=version, label="production", by=by)
    sys.stdout.write(f"{began}\n")


if __name__ == "__main__":
    main(sys.argv[1])
