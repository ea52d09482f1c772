"""How each answer of the server changes what is known about a prompt; clocks and chance are given."""

import pytest
from callboard import assignment
from callboard.errors import PromptAccessRefused, PromptDeleted, PromptNotFound, PromptUnavailable
from callboard.prompt_disk import StoredPrompt
from callboard.prompt_entries import Entry, Moment
from callboard.prompt_fetching import Failed, Fetched, Gone, NotModified, Refused

DAY = 24 * 3600.0


def payload(version=1, **more):
    return {"name": "greeting", "type": "text", "version": version, "text": f"text {version}", **more}


def moment(seconds=0.0, chance=0.5):
    return Moment(monotonic=1000.0 + seconds, unix=1_700_000_000.0 + seconds, chance=chance)


@pytest.fixture
def entry():
    return Entry("greeting", "production", None, ttl=60.0, now=1000.0)


def test_keys_tell_versions_from_labels():
    assert Entry("a", "3", None, ttl=1, now=0).key == "a|l:3"
    assert Entry("a", "production", 3, ttl=1, now=0).key == "a|v:3"


def test_the_first_refresh_comes_anywhere_within_the_time_to_live(entry):
    delays = []
    for chance in (0.0, 0.5, 0.999):
        fresh = Entry("greeting", "production", None, ttl=60.0, now=1000.0)
        fresh.apply(Fetched(payload(), None), moment(chance=chance))
        delays.append(round(fresh.check_at - 1000.0))

    assert delays == [0, 30, 60]


def test_later_refreshes_come_after_the_time_to_live_give_or_take_a_fifth(entry):
    entry.apply(Fetched(payload(), '"e"'), moment())

    delays = []
    for chance in (0.0, 0.5, 1.0):
        entry.apply(NotModified(), moment(chance=chance))
        delays.append(round(entry.check_at - 1000.0))

    assert delays == [48, 60, 72]


@pytest.mark.parametrize(
    "rubbish",
    [{"version": float("inf")}, {"rollout": {"candidate": payload(), "id": "r", "share_ppm": float("inf")}}],
    ids=["version", "rollout"],
)
def test_a_number_beyond_all_bounds_raises_nothing(entry, rubbish):
    entry.apply(Fetched(payload() | rubbish, None), moment())

    assert entry.rollout is None
    assert entry.ready.is_set()


@pytest.mark.parametrize("is_ready", [True, False])
def test_after_a_fork_no_lock_of_a_thread_of_the_parent_is_waited_for(entry, is_ready):
    if is_ready:
        entry.ready.set()
    of_the_parent = entry.ready

    entry.reset_after_fork()

    assert entry.ready is not of_the_parent
    assert entry.ready.is_set() == is_ready


def test_failures_back_off_from_one_second_to_sixty(entry):
    delays = []
    for _ in range(9):
        entry.apply(Failed("down"), moment(chance=1.0))
        delays.append(round(entry.check_at - 1000.0))

    assert delays == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_a_server_that_names_a_wait_is_obeyed_up_to_a_minute(entry):
    entry.apply(Failed("busy", retry_after=20.0), moment())
    assert entry.check_at == 1020.0

    entry.apply(Failed("busy", retry_after=9999.0), moment())
    assert entry.check_at == 1060.0


def test_a_success_ends_the_back_off(entry):
    entry.apply(Failed("down"), moment())
    entry.apply(Fetched(payload(), None), moment())

    assert (entry.failures, entry.error) == (0, None)


def test_errors_say_what_happened(entry):
    entry.apply(Failed("connection refused"), moment())
    assert isinstance(entry.error, PromptUnavailable)
    assert "connection refused" in str(entry.error)

    entry.apply(Gone(), moment())
    assert isinstance(entry.error, PromptNotFound)

    entry.apply(Refused(403), moment())
    assert isinstance(entry.error, PromptAccessRefused)
    assert 1060.0 <= entry.check_at <= 1120.0


def test_a_deleted_prompt_is_served_for_a_day_counted_from_the_first_answer(entry):
    entry.apply(Fetched(payload(), None), moment())
    entry.apply(Gone(), moment(seconds=10))
    entry.apply(Gone(), moment(seconds=5000))
    deleted_at = moment(seconds=10).unix

    served = entry.served(unix=deleted_at + DAY, max_stale_on_delete=DAY)
    ended = entry.served(unix=deleted_at + DAY + 1, max_stale_on_delete=DAY)

    assert served is not None
    assert served.deleted
    assert ended is None
    assert isinstance(entry.error, PromptDeleted)


