from datetime import timedelta
from uuid import UUID

import pytest
from django.utils import timezone

from monitoring import trace_reading
from monitoring.kinds import Kind
from monitoring.models import Trace
from monitoring.trace_trees import Oddity
from projects.models import User
from tests.monitoring.factories import make_span, make_trace, new_span_id, rate, send
from tests.projects.factories import make_project

pytestmark = pytest.mark.django_db

TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def now():
    return timezone.now()


def test_the_skeleton_is_one_narrow_statement(project, now, django_assert_num_queries):
    root = make_span(trace_id=TRACE, kind=Kind.AGENT, at=now)
    send(
        project,
        root,
        *(make_span(trace_id=TRACE, parent_id=root.span_id.hex(), at=now, asked="x" * 1000) for _ in range(20)),
    )
    trace = Trace.objects.get(project=project)

    with django_assert_num_queries(1) as statements:
        branches = trace_reading.skeleton(trace).branches

    assert (len(branches), branches[0].child_count) == (21, 20)
    assert '"input"' not in statements[0]["sql"]


def test_spans_of_other_projects_with_the_same_ids_stay_out(project):
    send(project, make_span(trace_id=TRACE))
    send(make_project(), make_span(trace_id=TRACE), make_span(trace_id=TRACE))

    assert len(trace_reading.skeleton(Trace.objects.get(project=project)).branches) == 1


def test_a_trace_without_its_root_still_has_a_tree(project):
    send(project, make_span(trace_id=TRACE, parent_id=new_span_id()))

    assert trace_reading.skeleton(Trace.objects.get(project=project)).branches[0].oddity == Oddity.ORPHAN


def test_spans_are_read_in_pages(project, now):
    send(project, *(make_span(trace_id=TRACE, at=now + timedelta(seconds=index // 2)) for index in range(5)))
    trace = Trace.objects.get(project=project)
    seen, last = [], None
    while page := trace_reading.spans_after(trace, last=last, limit=2):
        seen += [span.span_id for span in page]
        last = page[-1]

    assert sorted(seen) == sorted(branch.step.span_id for branch in trace_reading.skeleton(trace).branches)
    assert len(seen) == len(set(seen)) == 5


def test_opinions_carry_the_name_of_the_team_member(project):
    from monitoring import scores

    ann = User.objects.create(email="ann@example.com", name="Ann")
    item = {"trace_id": TRACE, "data_type": "thumbs", "value": 1}
    scores.record(
        project_id=project.pk, scores=[scores.checked(item, now=timezone.now(), source="human", author_id=ann.pk)]
    )
    rate(project, TRACE, comment="meh")

    found = trace_reading.opinions(project=project, trace_id=UUID(TRACE))

    assert {(opinion.score.source, opinion.author) for opinion in found} == {("human", "Ann"), ("user", "")}


def test_latest_dislikes_are_those_with_words(project):
    trace_id = make_trace(project)
    rate(project, trace_id, comment="This is wrong")
    rate(project, trace_id, comment="")
    rate(project, trace_id, up=True, comment="Nice")

    def said(start=timedelta(hours=-1), end=timedelta(minutes=1), **where):
        now = timezone.now()
        found = trace_reading.latest_dislikes(project=project, start=now + start, end=now + end, **where)
        return [opinion.score.comment for opinion in found]

    assert said() == ["This is wrong"]
    assert said(start=timedelta(hours=-2), end=timedelta(hours=-1)) == []
    assert said(environment="staging") == []
