"""Clusters over days: new topics are found at once, ids stay, and what was split or merged is written down."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from monitoring.analysis.flags import Flag
from monitoring.analysis.models import CallAnalysis
from monitoring.clusters import running, turns
from monitoring.clusters.models import Cluster, ClusteringRun, ClusterLink, LinkKind
from tests.monitoring.clusters.topics import Topics, ask, cluster_of
from tests.projects.factories import make_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def now():
    return timezone.now() - timedelta(days=12)


def main_share(ids: list[int | None]) -> tuple[int | None, float]:
    (cluster_id, count), *_ = Counter(ids).most_common(1)
    return cluster_id, count / len(ids)


def test_topics_become_clusters_and_their_calls_belong_to_them(project, now):
    topics = Topics(6)
    calls = [ask(project, topics.about(topic, 60), at=now) for topic in range(6)]

    outcome = running.discover(project_id=project.pk, now=now)

    found = [main_share(cluster_of(project, ids)) for ids in calls]
    assert outcome.new == 6
    assert len({cluster_id for cluster_id, _ in found}) == 6
    assert all(cluster_id is not None and share > 0.9 for cluster_id, share in found)


def test_texts_that_have_nothing_in_common_make_no_cluster(project, now):
    ask(project, Topics(1).anything(400), at=now)

    assert running.discover(project_id=project.pk, now=now).new == 0


def test_fewer_texts_than_three_hundred_are_left_alone(project, now):
    topics = Topics(4)
    for topic in range(4):
        ask(project, topics.about(topic, 50), at=now)

    assert running.discover(project_id=project.pk, now=now).new == 0


def test_few_calls_with_something_wrong_are_enough_for_a_cluster(project, now):
    topics = Topics(6)
    for topic in range(5):
        ask(project, topics.about(topic, 70), at=now)
    running.discover(project_id=project.pk, now=now)
    bad = ask(project, topics.about(5, 30), at=now + timedelta(hours=1), flags=int(Flag.REFUSED))
    ask(project, topics.anything(12), at=now + timedelta(hours=1), flags=int(Flag.REFUSED))

    running.discover(project_id=project.pk, only_flagged=True, now=now + timedelta(hours=2))

    cluster_id, share = main_share(cluster_of(project, bad))
    assert cluster_id is not None
    assert share > 0.8


def test_over_ten_drifting_days_calls_keep_their_cluster_and_a_new_topic_is_found_on_its_first_day(project, now):
    topics, last, same, total = Topics(9), {}, 0, 0
    for day in range(10):
        moment = now + timedelta(days=day)
        asked = range(9) if day >= 5 else range(8)
        today = {topic: ask(project, topics.about(topic, 50), at=moment) for topic in asked}
        ask(project, topics.anything(40), at=moment)
        running.discover(project_id=project.pk, now=moment)
        if day == 7:
            running.rebuild(project_id=project.pk, now=moment)
        for topic, ids in today.items():
            cluster_id, _ = main_share(cluster_of(project, ids))
            if topic in last:
                same += cluster_id == last[topic]
                total += 1
            last[topic] = cluster_id
        if day == 5:
            assert last[8] is not None
            assert last[8] not in {last[topic] for topic in range(8)}
        topics.drift(0.05)

    assert same / total >= 0.99
    assert not ClusterLink.objects.exists()


def test_an_item_keeps_its_cluster_from_day_to_day(project, now):
    topics = Topics(8)
    ids = [ids for topic in range(8) for ids in ask(project, topics.about(topic, 60), at=now)]
    running.discover(project_id=project.pk, now=now)
    before, kept, total = cluster_of(project, ids), 0, 0
    for day in range(1, 6):
        topics.drift(0.05)
        for topic in range(8):
            ask(project, topics.about(topic, 40), at=now + timedelta(days=day))
        running.discover(project_id=project.pk, now=now + timedelta(days=day))
        running.rebuild(project_id=project.pk, now=now + timedelta(days=day))
        after = cluster_of(project, ids)
        kept += sum(one == other for one, other in zip(before, after, strict=True) if one is not None)
        total += sum(one is not None for one in before)
        before = after

    assert kept / total >= 0.99


def test_a_cluster_that_falls_apart_is_split_and_the_larger_part_keeps_the_id(project, now):
    topics = Topics(6)
    calls = [ask(project, topics.about(topic, 60), at=now) for topic in range(6)]
    running.discover(project_id=project.pk, now=now)
    first, _ = main_share(cluster_of(project, calls[0]))
    second, _ = main_share(cluster_of(project, calls[1]))
    wide = Cluster.objects.get(pk=first)
    more = ask(project, topics.about(0, 40), at=now)
    # Two topics that the first look took for one.
    calls_of_second = [*calls[1]]
    _give(project, [*calls[0], *more, *calls_of_second], wide.pk)
    Cluster.objects.filter(pk=second).delete()

    outcome = running.rebuild(project_id=project.pk, now=now + timedelta(days=1))

    link = ClusterLink.objects.get()
    assert (outcome.splits, link.kind, link.source_id) == (1, LinkKind.SPLIT, wide.pk)
    assert main_share(cluster_of(project, [*calls[0], *more]))[0] == wide.pk
    assert main_share(cluster_of(project, calls_of_second)) == (link.target_id, pytest.approx(1, abs=0.1))


def test_clusters_that_are_one_topic_are_merged_and_the_smaller_is_retired(project, now):
    topics = Topics(6)
    calls = [ask(project, topics.about(topic, 80), at=now) for topic in range(6)]
    running.discover(project_id=project.pk, now=now)
    whole, _ = main_share(cluster_of(project, calls[0]))
    row = Cluster.objects.get(pk=whole)
    row.pk = None
    row.save()
    half = calls[0][:30]
    _give(project, half, row.pk)

    outcome = running.rebuild(project_id=project.pk, now=now + timedelta(days=1))

    link = ClusterLink.objects.get()
    assert (outcome.merges, link.kind, link.source_id, link.target_id) == (1, LinkKind.MERGED, row.pk, whole)
    assert Cluster.objects.get(pk=row.pk).retired_at is not None
    assert set(cluster_of(project, half)) == {whole}


def test_a_second_look_at_the_same_calls_changes_nothing(project, now):
    topics = Topics(6)
    ids = [one for topic in range(6) for one in ask(project, topics.about(topic, 60), at=now)]
    running.discover(project_id=project.pk, now=now)
    before = cluster_of(project, ids)

    running.discover(project_id=project.pk, now=now)
    running.rebuild(project_id=project.pk, now=now)

    after = cluster_of(project, ids)
    assert sum(one == other for one, other in zip(before, after, strict=True)) >= 0.98 * len(ids)
    assert Cluster.objects.count() == 6


def test_two_projects_with_the_same_calls_get_the_same_clusters_and_share_none(now):
    found = []
    for _ in range(2):
        project, topics = make_project(), Topics(5)
        ids = [one for topic in range(5) for one in ask(project, topics.about(topic, 70), at=now)]
        running.discover(project_id=project.pk, now=now)
        clusters = cluster_of(project, ids)
        assert set(Cluster.objects.for_project(project).values_list("pk", flat=True)) >= set(clusters) - {None}
        numbers: dict[int | None, int] = {}
        found.append([numbers.setdefault(one, len(numbers)) for one in clusters])

    assert found[0] == found[1]


def test_while_another_worker_has_the_turn_nothing_is_done(project, now):
    ask(project, Topics(1).about(0, 300), at=now)

    with _another_connection() as other, other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", [turns.LOCK, project.pk])
        running.discover(project_id=project.pk, now=now)

    assert not ClusteringRun.objects.filter(project=project).exists()


def test_calls_of_another_embedding_start_anew_and_the_old_clusters_are_kept_as_retired(project, now):
    topics = Topics(5)
    for topic in range(5):
        ask(project, topics.about(topic, 70), at=now)
    running.discover(project_id=project.pk, now=now)
    other = Topics(5, seed=9)
    ids = [
        one
        for topic in range(5)
        for one in ask(project, other.about(topic, 70), at=now + timedelta(hours=1), version="another 1")
    ]

    running.discover(project_id=project.pk, now=now + timedelta(hours=2))

    assert Cluster.objects.filter(retired_at__isnull=False).count() == 5
    assert set(Cluster.objects.current().values_list("embedding_version", flat=True)) == {"another 1"}
    assert None not in {main_share(cluster_of(project, ids[start : start + 70]))[0] for start in range(0, 350, 70)}


def _give(project, ids, cluster_id):
    CallAnalysis.objects.filter(project=project, trace_id__in=ids).update(cluster_id=cluster_id)


@contextmanager
def _another_connection():
    other = connection.copy()
    try:
        yield other
    finally:
        other.close()
