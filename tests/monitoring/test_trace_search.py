from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from monitoring import trace_search
from monitoring.kinds import Arm, Kind
from monitoring.models import Trace
from monitoring.trace_filters import Outcome, Thumbs, TraceFilter
from monitoring.trace_search import Cursor, Relaxation, parse_cursor
from tests.monitoring.factories import make_span, make_trace, new_trace_id, rate, send
from tests.projects.factories import make_project

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def project():
    return make_project()


def wanting(**fields):
    now = timezone.now()
    return TraceFilter(**{"start": now - DAY, "end": now + timedelta(minutes=1)} | fields)


def ids(project, cursor=None, **fields):
    page = trace_search.page(project=project, wanted=wanting(**fields), older_than=cursor)
    return [trace.hex_id for trace in page.traces]


def minutes_ago(minutes):
    return timezone.now() - timedelta(minutes=minutes)


def test_traces_come_newest_first(project):
    old = make_trace(project, at=minutes_ago(30))
    new = make_trace(project, at=minutes_ago(10))

    assert ids(project) == [new, old]


def test_traces_outside_the_time_range_or_of_other_projects_are_left_out(project):
    make_trace(project, at=timezone.now() - 2 * DAY)
    make_trace(make_project())

    assert ids(project) == []


@pytest.mark.parametrize(
    ("wanted", "matching", "other"),
    [
        ({"environment": "staging"}, {"environment": "staging"}, {}),
        ({"model": "large"}, {"model": "large"}, {"model": "small"}),
        ({"prompt": "refund"}, {"prompt": "refund", "version": 3}, {"prompt": "greet", "version": 3}),
        ({"prompt": "refund", "version": 3}, {"prompt": "refund", "version": 3}, {"prompt": "refund", "version": 2}),
        ({"user": "ann"}, {"user": "ann"}, {"user": "anna"}),
        ({"session": "s-1"}, {"session": "s-1"}, {"session": "s-2"}),
        ({"status": Outcome.ERROR}, {"error": "Timeout"}, {}),
        ({"status": Outcome.OK}, {}, {"error": "Timeout"}),
        ({"min_duration_ms": 2000}, {"took_ms": 2001}, {"took_ms": 1999}),
        ({"min_cost_usd": 0.01}, {"cost_usd": 0.02}, {"cost_usd": 0.002}),
        ({"text": "WHERE money"}, {"asked": "where is my money?"}, {"asked": "where is my parcel?"}),
        ({"text": "sorry"}, {"answered": "I am SORRY to hear that"}, {"answered": "Great"}),
        ({"text": "checkout"}, {"name": "checkout flow"}, {"name": "greeting"}),
        ({"text": "100%"}, {"asked": "100% sure"}, {"asked": "1000 sure"}),
        ({"text": "a_b"}, {"asked": "a_b"}, {"asked": "axb"}),
        ({"text": "ann@"}, {"user": "ann@example.com"}, {"user": "bob@example.com"}),
    ],
)
def test_each_field_narrows_the_list(project, wanted, matching, other):
    expected = make_trace(project, **matching)
    make_trace(project, **other)

    assert ids(project, **wanted) == [expected]


def test_thumbs_narrow_the_list(project):
    liked, disliked, _ = make_trace(project), make_trace(project), make_trace(project)
    rate(project, liked, up=True)
    rate(project, disliked, up=False)

    assert ids(project, thumbs=Thumbs.UP) == [liked]
    assert ids(project, thumbs=Thumbs.DOWN) == [disliked]


def test_a_whole_trace_id_finds_its_trace_at_any_time(project):
    trace_id = make_trace(project, at=timezone.now() - 20 * DAY)

    assert ids(project, text=trace_id.upper()) == [trace_id]
    assert ids(project, text=str(UUID(trace_id))) == [trace_id]
    assert ids(make_project(), text=trace_id) == []


def test_the_start_of_a_trace_id_is_enough(project):
    trace_id = make_trace(project)
    make_trace(project)

    assert ids(project, text=trace_id[:10]) == [trace_id]


def test_pages_lead_through_all_traces_and_back(project):
    same_moment = minutes_ago(5)
    expected = sorted((make_trace(project, at=same_moment) for _ in range(5)), reverse=True)
    seen, cursor, pages = [], None, []
    while True:
        page = trace_search.page(project=project, wanted=wanting(), older_than=cursor, limit=2)
        seen += [trace.hex_id for trace in page.traces]
        pages.append(page)
        if page.older is None:
            break
        cursor = page.older

    back = trace_search.page(project=project, wanted=wanting(), newer_than=pages[-1].newer, limit=2)

    assert seen == expected
    assert [trace.hex_id for trace in back.traces] == expected[2:4]
    assert back.newer is not None
    assert pages[0].newer is None


