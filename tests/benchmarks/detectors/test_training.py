"""Weights taught from labelled files, and the figures about them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.detectors import fitting, measures, rows, training
from benchmarks.detectors.rows import DataRefused, Example
from monitoring.detectors import models

ROOT = Path(__file__).parents[3]


def answer(number: int, **changes: Any) -> dict[str, Any]:
    is_refusal = number % 2
    return {
        "id": f"r{number}", "source": "made", "group": f"g{number // 4}", "licence": "CC0-1.0", "refusal": is_refusal, "lang": "en",
        "output": f"I'm sorry, I cannot help with matter {number}." if is_refusal else f"Press button {number} and wait for the light.",
        **changes,
    }  # fmt: skip


def write(folder: Path, lines: list[Any], name: str = "refusal.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def test_a_model_tells_apart_what_it_was_taught() -> None:
    seen = [{"bad": 1.0}, {"bad": 1.0}, {"good": 1.0}, {"good": 1.0}]

    model = fitting.fit(seen, [1, 1, 0, 0], weights=[1] * 4, strength=0.01, threshold=0.5, names=["bad", "good"])

    assert model.probability({"bad": 1.0}) > 0.8 > 0.2 > model.probability({"good": 1.0})


def test_the_same_rows_always_teach_the_same() -> None:
    seen = [{"a": 1.0, "b": 0.3}, {"b": 1.0}, {"a": 0.2}]
    fits = [
        fitting.fit(seen, [1, 0, 0], weights=[1] * 3, strength=1, threshold=0.5, names=["a", "b"]) for _ in range(2)
    ]

    assert fits[0] == fits[1]


def test_rows_of_one_group_are_never_on_both_sides() -> None:
    groups = [f"g{number // 3}" for number in range(60)]

    parts = fitting.folds(groups)

    assert all(
        len({part for part, other in zip(parts, groups, strict=True) if other == group}) == 1 for group in groups
    )
    assert set(parts) == {0, 1, 2, 3, 4}


def test_every_kind_of_row_weighs_the_same_in_total() -> None:
    weights = fitting.balanced(["a", "a", "a", "b"])

    assert sum(weights[:3]) == pytest.approx(weights[3]) == pytest.approx(2)


def test_a_sign_of_too_few_groups_is_not_learnt() -> None:
    seen = [{"often": 1.0, "once": 1.0}, {"often": 1.0}, {"often": 1.0}]

    assert fitting.common(seen, ["g1", "g2", "g3"], at_least=3) == ["often"]


def test_auroc_counts_ties_half() -> None:
    assert measures.auroc([1, 0, 1, 0], [0.9, 0.1, 0.5, 0.5]) == 0.875
    assert measures.auroc([1, 1], [0.2, 0.3]) is None


def test_a_probability_that_comes_true_as_often_as_it_says_is_calibrated() -> None:
    assert measures.calibration_error([1, 0, 0, 0], [0.25] * 4) == 0
    assert measures.calibration_error([1, 1, 1, 1], [0.25] * 4) == 0.75


def test_quality_says_nothing_about_a_kind_that_is_missing() -> None:
    found = measures.quality([0, 0, 0, 0], [0.9, 0.1, 0.1, 0.1], 0.5)

    assert found == {"texts": 4, "bad": 0, "false_alarms": 0.25}


def test_weights_are_written_with_what_they_were_made_from(tmp_path: Path) -> None:
    (lesson,) = training.lessons(rows.read([write(tmp_path, [answer(number) for number in range(80)])]))

    training.train(lesson, folder=tmp_path)

    stored = json.loads((tmp_path / "refusal.json").read_text(encoding="utf-8"))
    assert {"source": "made", "licence": "CC0-1.0", "texts": 80} in stored["about"]["taught_from"]
    assert stored["about"]["cross_validated_by_group"]["made"]["auroc"] > 0.99
    assert 0 < stored["threshold"] < 1


def test_answers_under_terms_of_their_model_are_measured_but_never_taught(tmp_path: Path) -> None:
    lines = [answer(number, licence="completion under OpenAI terms" if number < 40 else "MIT") for number in range(80)]
    (lesson,) = training.lessons(rows.read([write(tmp_path, lines)]))

    training.train(lesson, folder=tmp_path)

    stored = json.loads((tmp_path / "refusal.json").read_text(encoding="utf-8"))
    assert "OpenAI" not in json.dumps(stored["about"]["taught_from"])
    assert stored["about"]["cross_validated_by_group"]["made"]["texts"] == 80


@pytest.mark.parametrize(
    "lines", [["no", "objects"], [{"question": "?"}], []], ids=["not objects", "not labelled", "nothing"]
)
def test_a_file_without_labelled_texts_is_refused(tmp_path: Path, lines: list[Any]) -> None:
    with pytest.raises(DataRefused):
        rows.read([write(tmp_path, lines)])


def test_a_folder_may_hold_other_files_too(tmp_path: Path) -> None:
    write(tmp_path, [{"text": "hello", "intent": "greet"}], "intents.jsonl")
    write(tmp_path, [answer(1)])

    assert [collection.name for collection in rows.read([tmp_path])] == ["refusal.jsonl"]


def test_sentences_of_our_own_teach_but_are_no_source_of_a_file() -> None:
    own = rows.handwritten("refusal")

    assert {example.label for example in own} == {0, 1}
    assert all(isinstance(example, Example) and example.source == "handwritten" for example in own)


@pytest.mark.parametrize("name", ["refusal", "groundedness", "injection_user", "injection_document", "toxicity"])
def test_shipped_weights_say_where_they_come_from(name: str) -> None:
    path = ROOT / "monitoring" / "detectors" / "weights" / f"{name}.json"
    about = json.loads(path.read_text(encoding="utf-8"))["about"]

    assert all(origin["licence"] and "OpenAI terms" not in origin["licence"] for origin in about["taught_from"])
    assert about["cross_validated_by_group"]
    assert 0.2 <= models.load(name).threshold <= 0.85


def test_everything_shipped_is_small_and_readable_without_running_anything() -> None:
    files = list((ROOT / "monitoring" / "detectors" / "weights").iterdir())

    assert sum(file.stat().st_size for file in files) <= 1.5 * 2**20
    assert {file.suffix for file in files} <= {".json", ".npz", ".md"}


def test_the_command_prints_figures_by_source(tmp_path: Path) -> None:
    path = write(tmp_path, [answer(number) for number in range(80)])
    command = [sys.executable, "-m", "callboard", "bench", "detectors", str(path), "--json"]

    answered = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert answered.returncode == 0, answered.stdout + answered.stderr
    found = json.loads(answered.stdout)
    assert found["refusal"]["ms_per_text"] > 0
    assert found["refusal"]["shipped"]["sources"]["made"]["f1"] > 0.95
    assert found["refusal"]["without_each_group"]["macro"]["auroc"] > 0.95
    assert found["latency"]["recall"] >= 0.95


def test_the_command_says_what_is_missing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "callboard", "bench", "detectors", "--data", str(tmp_path), "--json"]

    answered = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert answered.returncode == 1
    assert "Name a file or a folder" in json.loads(answered.stdout)["error"]
