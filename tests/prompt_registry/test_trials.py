"""The grid of a trial: who may make, fill, stop and judge it, and what it costs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from projects.models import Job, Project, User
from projects.roles import Role
from prompt_registry import contents, trials
from prompt_registry.errors import NotAllowed
from prompt_registry.models import Prompt
from prompt_registry.trial_models import CellState, Mark, Trial
from prompt_registry.trial_plans import MAX_CELLS, BlanksMissing, TrialInput, Variant, messages_of
from prompt_registry.trials import GridTooLarge, InputsTooLarge, NothingToTry
from tests.prompt_registry.factories import chat, make_member, text

pytestmark = pytest.mark.django_db


def variant(content=None, **values) -> Variant:
    content = content or chat(("system", "Answer {{question}}."))
    usual = {
        "kind": "version", "number": 1, "is_live": True, "content": content.to_json(), "connection_id": 1,
        "connection_name": "Fake", "model": "gpt-5-mini", "is_simulated": False,
    }  # fmt: skip
    return Variant(**usual | values)


def given(question: str = "Where is it?") -> TrialInput:
    return TrialInput({"question": question})


def make(prompt: Prompt, by: User, *, rows: int = 2, columns: int = 2) -> Trial:
    return trials.create(prompt=prompt, inputs=[given()] * rows, variants=[variant()] * columns, by=by)


def states(trial: Trial) -> list[str]:
    return list(trial.cells.order_by("row", "column").values_list("state", flat=True))


def test_a_new_grid_has_a_cell_for_every_input_and_variant(prompt, editor):
    trial = make(prompt, editor, rows=3, columns=2)

    assert states(trial) == [CellState.IDLE] * 6
    assert not Job.objects.filter(kind=trials.RUN_KIND).exists()


def test_a_viewer_may_neither_make_nor_run_nor_stop_a_trial(prompt, editor, viewer):
    trial = make(prompt, editor)

    for act in (
        lambda: make(prompt, viewer),
        lambda: trials.ask(trial=trial, by=viewer),
        lambda: trials.stop(trial=trial, by=viewer),
        lambda: trials.judge(cell=trial.cells.first(), mark="better", by=viewer),
    ):
        with pytest.raises(NotAllowed):
            act()


def test_an_empty_and_an_endless_grid_are_refused(prompt, editor):
    with pytest.raises(NothingToTry):
        make(prompt, editor, rows=0)
    with pytest.raises(GridTooLarge):
        make(prompt, editor, rows=MAX_CELLS // 3 + 1, columns=3)


def test_inputs_that_are_too_large_together_are_refused(prompt, editor):
    large = given("x" * (trials.MAX_INPUT_BYTES // 2))
    trial = make(prompt, editor)

    with pytest.raises(InputsTooLarge):
        trials.create(prompt=prompt, inputs=[large] * 3, variants=[variant()], by=editor)
    with pytest.raises(InputsTooLarge):
        trials.add(trial=trial, inputs=[large] * 3, by=editor)


def test_asking_makes_every_cell_wait_and_one_job_ready(prompt, editor):
    trial = make(prompt, editor)

    asked = trials.ask(trial=trial, by=editor)

    assert asked == 4
    assert states(trial) == [CellState.READY] * 4
    assert Job.objects.filter(kind=trials.RUN_KIND).count() == 1


def test_asking_again_leaves_alone_what_is_under_way(prompt, editor):
    trial = make(prompt, editor)
    trials.ask(trial=trial, by=editor, row=0)

    asked = trials.ask(trial=trial, by=editor)

    assert asked == 2


@pytest.mark.parametrize(
    ("places", "expected"),
    [({"row": 1}, [0, 0, 1, 1]), ({"column": 0}, [1, 0, 1, 0]), ({"row": 1, "column": 1}, [0, 0, 0, 1])],
)
def test_a_row_a_column_or_a_cell_can_be_asked_alone(prompt, editor, places, expected):
    trial = make(prompt, editor)

    trials.ask(trial=trial, by=editor, **places)

    assert [int(state == CellState.READY) for state in states(trial)] == expected


def test_an_answer_that_is_there_is_kept_when_only_new_ones_are_asked_for(prompt, editor):
    trial = make(prompt, editor)
    trial.cells.filter(row=0).update(state=CellState.DONE, text="There.")

    trials.ask(trial=trial, by=editor, only_new=True)

    assert states(trial) == [CellState.DONE] * 2 + [CellState.READY] * 2


def test_a_cell_with_an_empty_blank_fails_with_its_name_and_is_not_sent(prompt, editor):
    trial = trials.create(prompt=prompt, inputs=[TrialInput({"order": "5"})], variants=[variant()], by=editor)

    trials.ask(trial=trial, by=editor)

    cell = trial.cells.get()
    assert (cell.state, cell.error_kind) == (CellState.FAILED, "BlanksMissing")
    assert "«question» has no value" in cell.error
    assert not Job.objects.filter(kind=trials.RUN_KIND).exists()


def test_a_blank_that_may_stay_empty_is_left_out_of_the_question():
    content = contents.parse(
        {"type": "text", "text": "Hi {{name}}.", "variables": [{"name": "name", "required": False}]}
    )

    assert messages_of(content, {}) == [{"role": "user", "content": "Hi ."}]


def test_all_empty_blanks_are_named():
    with pytest.raises(BlanksMissing, match="Blanks «a», «b» have no value"):
        messages_of(text("{{a}} {{b}} {{c}}"), {"c": "1"})


def test_values_are_never_filled_in_again():
    messages = messages_of(text("{{a}}"), {"a": "{{b}} {% now %} {0}"})

    assert messages == [{"role": "user", "content": "{{b}} {% now %} {0}"}]


def test_a_recorded_conversation_is_inserted_where_the_prompt_says():
    content = contents.parse(
        {"type": "chat", "messages": [{"type": "placeholder", "name": "history"}, {"role": "user", "content": "{{q}}"}]}
    )
    history = '[{"role": "user", "content": "Hello {{q}}"}, {"role": "assistant", "content": "Hi"}]'
    now = {"role": "user", "content": "And now?"}

    assert messages_of(content, {"q": "And now?", "history": history}) == [
        {"role": "user", "content": "Hello {{q}}"}, {"role": "assistant", "content": "Hi"}, now,
    ]  # fmt: skip
    for odd in ("", "[", "[1]", '[{"role": "root"}]', "[" * 100_000, "text"):
        assert messages_of(content, {"q": "And now?", "history": odd}) == [now]


def test_a_recorded_conversation_is_shown_as_its_messages():
    given = TrialInput({"q": "x", "history": '[{"role": "user", "content": "Hello"}]', "none": "[]"})

    assert given.shown == [("q", "x"), ("history", "User says: Hello")]


def test_stopping_keeps_what_has_arrived(prompt, editor):
    trial = make(prompt, editor)
    trials.ask(trial=trial, by=editor)
    trial.cells.filter(row=0, column=0).update(state=CellState.RUNNING, text="Half")

    stopped = trials.stop(trial=trial, by=editor)

    assert stopped == 4
    assert states(trial) == [CellState.STOPPED] * 4
    assert trial.cells.get(row=0, column=0).text == "Half"


def test_a_mark_is_set_changed_and_taken_away(prompt, editor):
    trial = make(prompt, editor)
    cell = trial.cells.select_related("trial__project").get(row=0, column=1)
    seen = []
    for mark in ("better", "same", "same", "odd"):
        trials.judge(cell=cell, mark=mark, by=editor)
        cell.refresh_from_db()
        seen.append(cell.mark)

    assert seen == [Mark.BETTER, Mark.SAME, Mark.NONE, Mark.NONE]


def test_rows_and_columns_can_be_added_and_old_answers_stay(prompt, editor):
    trial = make(prompt, editor, rows=1, columns=1)
    trial.cells.update(state=CellState.DONE, text="There.")

    trials.add(trial=trial, inputs=[given("And now?")], variants=[variant(model="gpt-5")], by=editor)

    assert states(trial) == [CellState.DONE] + [CellState.IDLE] * 3


def test_people_find_their_own_trials_newest_first(prompt, editor, project):
    other = make_member(project, Role.EDITOR)
    first, second = make(prompt, editor), make(prompt, editor)
    make(prompt, other)
    trials.ask(trial=first, by=editor)

    assert [trial.pk for trial in trials.recent(prompt=prompt, user=editor)] == [first.pk, second.pk]


def test_the_estimate_adds_up_the_cells_and_never_counts_an_unknown_price_as_nothing():
    known = trials.estimate(project_id=0, inputs=[given()] * 2, variants=[variant()])
    unknown = trials.estimate(project_id=0, inputs=[given()], variants=[variant(model="our-own-model")])
    free = trials.estimate(project_id=0, inputs=[given()], variants=[variant(is_simulated=True)])

    assert 0 < known.expected.nano_usd < known.worst.nano_usd
    assert unknown.expected.nano_usd > known.expected.nano_usd
    assert not unknown.worst.is_price_known
    assert free.worst.nano_usd == 0


def test_old_trials_are_removed_unless_they_are_under_way(prompt, editor):
    old, busy, fresh = make(prompt, editor), make(prompt, editor), make(prompt, editor)
    trials.ask(trial=busy, by=editor)
    Trial.objects.filter(pk__in=[old.pk, busy.pk]).update(touched_at=timezone.now() - timedelta(days=31))

    trials.delete_old()

    assert {trial.pk for trial in Trial.objects.all()} == {busy.pk, fresh.pk}


def test_what_cannot_be_stored_is_cleaned_on_the_way_in(prompt, editor):
    odd = TrialInput({"question": "nul\x00 and \ud800"}, answer="\x00")

    trial = trials.create(prompt=prompt, inputs=[odd], variants=[variant()], by=editor)

    assert TrialInput.from_json(trial.inputs[0]).values["question"] == "nul and ?"


def test_a_project_is_removed_with_its_trials(project: Project, prompt: Prompt, editor: User):
    make(prompt, editor)

    project.delete()

    assert not Trial.objects.exists()
