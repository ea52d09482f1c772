"""What users ask: the list of groups, the map, and the calls that were chosen on it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse

from monitoring.analysis.flags import Flag
from monitoring.streams import hours
from projects.models import Project
from projects.roles import Role
from tests.monitoring.factories import rate
from tests.monitoring.issue_factories import make_cluster, make_looked_at
from tests.projects.factories import make_member, make_project, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return make_project()


@pytest.fixture
def client(project: Project) -> Client:
    return signed_in(make_member(project=project, role=Role.EDITOR))


def traffic(project: Project, query: str = "") -> str:
    return reverse("traffic", args=[project.slug]) + query


def recount(project: Project) -> None:
    hours.recount(project_id=project.pk, since=datetime(2000, 1, 1, tzinfo=UTC))


def test_the_list_says_which_group_is_disliked_more_than_the_rest(project, client):
    refunds, parcels = make_cluster(project, name="Refunds"), make_cluster(project, name="Parcels")
    for number in range(24):
        call = make_looked_at(project, cluster=refunds, flags=Flag.REFUSED if number % 2 else 0)
        if number < 14:
            rate(project, call.trace_id.hex)
        rate(project, make_looked_at(project, cluster=parcels).trace_id.hex, up=number > 0)
    recount(project)

    lines = {line.group.name: line for line in client.get(traffic(project)).context["lines"]}

    assert lines["Refunds"].lift == "14.0 times the rest"
    assert lines["Parcels"].lift == ""
    assert lines["Refunds"].worst == "The answers refuse or dodge: 50%"


def test_the_name_of_a_group_of_few_people_is_not_shown(project, client):
    secret = make_cluster(project, name="The salary of Dana")
    make_looked_at(project, cluster=secret, user="dana")
    recount(project)

    answer = client.get(traffic(project)).content.decode()

    assert "A small group of questions" in answer
    assert "The salary of Dana" not in answer


def test_without_groups_the_page_says_when_there_will_be_some(project, client):
    assert "It happens by itself." in client.get(traffic(project)).content.decode()
    assert "Nothing to draw yet" in client.get(traffic(project, "?view=map")).content.decode()


def test_the_points_of_the_map_say_what_is_wrong(project, client):
    cluster = make_cluster(project, name="Refunds")
    vector = [1.0] + [0.0] * 383
    calls = [make_looked_at(project, cluster=cluster, flags=flags, user=f"u{flags}") for flags in (0, Flag.REFUSED, 0)]
    for call in calls:
        type(call).objects.filter(trace_id=call.trace_id).update(embedding=vector, embedding_version="test")
    rate(project, calls[2].trace_id.hex)

    found = client.get(reverse("traffic-points", args=[project.slug])).json()["points"]

    kinds = {point["trace"]: point["kind"] for point in found}
    assert [kinds[call.trace_id.hex] for call in calls] == ["", "flagged", "disliked"]


def test_a_group_is_found_in_explore_by_its_name(project, client):
    cluster = make_cluster(project, name="Refunds")
    calls = {make_looked_at(project, cluster=cluster).trace_id for _ in range(5)}
    make_looked_at(project)

    found = client.get(reverse("explore", args=[project.slug]), {"group": cluster.pk}).context

    assert {trace.trace_id for trace in found["page"].traces} == calls
    assert [(chip["label"], chip["value"]) for chip in found["chips"]] == [("Group of questions", "Refunds")]


def test_chosen_calls_are_found_in_explore(project, client):
    one, other, _ = (make_looked_at(project) for _ in range(3))

    found = client.get(
        reverse("explore", args=[project.slug]), {"among": f"{one.trace_id.hex},{other.trace_id.hex}"}
    ).context  # fmt: skip

    assert {trace.trace_id for trace in found["page"].traces} == {one.trace_id, other.trace_id}


def test_a_list_of_chosen_calls_that_makes_no_sense_is_named_and_left_out(project, client):
    assert client.get(reverse("explore", args=[project.slug]), {"among": "all of them"}).status_code == 422
