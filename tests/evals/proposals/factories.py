"""A project with a planted problem: questions that the simulated model refuses, good ones beside them, and a fix under way."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import Any

from evals import datasets, item_contents
from evals.adding import NewItem
from evals.evaluators.models import Evaluator, EvaluatorVersion
from evals.experiments.plans import VERSION, Variant
from evals.fix_items import GOOD, HOLD_OUT, PROBLEM, TUNE
from evals.models import Dataset
from evals.proposals import changes, running
from evals.proposals.changes import Wanted
from evals.proposals.models import FixProposal, ProposalState
from evals.proposals.search import Stage
from monitoring.issues import changes as issue_changes
from monitoring.issues import fixes
from monitoring.issues.fix_models import IssueFix
from projects.models import Project, User
from projects.roles import Role
from projects.spending import NANO
from prompt_registry import contents, labels, versions
from prompt_registry.models import PRODUCTION, PromptVersion, ProviderConnection
from prompt_registry.providers.simulated.answers import Answer, answer
from prompt_registry.providers.simulated.models import MODELS
from prompt_registry.providers.simulated.proposing import asks_for_changes
from prompt_registry.providers.simulated.requests import parse_chat_request
from prompt_registry.trial_plans import messages_of
from tests.evals.factories import make_dataset
from tests.monitoring.issue_factories import make_issue
from tests.projects.factories import make_member
from tests.prompt_registry.factories import make_prompt, text
from tests.prompt_registry.providers.fake_provider import SAY

SEED = 5
BASE = "You answer the customers of a web shop.\nQuestion: {{question}}"
_PROBLEMS, _GOODS = 32, 90
_THINGS = (
    "kettle",
    "toaster",
    "lamp",
    "jacket",
    "backpack",
    "keyboard",
    "blender",
    "tent",
    "headset",
    "sofa",
    "carpet",
    "drill",
)
_WHERES = ("Leeds", "Porto", "Graz", "Turin", "Bergen", "Ghent", "Lyon", "Basel", "Malmo", "Cork", "Split", "Brno")
_numbers = count(1)


def simulated(body: dict[str, Any]) -> str:
    """Answer the request of a test provider as the simulated model would."""
    request = parse_chat_request({**body, "model": "simulated-fast"})
    found = next(
        one
        for attempt in count(1)
        if isinstance(one := answer(request, model=MODELS["simulated-fast"], attempt=attempt), Answer)
    )
    return streamed(found.text) if body.get("stream") else found.text


def streamed(text: str) -> str:
    """Return what makes the test provider send a text bit by bit, as the question for suggestions expects it."""
    return f"{SAY}{text}"


def is_ask(body: dict[str, Any]) -> bool:
    """Tell whether a request asks for suggestions."""
    form = body.get("response_format", {}).get("json_schema", {}).get("schema")
    return asks_for_changes(form)


@dataclass(frozen=True)
class Planted:
    """What a search needs."""

    fix: IssueFix
    dataset: Dataset
    version: PromptVersion
    check: EvaluatorVersion
    variant: Variant
    by: User

    def wanted(self, **values: Any) -> Wanted:
        usual: dict[str, Any] = {"most_calls": 500, "cap_nano_usd": 10 * NANO}
        return Wanted(self.fix, self.version, self.variant, self.variant.model, **usual | values)

    def start(self, **values: Any) -> FixProposal:
        return changes.start(wanted=self.wanted(**values), by=self.by)


def plant(project: Project, connection: ProviderConnection, by: User, *, model: str = "gpt-5-mini") -> Planted:
    """Return a fix of refusals whose dataset is made."""
    prompt = make_prompt(project, name=f"support/refunds-{next(_numbers)}", type="text")
    content = text(BASE, settings={"seed": SEED, "model": model})
    version = versions.save(prompt=prompt, content=content, by=None)
    labels.publish(prompt=prompt, version=version, label=PRODUCTION, by=make_member(project=project, role=Role.ADMIN))
    evaluator = Evaluator.objects.create(project=project, name=f"No refusal {next(_numbers)}", version=1)
    check = EvaluatorVersion.objects.create(project=project, evaluator=evaluator, number=1, kind="refusal", settings={})
    dataset = make_dataset(project)
    datasets.add_items(dataset=dataset, items=_items(content), by=None)
    dataset.refresh_from_db()
    issue = make_issue(project, prompt_name=prompt.name)
    issue_changes.start_fix(issue=issue, by=by)
    fix = fixes.current(issue)
    assert fix is not None
    fixes.link(fix=fix, by=by, dataset_id=dataset.pk)
    fixes.mark(fix=fix, step="examples", how=fixes.ELSEWHERE, note="Planted.", by=by)
    variant = Variant(
        kind=VERSION, number=version.number, is_live=True, content=content.to_json(), connection_id=connection.pk,
        connection_name=connection.name, model=model, is_simulated=connection.is_simulated,
    )  # fmt: skip
    fresh = IssueFix.objects.select_related("project", "issue__project", "prompt").get(pk=fix.pk)
    return Planted(fresh, dataset, version, check, variant, by)


def step(proposal: FixProposal) -> FixProposal:
    """Take one step of a search."""
    running.run(proposal_id=proposal.pk)
    proposal.refresh_from_db()
    return proposal


def make_ready(planted: Planted, *sentences: str) -> FixProposal:
    """Return a search that found a change of these edits."""
    proposal = planted.start()
    edits = [
        {"place": 0, "find": "", "replacement": sentence, "reason": f"Because of {sentence}"} for sentence in sentences
    ]
    candidate = {"title": "Help", "side_effect": "Longer answers.", "edits": edits}
    tried = {"problems": [True] * 3, "good": {"No refusal": [True] * 2}}
    base = {"problems": [False] * 3, "good": {"No refusal": [True] * 2}}
    proof = {
        "stage": Stage.PROOF.value, "candidates": [0], "problems": [1, 2, 3], "good": [4, 5], "experiment": 0,
        "outcome": {"base": base, "tried": [[0, tried]]},
    }  # fmt: skip
    interval = {"low": 0.5, "high": 0.9}
    FixProposal.objects.filter(pk=proposal.pk).update(
        state=ProposalState.READY, candidates=[{"candidate": candidate, "problems": []}], finalist=0, rounds=[proof],
        gate={"state": "passed", "problems": {"estimate": 0.7, "items": 20, "interval": interval}, "good": None},
    )  # fmt: skip
    proposal.refresh_from_db()
    return proposal


def _items(content: contents.PromptContent) -> list[NewItem]:
    """Return calls with the problem and good ones, told apart by what the simulated model answers, on both sides."""
    found: dict[str, list[NewItem]] = {PROBLEM: [], GOOD: []}
    for number in range(2_000):
        thing, where = _THINGS[number % len(_THINGS)], _WHERES[number // 3 % len(_WHERES)]
        asked = (
            f"Can I get my money back for the {thing} from {where}, order {number + 31_000}?"
            if number % 3 == 0
            else f"When will the {thing} arrive in {where}, order {number + 31_000}?"
        )
        body = {"model": "simulated-fast", "messages": messages_of(content, {"question": asked}), "seed": SEED}
        said = answer(parse_chat_request(body), model=MODELS["simulated-fast"], attempt=1)
        if not isinstance(said, Answer):
            continue
        tag = PROBLEM if any(flaw.value == "refusal" for flaw in said.flaws) else GOOD
        if len(found[tag]) < (_PROBLEMS if tag == PROBLEM else _GOODS):
            split = TUNE if len(found[tag]) % 2 else HOLD_OUT
            found[tag].append(NewItem(item_contents.checked(input={"question": asked}, tags=[tag], split=split)))
    return [*found[PROBLEM], *found[GOOD]]
