"""Fills a project with prompts and asks for their pages in this process, so that only the server's own time counts.

Prints one JSON object; runs in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import django

from benchmarks import figures
from benchmarks.figures import Figures

if TYPE_CHECKING:
    from django.test import Client

    from projects.models import Project

WARM_UPS = 2
VERSIONS_OF_OTHERS = 6
DAYS = 30

_PROMPTS = """
    INSERT INTO prompt (project_id, name, type, tags, created_at, created_by_id)
    SELECT %(project)s, 'team-' || n %% 20 || '/topic-' || n %% 7 || '/prompt-' || n, 'chat',
           ARRAY['tag-' || n %% 9], now() - n * interval '1 minute', CASE WHEN n %% 10 = 0 THEN %(person)s END
    FROM generate_series(1, %(count)s) n
"""
# About 2,000 characters, different in every version, as people write them.
_VERSIONS = """
    INSERT INTO prompt_version (project_id, prompt_id, number, text, messages, variables, settings, note, content_hash,
                                author_id, created_at)
    SELECT %(project)s, p.id, n, '',
           jsonb_build_array(
               jsonb_build_object('role', 'system', 'content', (
                   SELECT string_agg('Line ' || l || ' of version ' || n || ': answer politely about order '
                                     || md5(p.id || ' ' || l) || CASE WHEN l = 20 THEN ' and word' || p.id ELSE '' END, E'\\n')
                   FROM generate_series(1, 30 + n %% 5) l)),
               jsonb_build_object('role', 'user', 'content', '{{question}}')),
           '[{"name": "question", "description": "", "sample": "", "required": true}]', '{"model": "gpt-4o-mini"}',
           'Note on version ' || n, md5(p.id || ' ' || n) || md5(n::text), %(person)s, now() - (1000 - n) * interval '1 hour'
    FROM prompt p, LATERAL generate_series(1, CASE WHEN p.id = %(long)s THEN %(versions)s ELSE %(few)s END) n
    WHERE p.project_id = %(project)s AND NOT EXISTS (SELECT FROM prompt_version v WHERE v.prompt_id = p.id)
"""
_LABELS = """
    INSERT INTO prompt_label (project_id, prompt_id, name, version_id, updated_at)
    SELECT v.project_id, v.prompt_id, 'production', v.id, now() FROM prompt_version v
    WHERE v.project_id = %(project)s AND v.number = 2
    ON CONFLICT DO NOTHING
"""
_USAGE = """
    INSERT INTO usage_day (project_id, at, shard, kind, arm, prompt_version, environment, model, prompt_name, span_count,
                           root_count, error_count, unpriced_count, input_tokens, output_tokens, cache_read_tokens,
                           reasoning_tokens, cost_nano_usd, duration_ns, thumbs_up, thumbs_down, latency, ttft)
    SELECT %(project)s, date_trunc('day', now(), 'UTC') - d * interval '1 day', 0, 1, 0, v, 'production', 'gpt-4o-mini', p.name,
           100, 0, 1, 0, 9000, 3000, 0, 0, 40000000, 0, 3, p.id %% 3,
           ARRAY(SELECT ((200 + b + p.id %% 20)::bigint << 40) + 1 + b FROM generate_series(0, 11) b), '{}'
    FROM prompt p, generate_series(0, %(days)s - 1) d,
         generate_series(1, CASE WHEN p.id = %(long)s THEN %(versions)s / 10 ELSE 2 END) v
    WHERE p.project_id = %(project)s
"""


def main() -> None:
    """Fill the project, measure and print."""
    parser = argparse.ArgumentParser()
    for name in ("--project-id", "--prompts", "--versions", "--requests"):
        parser.add_argument(name, type=int, required=True)
    args = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    django.setup()
    from projects.models import Project

    project = Project.objects.get(pk=args.project_id)
    began = time.monotonic()
    long_prompt_id = fill(project, prompts=args.prompts, versions=args.versions)
    filled = round(time.monotonic() - began, 1)
    measured = measure(project, long_prompt_id, versions=args.versions, requests=args.requests)
    sys.stdout.write(
        json.dumps({"pages": measured, "prompts": args.prompts, "versions": args.versions, "fill_seconds": filled})
    )


def fill(project: Project, *, prompts: int, versions: int) -> int:
    """Make the prompts, their versions, what is live and a month of counters; return the one with many versions."""
    from django.db import connection

    person = project.memberships.values_list("user_id", flat=True)[0]
    values = {
        "project": project.pk, "person": person, "count": prompts, "versions": versions, "few": VERSIONS_OF_OTHERS, "days": DAYS,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_PROMPTS, values)
        cursor.execute("SELECT max(id) FROM prompt WHERE project_id = %(project)s", values)
        values["long"] = cursor.fetchone()[0]
        # Row by row the search would follow every single version; at the end it only follows the last ones.
        cursor.execute("ALTER TABLE prompt_version DISABLE TRIGGER prompt_text_of_version")
        cursor.execute(_VERSIONS, values)
        cursor.execute("ALTER TABLE prompt_version ENABLE TRIGGER prompt_text_of_version")
        cursor.execute(_LABELS, values)
        cursor.execute(_USAGE, values)
        cursor.execute("VACUUM ANALYZE")
    return int(values["long"])


def measure(project: Project, long_prompt_id: int, *, versions: int, requests: int) -> Figures:
    """Return the times of every page; a page that does not answer ends the benchmark."""
    from django.conf import settings
    from django.test import Client

    from webapp import garbage

    settings.ALLOWED_HOSTS = ["*"]
    client = Client()
    client.force_login(project.memberships.get().user)
    _ask(client, f"/p/{project.slug}/")
    # As the server does once it has started.
    garbage.calm()
    found = {}
    for name, path in pages(project, long_prompt_id, versions):
        for _ in range(WARM_UPS):
            _ask(client, path)
        found[name] = figures.milliseconds([_ask(client, path) for _ in range(requests)], (50, 95))
    return found


def pages(project: Project, long_prompt_id: int, versions: int) -> Iterator[tuple[str, str]]:
    """Name every page that is measured, with its address."""
    top = f"/p/{project.slug}/prompts/"
    prompt = f"{top}{long_prompt_id}/"
    queries = {
        "folders": "", "one folder": "?folder=team-3/topic-3/", "a tag": "?tag=tag-3", "mine": "?show=mine",
        "with thumbs down": "?show=disliked", "unused": "?show=unused", "changed last": "?sort=changed",
        "most calls": "?sort=calls", "most disliked": "?sort=disliked", "a page further on": "?sort=calls&after=2000.0|team-5",
        "a word in one text": f"?q=word{long_prompt_id}", "words in every text": "?q=answer+politely",
        "words found nowhere": "?q=xylophone", "letters of another alphabet": "?q=日本", "archive": "?archive",
    }  # fmt: skip
    yield from ((f"list, {name}", top + query) for name, query in queries.items())
    yield f"history of {versions} versions", f"{prompt}versions/"
    yield "history, in the middle", f"{prompt}versions/?before={versions // 2}"
    yield "one version", f"{prompt}versions/{versions // 2}/"
    yield "compare", f"{prompt}compare/?from=1&to={versions}"
    yield "copy", f"{prompt}duplicate/"


def _ask(client: Client, path: str) -> float:
    began = time.perf_counter()
    answer = client.get(path)
    seconds = time.perf_counter() - began
    if answer.status_code != 200:
        raise SystemExit(f"{path} answered {answer.status_code} instead of 200.")
    return seconds


if __name__ == "__main__":
    main()
