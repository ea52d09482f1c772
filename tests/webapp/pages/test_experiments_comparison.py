"""The result of a test: the verdict, the items, one item in full, keeping, publishing, taking away."""

from __future__ import annotations

import csv
import io
import json

import pytest
from django.test import Client
from django.urls import reverse

from evals import datasets
from evals.evaluators.models import EvaluatorVersion
from evals.experiments.models import Experiment, ExperimentCell, ExperimentScore, ExperimentState
from evals.experiments.plans import DRAFT, VERSION
from evals.models import DatasetItem
from projects.models import Project, User
from projects.roles import Role
from prompt_registry import contents, prompts, versions
from prompt_registry.models import Prompt
from tests.evals.experiment_factories import (
    answer,
    items_of,
    make_evaluator_version,
    make_experiment,
    make_judged,
    make_variant,
)
from tests.evals.factories import add, make_dataset
from tests.projects.factories import make_member, make_project, make_user, signed_in

pytestmark = pytest.mark.django_db
SAME = " ".join(f"word {number}" for number in range(300))
HOSTILE = "<script>alert(1)</script> {{question}} {% now %} <img src=x onerror=alert(2)>"


@pytest.fixture
def admin() -> User:
    return make_user(name="Dana")


@pytest.fixture
def project(admin: User) -> Project:
    return make_project(by=admin)


@pytest.fixture
def browser(admin: User) -> Client:
    return signed_in(admin)


@pytest.fixture
def experiment(project: Project) -> Experiment:
    return make_judged({"Correct": ["1100" * 30, "1110" * 29 + "0010"], "Polite": ["1" * 120] * 2}, project)


def at(experiment: Experiment, route: str = "experiment", *more: object) -> str:
    return reverse(route, args=[experiment.project.slug, experiment.pk, *more])


def rows(browser: Client, experiment: Experiment, **query: object) -> str:
    return browser.get(at(experiment, "experiment-rows"), query).text


def test_the_page_begins_with_the_verdict_in_words(browser, experiment):
    page = browser.get(at(experiment)).text

    assert "Probably better on «Correct» (+" in page
    assert "no difference on «Polite»" in page
    assert "2 items got clearly worse." in page


def test_every_check_has_a_tile_with_its_interval_drawn_and_what_it_rests_on(browser, experiment):
    page = browser.get(at(experiment)).text

    assert page.count('class="interval') >= 2
    assert "120 items." in page
    assert "50 % → " in page


def test_the_most_damaged_items_are_listed_first(browser, experiment):
    numbers = [item.number for item in items_of(experiment)]
    listed = rows(browser, experiment)

    assert listed.index(f"Item {numbers[116]}<") < listed.index(f"Item {numbers[0]}<")


@pytest.mark.parametrize(
    ("show", "count"), [("worse", 2), ("better", 30), ("differ", 32), ("same", 88), ("failed", 0), ("odd", 120)]
)
def test_items_can_be_listed_by_how_they_did(browser, experiment, show, count):
    listed = rows(browser, experiment, show=show)

    assert listed.count("data-kind=") == min(count, 25)
    assert count == 0 or f"of {count}<" in listed


@pytest.mark.parametrize(
    "query", [{"page": 999}, {"page": "x"}, {"b": 77}, {"against": 99}, {"b": 0}, {"by": "note:\x00"}]
)
def test_an_odd_address_shows_something_sensible(browser, experiment, query):
    assert browser.get(at(experiment), query).status_code == 200


def test_an_item_shows_whole_answers_the_words_that_differ_and_why(browser, experiment):
    item = items_of(experiment)[116]
    cells = ExperimentCell.objects.filter(experiment=experiment, item=item)
    cells.filter(column=0).update(output=f"{SAME} The parcel arrives on Monday.")
    cells.filter(column=1).update(output=f"{SAME} The parcel arrives on Tuesday.")
    score = ExperimentScore.objects.get(cell=cells.get(column=1), evaluator_version__evaluator__name="Correct")
    score.detail = {"verdict": "no", "reason": "The day is wrong.", "quote": "on Sunday", "is_quoted": False}
    score.save()

    page = browser.get(at(experiment, "experiment-row", item.number), headers={"HX-Request": "true"}).text

    assert page.count("word 299 ") >= 2
    assert "<del>Monday</del><ins>Tuesday</ins>" in page
    assert "The day is wrong." in page
    assert "not in the answer" in page