def test_an_outage_after_a_deletion_does_not_bring_the_prompt_back(entry):
    entry.apply(Fetched(payload(), None), moment())
    entry.apply(Gone(), moment())
    entry.apply(Failed("down"), moment(seconds=10))

    assert entry.served(unix=moment(seconds=10).unix + DAY, max_stale_on_delete=DAY) is None


def test_the_copy_on_disk_changes_only_when_there_is_something_new(entry):
    assert entry.apply(Fetched(payload(1), None), moment())
    assert not entry.apply(Fetched(payload(1), None), moment())
    assert not entry.apply(NotModified(), moment())
    assert not entry.apply(Failed("down"), moment())
    assert entry.apply(Fetched(payload(2), None), moment())
    assert entry.apply(Gone(), moment())
    assert not entry.apply(Gone(), moment())


def test_an_answer_that_is_not_a_prompt_keeps_the_one_before(entry):
    entry.apply(Fetched(payload(), None), moment())
    entry.apply(Fetched({"name": "greeting"}, None), moment())

    assert entry.prompt.text == "text 1"
    assert entry.failures == 1


def test_a_copy_from_disk_becomes_memory_once_confirmed(entry):
    entry.restore(StoredPrompt(payload(), '"e"'))
    assert entry.prompt.source == "disk"

    entry.apply(NotModified(), moment())

    assert entry.prompt.source == "memory"


def test_a_rollout_has_two_arms_with_their_facts(entry):
    rollout = {"id": "r-1", "share_ppm": 500_000, "candidate": payload(2)}
    entry.apply(Fetched(payload(1, rollout=rollout), None), moment())

    assert not entry.is_plain
    assert (entry.prompt.version, entry.prompt.arm, entry.prompt.rollout_id) == (1, "control", "r-1")
    assert entry.rollout.candidate.version == 2
    assert entry.rollout.candidate.arm == "candidate"


@pytest.mark.parametrize("rollout", [None, 7, {}, {"id": "r", "share_ppm": "many", "candidate": payload()}])
def test_a_rollout_that_cannot_be_understood_leaves_everybody_on_control(entry, rollout):
    entry.apply(Fetched(payload(1, rollout=rollout), None), moment())

    assert entry.rollout is None
    assert entry.is_plain


def test_assignment_is_stable_monotone_and_close_to_the_share():
    units = [f"user-{number}" for number in range(5_000)]

    buckets = {unit: assignment.bucket_of(rollout_id="r-1", unit_id=unit) for unit in units}

    def candidates(share_ppm):
        return {unit for unit, bucket in buckets.items() if assignment.is_candidate(bucket, share_ppm)}

    tenth, half = candidates(100_000), candidates(500_000)

    assert tenth < half
    assert 420 < len(tenth) < 580
    assert 2350 < len(half) < 2650
    assert candidates(0) == set()
    assert candidates(1_000_000) == set(units)
    assert not assignment.is_candidate(assignment.bucket_of(rollout_id="r-1", unit_id=""), 1_000_000)


def test_assignment_does_not_depend_on_how_letters_are_composed():
    composed, decomposed = "Zo\u00eb", "Zoe\u0308"

    for share_ppm in range(0, 1_000_000, 50_000):
        answers = {
            assignment.is_candidate(assignment.bucket_of(rollout_id="r", unit_id=unit), share_ppm)
            for unit in (composed, decomposed)
        }
        assert len(answers) == 1


def test_a_copy_from_disk_serves_no_candidate_until_the_server_has_confirmed_it():
    entry = Entry("greeting", "production", None, ttl=60.0, now=0.0)
    rollout = {"id": "r-1", "share_ppm": 1_000_000, "candidate": payload(2)}
    entry.restore(StoredPrompt(payload=payload(1, rollout=rollout), etag="e", deleted_at=None))

    assert entry.rollout is None
    entry.apply(NotModified(), moment())
    assert entry.rollout is not None


def test_while_a_rollout_runs_the_server_is_asked_every_ten_seconds():
    entry = Entry("greeting", "production", None, ttl=60.0, now=0.0)
    rollout = {"id": "r-1", "share_ppm": 1, "candidate": payload(2)}
    entry.apply(Fetched(payload(1, rollout=rollout), None), moment())
    entry.apply(Fetched(payload(1, rollout=rollout), None), moment())

    assert entry.check_at - moment().monotonic <= 12.0


def test_a_deleted_prompt_serves_no_candidate():
    entry = Entry("greeting", "production", None, ttl=60.0, now=0.0)
    rollout = {"id": "r-1", "share_ppm": 1_000_000, "candidate": payload(2)}
    entry.apply(Fetched(payload(1, rollout=rollout), None), moment())
    entry.apply(Gone(), moment())

    assert entry.rollout is None
