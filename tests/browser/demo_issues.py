"""A project with issues: one with calls, a cause, comments and a history, one that was merged, and groups of questions."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from monitoring.analysis.flags import Flag
from monitoring.clusters.models import Cluster
from monitoring.issues import changes, fixes, transitions
from monitoring.issues.fix_models import FixState, IssueFix
from monitoring.issues.models import Happening, Issue, IssueState, Signal
from monitoring.streams import hours
from projects import projects
from projects.models import Project, User
from prompt_registry import labels
from prompt_registry.models import LabelMove, Prompt
from tests.monitoring.factories import rate
from tests.monitoring.issue_factories import make_cluster, make_issue, make_looked_at
from tests.prompt_registry.factories import make_prompt, make_version

_WHY = "It declines."
_ASKED = (
    "Can I return a tent after 40 days?",
    "Forty days are over. Do I get my money back?",
    "Is it too late for a refund?",
)
_REFUSED = "I am sorry, but I cannot help with that. Please contact our support team."


@dataclass(frozen=True)
class DemoIssues:
    """What has pages of its own."""

    slug: str
    worst: int
    merged: int
    fixed: int
    call_trace_id: str

    def at(self, place: str) -> str:
        """Return an address inside the project."""
        return f"/p/{self.slug}/{place}".format(issues=self)


def make(by: User) -> DemoIssues:
    """Make a project with a prompt, calls of two days, and three issues."""
    project = projects.create(name="Trouble at Nordlicht", by=by, is_approval_required=False)
    prompt = make_prompt(project, name="support/refund-answer")
    for _ in range(3):
        make_version(prompt)
    labels.publish(prompt=prompt, version=prompt.versions.get(number=3), label="production", by=by)
    LabelMove.objects.filter(prompt=prompt).update(moved_at=timezone.now() - timedelta(days=1))
    cluster = make_cluster(project, call_count=60, map_x=0.2, map_y=0.7, summary="refund, days, money")
    make_cluster(project, name="Where is my parcel?", call_count=20, map_x=-0.5, map_y=-0.3)
    cause = {"dimension": "prompt version", "value": "3", "calls": 30, "bad": 24, "rate": 0.8, "rest_rate": 0.05, "low": 0.55,
             "high": 0.88, "explained": 0.9}  # fmt: skip
    night = cause | {"dimension": "hour of day", "value": "13–16 h", "rate": 0.4, "low": 0.1, "high": 0.6}
    days = [[(timezone.now() - timedelta(days=back)).date().isoformat(), 10, 10 - back] for back in range(6, -1, -1)]
    evidence = {"people": 40, "causes": [cause, night], "prompt_name": prompt.name, "rate": 0.4, "low": 0.3, "high": 0.5,
                "days": days, "traffic_share": 0.12}  # fmt: skip
    worst = make_issue(
        project, title="Refund after 30 days: 40 % refused since v3", prompt_name=prompt.name, cluster=cluster, evidence=evidence,
        cause_dimension="prompt version", cause_value="3", call_count=60, bad_count=24, user_count=21, trend="escalating",
    )  # fmt: skip
    slow = make_issue(
        project, title="Answers are slow in the afternoon", signal=Signal.SLOW, model="simulated-large", harm=4.0
    )
    other = make_issue(project, title="Refunds are disliked", signal=Signal.DISLIKED, prompt_name=prompt.name, harm=2.0)
    changes.note(issue=worst, text="The rules went to the help pages with v3.", by=by)
    changes.assign(issue=slow, owner=by, by=by)
    changes.merge(issue=other, into=worst, by=by)
    trace_id = _calls(project, cluster)
    hours.recount(project_id=project.pk, since=timezone.now() - timedelta(days=30))
    return DemoIssues(project.slug, worst.number, other.number, _fixed(project, prompt, by), trace_id)


def _fixed(project: Project, prompt: Prompt, by: User) -> int:
    """Make an issue whose first fix was proved and came back, and whose second one is half done."""
    evidence = {"prompt_name": prompt.name, "causes": [], "people": 40, "rate": 0.5, "low": 0.4, "high": 0.6}
    issue = make_issue(project, title="The small model refuses", model="gpt-5-mini", harm=3.0, evidence=evidence)
    changes.start_fix(issue=issue, by=by)
    prediction = {"rate": 0.06, "times": 0.3, "times_low": 0.2, "times_high": 0.5, "items": 80, "known": 0.9}
    verdict = {
        "before": 0.061, "after": 0.019, "times_low": 0.13, "times_high": 0.49, "less_low": 0.031, "less_high": 0.053,
        "new_people": 1204, "new_met": 23, "old_people": 1180, "old_met": 72, "version": 2, "old_version": 1,
    }  # fmt: skip
    IssueFix.objects.filter(issue=issue).update(
        state=FixState.VERIFIED, prediction=prediction, verdict=verdict, ended_at=timezone.now() - timedelta(days=2)
    )
    changed = [{"what": "prompt version", "value": f"{prompt.name} 3", "before": 0.0, "after": 0.93}]
    transitions.tell(issue=issue, what=Happening.REGRESSED, now=timezone.now(), numbers={"changed": changed})
    Issue.objects.filter(pk=issue.pk).update(state=IssueState.REGRESSED)
    issue.refresh_from_db()
    changes.start_fix(issue=issue, by=by)
    fix = fixes.current(issue)
    assert fix is not None
    fixes.mark(fix=fix, step="dataset", how=fixes.SKIPPED, note="The standing dataset has them all.", by=by)
    return issue.number


def _calls(project: Project, cluster: Cluster) -> str:
    dice = random.Random(7)  # the same every time
    trace_id = ""
    for number in range(40):
        is_bad = dice.random() < 0.5
        finding = {"refused": {"probability": 0.98, "version": "1", "evidence": [["output", 0, 38, _WHY]]}}
        call = make_looked_at(
            project, flags=Flag.REFUSED if is_bad else 0, findings=finding if is_bad else None, cluster=cluster,
            asked=dice.choice(_ASKED), answered=_REFUSED if is_bad else "Yes, within 30 days.", version=3 if is_bad else 2,
            at=timezone.now() - timedelta(hours=number), environment="production",
        )  # fmt: skip
        if is_bad:
            trace_id = call.trace_id.hex
            if number % 3 == 0:
                rate(project, trace_id, comment=dice.choice(("It refuses to help me", "useless, says it cannot help")))
    return trace_id