def test_texts_of_models_people_and_judges_are_only_ever_text(browser, project):
    dataset = make_dataset(project)
    add(dataset, HOSTILE, expected_output=HOSTILE, metadata={HOSTILE: HOSTILE}, context=HOSTILE)
    variants = [make_variant(1, label=HOSTILE), make_variant(2, label=HOSTILE, model=HOSTILE)]
    experiment = make_judged({HOSTILE: ["1", "0"]}, dataset=dataset, variants=variants, name=HOSTILE)
    ExperimentCell.objects.filter(experiment=experiment).update(output=HOSTILE, model=HOSTILE)
    ExperimentScore.objects.filter(cell__experiment=experiment).update(
        why=HOSTILE, judge_model=HOSTILE,
        detail={"criteria": [{"name": HOSTILE, "verdict": HOSTILE, "reason": HOSTILE, "quote": HOSTILE}]},
    )  # fmt: skip
    item = items_of(experiment)[0]

    pages = [
        browser.get(at(experiment), {"by": f"note:{HOSTILE}"}).text,
        rows(browser, experiment),
        browser.get(at(experiment, "experiment-row", item.number)).text,
        browser.get(at(experiment, "experiment-verdict")).text,
    ]

    for page in pages:
        assert "&lt;script&gt;alert(1)" in page
        assert "<script>alert" not in page
        assert "<img src=x" not in page


@pytest.mark.parametrize(
    "detail",
    [[], {"criteria": 7}, {"orders": ["x", {}]}, {"reason": {"a": 1}}, {"criteria": [{"name": None}]}],
    ids=str,
)
def test_a_judgement_kept_in_an_odd_form_breaks_nothing(browser, experiment, detail):
    ExperimentScore.objects.filter(cell__experiment=experiment).update(detail=detail)
    number = items_of(experiment)[0].number

    assert browser.get(at(experiment, "experiment-row", number)).status_code == 200


def test_failed_answers_and_judges_are_said_and_what_is_left_out_is_counted(browser, project):
    experiment = make_judged({"Correct": ["1111x1", "11!111"]}, project)

    page = browser.get(at(experiment)).text

    assert "1 answer failed" in page
    assert "could not judge 1 answer" in page
    assert "2 items left out: an answer failed (1), the check could not judge (1)." in page
    assert "The provider did not answer in time." in page


def test_while_it_runs_the_page_says_that_it_is_preliminary_and_asks_again(browser, project):
    experiment = make_judged({"Correct": ["111.", "110."]}, project, state=ExperimentState.RUNNING)

    page = browser.get(at(experiment)).text

    assert "After 3 of 4 items, and not final:" in page
    assert "preliminary" in page
    assert 'data-every="5"' in page
    assert "Use B" not in page


def test_the_verdict_stops_asking_when_the_test_is_over(browser, experiment):
    assert "cb-live" not in browser.get(at(experiment, "experiment-verdict")).text


def test_several_variants_can_be_chosen_and_stand_beside_each_other(browser, project):
    experiment = make_judged({"Correct": ["1100" * 20, "1110" * 20, "1111" * 20]}, project)

    page = browser.get(at(experiment), {"b": 1, "against": 2, "wide": "1"}).text

    assert "Probably worse on «Correct»" in page
    assert page.count('<td data-letter="') == 25 * 3
    assert "the best of several always looks better than it is" in browser.get(at(experiment)).text


def test_quality_is_drawn_against_price_and_time(browser, experiment):
    ExperimentCell.objects.filter(experiment=experiment, column=1).update(cost_nano_usd=90_000, latency_ms=400)

    page = browser.get(at(experiment)).text

    assert "Quality and price of an answer" in page
    assert "Quality and time of an answer" in page
    assert "p-front" in page


def test_parts_of_the_items_have_their_own_differences(browser, project):
    dataset = make_dataset(project)
    for number in range(40):
        add(dataset, tags=["angry" if number % 4 else "calm"])
    experiment = make_judged({"Correct": ["1" * 40, "1000" * 10]}, dataset=dataset)

    page = browser.get(at(experiment), {"by": "tag"}).text

    assert "angry" in page
    assert "−100 worse" in page
    assert ">few<" in page


def test_a_judge_of_pairs_tells_how_steady_it_is(browser, project):
    experiment = make_judged({"Which is better": [["_"] * 4, [1, 0.5, 0.5, 0]]}, project)
    ExperimentScore.objects.filter(value=0.5).update(
        detail={"is_consistent": False, "orders": [{"verdict": "first"}, {"verdict": "first"}]}
    )
    ExperimentScore.objects.exclude(value=0.5).update(
        detail={"is_consistent": True, "orders": [{"verdict": "first"}, {"verdict": "second"}]}
    )

    page = browser.get(at(experiment)).text

    assert "Won 1, lost 1, 2 even." in page
    assert "changed its mind on 50% of them" in page


