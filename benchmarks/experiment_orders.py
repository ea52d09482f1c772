"""Makes a dataset and starts an experiment of it, in a process of its own; prints the experiment's number as JSON."""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import TYPE_CHECKING

import django

if TYPE_CHECKING:
    from evals.experiments.plans import Variant

MODEL = "gpt-5-mini"
_LONGEST_ANSWER = 200
_CAP_NANO_USD = 100 * 10**9


def main() -> None:
    """Start the experiment that the arguments describe."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--project-id", type=int, required=True)
    parser.add_argument("--url", required=True, help="the provider")
    parser.add_argument("--items", type=int, required=True)
    parser.add_argument("--variants", type=int, default=2)
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    django.setup()
    experiment = start(
        project_id=options.project_id, url=options.url, items=options.items, variants=options.variants
    )  # fmt: skip
    sys.stdout.write(json.dumps({"experiment": experiment}) + "\n")


def start(*, project_id: int, url: str, items: int, variants: int) -> int:
    """Return the experiment that answers so many items by so many variants."""
    from evals import datasets, item_contents
    from evals.adding import NewItem
    from evals.evaluators.models import Evaluator, EvaluatorVersion
    from evals.experiments import changes
    from evals.experiments.plans import ExperimentPlan
    from projects import spending
    from projects.models import Project, User
    from prompt_registry import connections

    project = Project.objects.get(pk=project_id)
    by = User.objects.get(email="bench@localhost")
    spending.change_limits(project=project, project_nano_usd=_CAP_NANO_USD, person_nano_usd=_CAP_NANO_USD, by=by)
    name = url.rpartition(":")[2]
    row = connections.create(project=project, name=f"Bench {name}", base_url=url, default_model=MODEL, by=by)
    dataset = datasets.create(project=project, name=f"bench/{name}", by=by)
    rows = [NewItem(item_contents.checked(input={"question": f"Question {number}?"})) for number in range(items)]
    datasets.add_items(dataset=dataset, items=rows, by=by)
    evaluator = Evaluator.objects.create(project=project, name=f"Bench {name}", version=1, created_by=by)
    version = EvaluatorVersion.objects.create(
        project=project, evaluator=evaluator, number=1, kind="length", settings={"most": 50}, author=by
    )
    plan = ExperimentPlan(
        name="Benchmark", dataset=dataset, revision=dataset.revision, prompt=None, evaluators=[version],
        variants=[_variant(number, row.pk) for number in range(variants)], cap_nano_usd=_CAP_NANO_USD,
    )  # fmt: skip
    return changes.start(plan=plan, by=by).pk


def _variant(number: int, connection_id: int) -> Variant:
    from evals.experiments.plans import VERSION, Variant
    from prompt_registry import contents

    content = contents.parse({
        "type": "chat", "messages": [{"role": "user", "content": f"Variant {number}: {{{{question}}}}"}],
        "settings": {"model": MODEL, "max_tokens": _LONGEST_ANSWER},
    })  # fmt: skip
    return Variant(
        kind=VERSION, number=number + 1, is_live=False, content=content.to_json(), connection_id=connection_id,
        connection_name="Bench", model=MODEL, is_simulated=False,
    )  # fmt: skip


if __name__ == "__main__":
    main()