def test_a_search_that_runs_out_of_time_says_how_far_it_came_and_can_go_on(project):
    wanted_id = make_trace(project, at=minutes_ago(60), asked="needle")
    for minute in range(10):
        make_trace(project, at=minutes_ago(minute), asked="hay")

    first = trace_search.page(project=project, wanted=wanting(text="needle"), seconds=0, first_window=3)
    rest = trace_search.page(project=project, wanted=wanting(text="needle"), older_than=first.older)

    assert (first.traces, first.older.at) == ([], first.searched_until)
    assert [trace.hex_id for trace in rest.traces] == [wanted_id]
    assert rest.searched_until is None


def test_a_page_that_is_full_when_time_runs_out_is_finished(project):
    for minute in range(3):
        make_trace(project, at=minutes_ago(minute), asked="needle")
    make_trace(project, at=minutes_ago(9), asked="hay")

    full = trace_search.page(project=project, wanted=wanting(text="needle"), seconds=0, first_window=2, limit=3)

    assert (len(full.traces), full.searched_until) == (3, None)
    assert full.older is not None


def test_windows_lose_no_trace_and_show_none_twice(project):
    moment = minutes_ago(5)
    expected = sorted((make_trace(project, at=moment, asked="needle") for _ in range(9)), reverse=True)

    page = trace_search.page(project=project, wanted=wanting(text="needle"), first_window=1)

    assert [trace.hex_id for trace in page.traces] == expected


def test_new_traces_are_counted_from_the_top_of_the_list(project):
    make_trace(project, at=minutes_ago(10))
    top = trace_search.cursor_of(Trace.objects.get(project=project))
    make_trace(project, at=minutes_ago(5))
    make_trace(project, at=minutes_ago(5), environment="staging")

    assert trace_search.count_newer(project=project, wanted=wanting(), than=top) == 2
    assert trace_search.count_newer(project=project, wanted=wanting(environment="staging"), than=top) == 1
    assert trace_search.count_newer(project=project, wanted=wanting(), than=None) == 3


def test_fields_that_hide_everything_are_named(project):
    make_trace(project, user="ann", environment="staging")
    make_trace(project, user="ann", environment="staging")
    make_trace(project, user="bob", environment="production")

    found = trace_search.relaxations(project=project, wanted=wanting(user="ann", environment="production"))

    assert found == [Relaxation("environment", 2), Relaxation("user", 1)]


def test_a_single_field_has_no_relaxation(project):
    make_trace(project)

    assert trace_search.relaxations(project=project, wanted=wanting(user="nobody")) == []


def test_dropping_a_prompt_drops_its_version():
    less = wanting(prompt="refund", version=3, user="ann").without("prompt")

    assert (less.prompt, less.version, less.user) == ("", 0, "ann")


def test_cursors_survive_an_address():
    cursor = Cursor(timezone.now(), UUID(new_trace_id()))

    assert parse_cursor(str(cursor)) == cursor


@pytest.mark.parametrize(
    "text", ["", "x", "-", "12-zz", f"{'9' * 40}-{'0' * 32}", f"253402300799999999-{'0' * 32}", "1e5-" + "0" * 32]
)
def test_addresses_that_are_no_cursor_are_ignored(text):
    assert parse_cursor(text) is None


def test_the_list_reads_a_handful_of_statements_however_long_it_is(project, django_assert_max_num_queries):
    send(project, *(make_span(at=minutes_ago(5), kind=Kind.LLM, asked="x") for _ in range(60)))

    with django_assert_max_num_queries(2):
        page = trace_search.page(project=project, wanted=wanting(environment="production"))

    assert isinstance(page.traces[0].started_at, datetime)
    assert len(page.traces) == 50


def test_one_side_of_a_rollout_is_found(project):
    rollout = uuid4()
    sides = {}
    for arm in ("candidate", "control"):
        sent = {"callboard.rollout.id": str(rollout), "callboard.rollout.arm": arm, "callboard.rollout.bucket": 1}
        sides[arm] = make_trace(project, attributes=sent, prompt="refund", version=1)
    make_trace(project)

    assert set(ids(project, rollout=rollout)) == set(sides.values())
    assert ids(project, rollout=rollout, arm=Arm.CANDIDATE) == [sides["candidate"]]
    assert wanting(rollout=rollout, arm=Arm.CANDIDATE).without("rollout").names_in_use == []