def test_one_variant_says_how_many_answers_pass_and_which_check_fails_most(browser, project):
    experiment = make_judged({"Correct": ["1110" * 25], "Polite": ["1" * 90 + "0" * 10]}, project)

    page = browser.get(at(experiment)).text

    assert "68 of 100 answers pass every check (68 %, 95 % from 58 % to 76 %)." in page
    assert "Most fail «Correct»: 25 % of them." in page
    assert "75 of 100" in page


def test_one_variant_lists_what_missed_something_first(browser, project):
    experiment = make_judged({"Correct": ["1101"], "Polite": ["1111"]}, project)

    page = rows(browser, experiment)
    missed = rows(browser, experiment, show="worse")

    assert page.index("Item 3<") < page.index("Item 1<")
    assert "Missed something" in page
    assert "Passed all" in page
    assert ("Item 3<" in missed, "Item 1<" in missed) == (True, False)
    assert "Next better" not in page
    assert "A against" not in page


def test_the_verdict_on_one_variant_is_told_while_it_runs(browser, project):
    experiment = make_judged({"Correct": ["11"]}, project)

    assert "2 of 2 answers pass every check" in browser.get(at(experiment, "experiment-verdict")).text


def test_an_item_is_kept_with_the_answer_that_is_expected_from_now_on_and_the_way_back(browser, experiment, project):
    item, place = items_of(experiment)[116], make_dataset(project, name="regressions")

    answer = browser.post(
        at(experiment, "experiment-save-item", item.number), {"place": place.pk, "expected": "0"}, follow=True
    )

    kept = DatasetItem.objects.current().get(dataset=place)
    assert kept.expected_output == f"Answer 0.0 to item {item.number}."
    assert kept.input == item.input
    assert kept.metadata["found at"] == at(experiment, "experiment-row", item.number)
    assert "Kept in «regressions» as item 1" in answer.text


def test_an_item_can_be_kept_in_its_own_dataset_as_another_one(browser, experiment):
    item = items_of(experiment)[0]

    browser.post(
        at(experiment, "experiment-save-item", item.number), {"place": experiment.dataset_id, "expected": "1"}
    )  # fmt: skip

    assert DatasetItem.objects.current().filter(dataset=experiment.dataset_id).count() == 121


def test_an_item_that_is_there_already_is_not_stored_twice(browser, experiment):
    item = items_of(experiment)[0]
    address = at(experiment, "experiment-save-item", item.number)

    answer = browser.post(address, {"place": experiment.dataset_id, "expected": ""}, follow=True)

    assert "has this item already" in answer.text


def test_an_item_cannot_be_kept_in_an_archived_or_a_foreign_dataset(browser, experiment, project):
    number = items_of(experiment)[0].number
    put_away, foreign = make_dataset(project), make_dataset()
    datasets.archive(dataset=put_away, by=None)
    address = at(experiment, "experiment-save-item", number)

    refused = browser.post(address, {"place": put_away.pk}, follow=True)

    assert "in the archive" in refused.text
    assert browser.post(address, {"place": foreign.pk}).status_code == 404


def test_somebody_who_may_only_look_is_offered_no_way_to_keep_or_use(experiment, project):
    viewer = signed_in(make_member(project=project, role=Role.VIEWER))
    number = items_of(experiment)[0].number

    page = viewer.get(at(experiment, "experiment-row", number)).text

    assert "Save as item" not in page
    assert "Use B" not in viewer.get(at(experiment)).text


def test_results_are_taken_away_as_a_table_that_no_spreadsheet_runs(browser, experiment):
    ExperimentCell.objects.filter(experiment=experiment).update(output="=1+1")

    answer = browser.get(at(experiment, "experiment-export"))

    table = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert len(table) == 240
    assert table[0]["answer"] == "'=1+1"
    assert (table[0]["Correct: value"], table[0]["Correct: passed"]) == ("1.0", "yes")
    assert "attachment" in answer["Content-Disposition"]


