"""A frozen part of the traffic is told by what was asked alone: not by version or arm, and not by groups found later."""

from __future__ import annotations

import json
import uuid
from dataclasses import asdict
from typing import Any

import pytest
from django.db import connection
from pgvector import HalfVector

from monitoring.analysis.flags import Flag
from monitoring.analysis.models import CallAnalysis
from monitoring.clusters.models import Cluster
from monitoring.issues.membership import Membership
from monitoring.kinds import Arm
from monitoring.streams import frozen_scopes
from monitoring.streams.frozen_scopes import FrozenScope
from monitoring.streams.scopes import Scope
from tests.monitoring.issue_factories import DIMENSIONS, make_cluster, make_looked_at
from tests.projects.factories import make_project

pytestmark = pytest.mark.django_db


def direction(*values: float) -> HalfVector:
    return HalfVector([*values] + [0.0] * (DIMENSIONS - len(values)))


@pytest.fixture
def project():
    return make_project()


def call(project, *values: float, space: str = "test", cluster: Cluster | None = None, **fields: Any) -> uuid.UUID:
    """Record a refused call that was about this direction."""
    row = make_looked_at(project, flags=Flag.REFUSED, cluster=cluster)
    fields = {"embedding": direction(*values), "embedding_version": space} | fields
    CallAnalysis.objects.filter(project=project, trace_id=row.trace_id).update(**fields)
    return row.trace_id


def members(project, scope: Scope) -> set[uuid.UUID]:
    condition = Membership((scope,)).bad()
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT a.trace_id FROM call_analysis a WHERE a.project_id = %(project)s AND ({condition.sql})",
            condition.values | {"project": project.pk},
        )
        return {row[0] for row in cursor.fetchall()}


def frozen(project, *scopes: Scope, without: tuple[Scope, ...] = ()) -> FrozenScope:
    return frozen_scopes.freeze(project_id=project.pk, scopes=scopes, without=without)[0]


def test_calls_near_the_centre_belong_whatever_group_they_were_put_into(project):
    refunds = make_cluster(project, radius=0.8)
    near, far = call(project, 1.0, 0.2), call(project, 0.1, 1.0, cluster=refunds)

    found = members(project, frozen(project, Scope("refused", refunds.pk)))

    assert near in found
    assert far not in found


def test_groups_that_are_found_anew_or_move_change_nothing(project):
    refunds = make_cluster(project, radius=0.8)
    kept = frozen(project, Scope("refused", refunds.pk))
    near = call(project, 1.0, 0.2)
    Cluster.objects.filter(pk=refunds.pk).update(centroid=direction(0.0, 1.0), radius=0.99)
    make_cluster(project, name="New one", centroid=direction(1.0, 0.2))
    CallAnalysis.objects.filter(project=project).update(cluster_id=None)

    assert members(project, kept) == {near}


def test_a_call_that_is_nearer_to_a_neighbour_is_the_neighbours(project):
    refunds = make_cluster(project, radius=0.5)
    make_cluster(project, name="Parcels", centroid=direction(0.6, 0.8))
    own, other = call(project, 1.0, 0.2), call(project, 0.7, 0.7)

    found = members(project, frozen(project, Scope("refused", refunds.pk)))

    assert own in found
    assert other not in found


def test_neither_version_nor_arm_makes_a_difference(project):
    refunds = make_cluster(project, radius=0.8)
    scope = frozen(project, Scope("refused", refunds.pk, prompt_name="support/refund-answer"))
    both = {
        call(project, 1.0, arm=int(arm), prompt_version=version)
        for arm, version in ((Arm.CONTROL, 1), (Arm.CANDIDATE, 2))
    }

    assert members(project, scope) == both
    sql, _ = scope.calls()
    assert not {"version", "arm", "rollout", "unit_bucket"} & set(
        sql.replace("a.embedding_version", "").replace(".", " ").split()
    )


def test_calls_in_another_space_are_left_out_even_when_their_vectors_are_shorter(project):
    refunds = make_cluster(project, radius=0.8)
    elsewhere = call(project, 1.0, space="other")
    CallAnalysis.objects.filter(trace_id=elsewhere).update(embedding=HalfVector([1.0, 0.0]))

    assert members(project, frozen(project, Scope("refused", refunds.pk))) == set()


def test_smaller_parts_that_are_another_issue_are_left_out(project):
    scope = frozen(project, Scope("refused"), without=(Scope("refused", model="gpt-5"),))
    kept = call(project, 1.0, model="gpt-5-mini")
    call(project, 1.0, model="gpt-5")

    assert members(project, scope) == {kept}


def test_what_is_kept_as_json_is_the_same_part(project):
    refunds = make_cluster(project, radius=0.8)
    make_cluster(project, name="Parcels", centroid=direction(0.0, 1.0))
    scope = frozen(project, Scope("refused", refunds.pk), without=(Scope("refused", model="gpt-5"),))

    assert frozen_scopes.of_json(json.loads(json.dumps(asdict(scope)))) == scope
    assert frozen_scopes.of_json(asdict(Scope("refused", refunds.pk))) == Scope("refused", refunds.pk)
