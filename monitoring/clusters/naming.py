"""Gives clusters their names, their wider groups and their places on the map, and leaves them as long as nothing moved."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np
from django.db import connection

from monitoring.clusters import asking, discovery, model_names, names, parents, positions
from monitoring.clusters.asking import Namer
from monitoring.clusters.calls import Pool
from monitoring.clusters.model_names import Material
from monitoring.clusters.models import Cluster, NameSource
from monitoring.clusters.names import Said
from monitoring.clusters.privacy import fewest_people
from monitoring.clusters.trees import Vectors

# A name is part of what people know a cluster by: it stays until the cluster wandered farther than this (cosine).
_WANDERED = 0.15
_TEXTS = 150

_SAID = """
    SELECT c.id, said.text, said.person FROM cluster c CROSS JOIN LATERAL (
        SELECT text, coalesce(nullif(user_id, ''), nullif(session_id, ''), trace_id::text) AS person FROM call_analysis a
         WHERE a.project_id = c.project_id AND a.cluster_id = c.id AND a.call_at >= %(since)s AND a.start_day >= %(since)s::date
           AND a.text <> ''
         ORDER BY a.draw, a.trace_id, a.span_id LIMIT %(limit)s
    ) said WHERE c.project_id = %(project)s AND c.retired_at IS NULL AND c.embedding_version = %(version)s
"""


# Examples for a model, from the middle of a cluster to its edge, each by another person.
_EXAMPLES = 40
_NEAREST = """
    SELECT text FROM (
        SELECT DISTINCT ON (person) text, person, distance FROM (
            SELECT text, coalesce(nullif(user_id, ''), nullif(session_id, ''), trace_id::text) AS person, draw,
                   a.embedding <=> c.centroid AS distance
              FROM call_analysis a JOIN cluster c ON c.project_id = a.project_id AND c.id = a.cluster_id
             WHERE a.project_id = %(project)s AND a.cluster_id = %(cluster)s AND a.call_at >= %(since)s
               AND a.start_day >= %(since)s::date AND a.embedding_version = c.embedding_version AND a.text <> ''
             ORDER BY draw LIMIT 200
        ) drawn ORDER BY person, distance, text
    ) people ORDER BY distance, text LIMIT %(limit)s
"""
# More names of models than this wait for the next run.
_MOST_ASKED = 20


def refresh(pool: Pool, now: datetime) -> None:
    """Name the clusters that are new or wandered off, and find the place of the new ones among the others."""
    rows = list(
        Cluster.objects.filter(project_id=pool.project_id, embedding_version=pool.version).current().order_by("pk")
    )
    if not rows:
        return
    centroids = discovery.unit(np.array([row.centroid for row in rows], dtype=np.float32))
    unnamed = [place for place, row in enumerate(rows) if needs_name(row, centroids[place])]
    if not unnamed:
        return
    said = _said(pool)
    _place(rows, centroids)
    _name(rows, unnamed, said, now)
    _join(rows, centroids, said)
    fields = ["name", "name_source", "terms", "named_at", "named_for", "parent_name", "map_x", "map_y"]
    Cluster.objects.bulk_update(rows, fields)
    if namer := asking.namer(pool.project_id):
        for place in unnamed[:_MOST_ASKED]:
            _ask_for_name(pool, namer, rows, centroids, place)


def needs_name(row: Cluster, centroid: Vectors) -> bool:
    """Tell whether a cluster has no name yet, or became something else since it got it; what a person named stays."""
    if row.named_for is None:
        return True
    return (
        row.name_source != NameSource.PERSON
        and float(np.array(row.named_for, dtype=np.float32) @ centroid) < 1 - _WANDERED
    )


def _ask_for_name(pool: Pool, namer: Namer, rows: Sequence[Cluster], centroids: Vectors, place: int) -> None:
    """Let a model name a cluster of enough people, and keep the words when its name does not hold."""
    row = rows[place]
    likeness = centroids @ centroids[place]
    likeness[place] = -1
    inside = _examples(pool, row.pk)
    if row.name_source == NameSource.PERSON or len(rows) < 2 or len(inside) < fewest_people(pool.project_id):
        return
    found = model_names.named(namer, Material(inside, _examples(pool, rows[int(likeness.argmax())].pk)))
    if found is not None:
        Cluster.objects.filter(pk=row.pk).exclude(name_source=NameSource.PERSON).update(
            name=found.name, summary=found.sentence, name_source=NameSource.MODEL
        )


def _examples(pool: Pool, cluster_id: int) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(_NEAREST, {**pool.values, "cluster": cluster_id, "limit": _EXAMPLES})
        return [text for (text,) in cursor.fetchall()]


def _said(pool: Pool) -> dict[int, list[Said]]:
    found: defaultdict[int, list[Said]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_SAID, {**pool.values, "limit": _TEXTS})
        for cluster_id, text, person in cursor.fetchall():
            found[cluster_id].append(Said(text, person))
    return found


def _place(rows: Sequence[Cluster], centroids: Vectors) -> None:
    # A place is given once, together with the first name.
    former = np.array([(row.map_x, row.map_y) if row.named_for else (np.nan, np.nan) for row in rows])
    for row, (x, y) in zip(rows, positions.placed(centroids, former), strict=True):
        row.map_x, row.map_y = float(x), float(y)


def _name(rows: Sequence[Cluster], places: Sequence[int], said: Mapping[int, Sequence[Said]], now: datetime) -> None:
    found = names.names(said)
    for row in (rows[place] for place in places):
        if name := found.get(row.pk):
            row.terms = name.terms
            if row.name_source != NameSource.PERSON:
                row.name, row.name_source = name.name, NameSource.WORDS
        row.named_at, row.named_for = now, row.centroid


def _join(rows: Sequence[Cluster], centroids: Vectors, said: Mapping[int, Sequence[Said]]) -> None:
    """Name the wider groups; a single one for all is none."""
    labels = parents.parents(centroids)
    if labels.max() == 0:
        return
    joined: defaultdict[int, list[Said]] = defaultdict(list)
    for row, label in zip(rows, labels.tolist(), strict=True):
        joined[label] += said.get(row.pk, [])
    found = names.names(joined)
    for row, label in zip(rows, labels.tolist(), strict=True):
        row.parent_name = found[label].name if label in found else ""