def test_two_versions_of_a_check_have_their_own_columns_in_the_table(browser, project):
    first = make_evaluator_version(project, "Short", most=5)
    second = EvaluatorVersion.objects.create(
        project=project, evaluator=first.evaluator, number=2, kind="length", settings={"most": 9}
    )
    experiment = make_experiment(project, items=1, variants=1, evaluators=[first, second])
    answer(experiment, {0: ["0"], 1: ["1"]})

    exported = browser.get(at(experiment, "experiment-export"))
    lines = b"".join(exported.streaming_content).decode()

    (row,) = csv.DictReader(io.StringIO(lines))
    assert (row["Short v1: value"], row["Short v2: value"]) == ("0.0", "1.0")


def test_results_are_taken_away_as_lines_of_json(browser, experiment):
    answer = browser.get(at(experiment, "experiment-export-jsonl"))

    lines = [json.loads(line) for line in b"".join(answer.streaming_content).splitlines()]
    assert len(lines) == 240
    assert [score["check"] for score in lines[0]["scores"]] == ["Correct", "Polite"]


def test_somebody_can_disagree_with_a_judgement_and_take_it_back(browser, experiment):
    item = items_of(experiment)[0]
    score = ExperimentScore.objects.filter(cell__experiment=experiment, cell__item=item).first()
    address = at(experiment, "experiment-disagree", item.number)

    first = browser.post(address, {"score": score.pk}, headers={"HX-Request": "true"}).text
    page = browser.get(at(experiment)).text
    second = browser.post(address, {"score": score.pk}, headers={"HX-Request": "true"}).text

    assert "Disagrees: Dana" in first
    assert "Somebody disagrees with a judgement." in page
    assert "Disagrees:" not in second
    assert ExperimentScore.objects.get(pk=score.pk).value == score.value


def test_a_judgement_about_another_item_is_not_reached_from_here(browser, experiment):
    here, there = items_of(experiment)[:2]
    score = ExperimentScore.objects.filter(cell__experiment=experiment, cell__item=there).first()

    assert browser.post(at(experiment, "experiment-disagree", here.number), {"score": score.pk}).status_code == 404


# Using the winner


@pytest.fixture
def prompt(project: Project, admin: User) -> Prompt:
    prompt = prompts.create(project=project, name="support/answer", type="text", by=admin)
    for text in ("Answer {{question}}", "Answer {{question}} kindly"):
        versions.save(prompt=prompt, content=said(text), by=admin)
    return prompt


def said(text: str, model: str = "gpt-5-mini"):
    return contents.parse({"type": "text", "text": text, "settings": {"model": model}})


def of_variant(prompt: Prompt, content, **values) -> Experiment:
    variant = make_variant(**{"number": 2, "content": content.to_json(), "model": "gpt-5-mini"} | values)
    return make_judged(
        {"Correct": ["1100" * 20, "1110" * 20]}, prompt.project, prompt=prompt, variants=[make_variant(1), variant]
    )


def used(browser: Client, experiment: Experiment) -> str:
    return browser.post(at(experiment, "experiment-use"), {"column": 1})["Location"]


def test_using_a_version_leads_to_the_page_that_publishes_it(browser, prompt):
    where = used(browser, of_variant(prompt, said("Answer {{question}} kindly"), kind=VERSION))

    assert where.endswith(f"/prompts/{prompt.pk}/publish/?version=2&to=production")
    assert browser.get(where).status_code == 200


def test_using_a_draft_makes_it_a_version_first_and_once(browser, prompt):
    experiment = of_variant(prompt, said("Answer {{question}} in a poem"), kind=DRAFT, number=0)

    first, second = used(browser, experiment), used(browser, experiment)

    assert first == second
    assert "version=3" in first
    assert versions.newest_number(prompt) == 3
    assert prompt.versions.get(number=3).note == f"Tested in «{experiment.name}»"


def test_what_was_tested_with_another_model_is_published_with_that_model(browser, prompt):
    used(browser, of_variant(prompt, said("Answer {{question}} kindly"), kind=VERSION, model="gpt-5"))

    assert versions.by_number(prompt, 3).settings["model"] == "gpt-5"


def test_a_test_without_a_prompt_publishes_nothing_and_says_why(browser, experiment):
    answer = browser.post(at(experiment, "experiment-use"), {"column": 1}, follow=True)

    assert "publish it from there" in answer.text


def test_how_everything_is_computed_is_one_click_away(browser, experiment):
    page = browser.get(at(experiment)).text
    methods = reverse("experiment-methods", args=[experiment.project.slug])

    assert f'href="{methods}"' in page
    assert "Bonett and Price" in browser.get(methods).text
