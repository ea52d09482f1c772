"""The masking settings of projects: read by every process at most every 20 seconds, changed by admins, audited."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta

import structlog
from django.db import IntegrityError, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import Sum
from django.utils import timezone

from monitoring.errors import RuleRefused
from monitoring.ingest.masking import Masker
from monitoring.ingest.masking_rules import MAX_NAME_CHARS, Rule
from monitoring.ingest.masking_texts import Policy
from monitoring.kinds import IdMode, MaskMode, Sensitive
from monitoring.models import MaskedHour, MaskingRule, MaskingSettings
from projects import audit, secrets
from projects.models import Project, User

log = structlog.get_logger("callboard.masking")

# A change holds everywhere within this time.
CACHE_SECONDS = 20.0
MAX_RULES = 20
FIELDS: Mapping[Sensitive, str] = {
    Sensitive.SECRET: "secret", Sensitive.CARD: "card", Sensitive.TOKEN: "token", Sensitive.EMAIL: "email",
    Sensitive.PHONE: "phone", Sensitive.IBAN: "iban",
}  # fmt: skip
_RULE_NAME_SIGNS = frozenset(" -_.")

_cache: dict[int, tuple[float, Masker | None]] = {}


@dataclass(frozen=True, slots=True)
class Choices:
    """What an admin can choose, as it is stored."""

    secret: str
    card: str
    token: str
    email: str
    phone: str
    iban: str
    ids: str
    is_metrics_only: bool


def masker_of(project_id: int) -> Masker | None:
    """Return what masks the calls of a project, or None when nothing is to be masked."""
    cached = _cache.get(project_id)
    if cached is None or cached[0] < time.monotonic():
        cached = _cache[project_id] = (time.monotonic() + CACHE_SECONDS, _masker(project_id))
    return cached[1]


def choices_of(project: Project) -> Choices:
    """Return what the project chose, or the defaults."""
    return _choices(MaskingSettings.objects.filter(project=project).first() or MaskingSettings(project=project))


@transaction.atomic
def change(*, project: Project, choices: Choices, by: User) -> None:
    """Store other choices; they hold for what arrives from now on."""
    MaskingSettings.objects.get_or_create(project=project)
    stored = MaskingSettings.objects.select_for_update().get(project=project)
    before, after = asdict(_choices(stored)), asdict(choices)
    changed = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
    if not changed:
        return
    MaskingSettings.objects.filter(project=project).update(**after)
    audit.record(action="masking.changed", subject=project.slug, by=by, project=project, **changed)
    _forget_on_commit(project)


@transaction.atomic
def add_rule(*, project: Project, name: str, pattern: str, mode: str, by: User) -> MaskingRule:
    """Mask what a pattern matches from now on; raises RuleRefused when the pattern or its name cannot be used."""
    rule = checked_rule(name=name, pattern=pattern, mode=mode)
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    if project.masking_rules.count() >= MAX_RULES:
        raise RuleRefused(f"A project may have {MAX_RULES} rules. Remove one, or join two with |.")
    try:
        with transaction.atomic():
            made = MaskingRule.objects.create(project=project, name=rule.name, pattern=rule.pattern, mode=rule.mode)
    except IntegrityError as error:
        raise RuleRefused(f"There is a rule «{rule.name}» already. Choose another name.") from error
    audit.record(
        action="masking.rule_added", subject=rule.name, by=by, project=project, pattern=pattern, mode=rule.mode.value
    )
    _forget_on_commit(project)
    return made


@transaction.atomic
def remove_rule(*, rule: MaskingRule, by: User) -> None:
    """Stop masking what the rule matches; what was masked stays masked."""
    audit.record(action="masking.rule_removed", subject=rule.name, by=by, project=rule.project, pattern=rule.pattern)
    MaskingRule.objects.filter(pk=rule.pk).delete()
    _forget_on_commit(rule.project)


def checked_rule(*, name: str, pattern: str, mode: str) -> Rule:
    """Return a rule that can run, or raise RuleRefused with what to change."""
    name = " ".join(name.split())
    if not name or len(name) > MAX_NAME_CHARS:
        raise RuleRefused(f"Give the rule a name of 1 to {MAX_NAME_CHARS} characters; it stands where the data was.")
    if not all(sign.isalnum() or sign in _RULE_NAME_SIGNS for sign in name):
        raise RuleRefused("The name may hold letters, digits, spaces, dots, dashes and underscores.")
    if name in list(Sensitive):
        raise RuleRefused(f"«{name}» is a built-in kind of data. Choose another name.")
    if mode not in list(MaskMode):
        raise RuleRefused("Choose what happens to what the rule finds.")
    return Rule(name=name, pattern=pattern, mode=MaskMode(mode))


def trial_masker(*, project: Project, choices: Choices, rules: list[Rule]) -> Masker:
    """Return what would mask texts by choices that are not stored yet."""
    return Masker(_policy(choices, rules), key=_key(project.pk))


def hidden_id(*, project_id: int, sent: str) -> str:
    """Return the short code that stands for the id of a user or a session where ids are hidden."""
    return Masker(None, key=_key(project_id)).hidden_id(sent)


def rules_of(project: Project) -> list[Rule]:
    """Return the stored rules, ready to run."""
    stored = MaskingRule.objects.filter(project=project).order_by("name")
    return [Rule(name=rule.name, pattern=rule.pattern, mode=MaskMode(rule.mode)) for rule in stored]


def count(cursor: CursorWrapper, *, project_id: int, shard: int, masked: int, withheld: int) -> None:
    """Add to the counters of this hour how many spans were masked and how many lost a field or their content."""
    if masked or withheld:
        cursor.execute(
            """
            INSERT INTO masked_hour (project_id, at, shard, masked, withheld)
            VALUES (%s, date_trunc('hour', now(), 'UTC'), %s, %s, %s) ON CONFLICT (project_id, at, shard) DO UPDATE
            SET masked = masked_hour.masked + excluded.masked, withheld = masked_hour.withheld + excluded.withheld
            """,
            [project_id, shard, masked, withheld],
        )


def counted(project: Project, *, hours: int = 24) -> tuple[int, int]:
    """Return how many spans of the last hours were masked, and how many lost a field or their content."""
    since = timezone.now() - timedelta(hours=hours)
    sums = MaskedHour.objects.filter(project=project, at__gt=since).aggregate(
        masked=Sum("masked"), withheld=Sum("withheld")
    )
    return int(sums["masked"] or 0), int(sums["withheld"] or 0)


def forget() -> None:
    """Empty this process's memory of settings."""
    _cache.clear()


def _masker(project_id: int) -> Masker | None:
    stored = MaskingSettings.objects.filter(project_id=project_id).first() or MaskingSettings(project_id=project_id)
    try:
        policy = _policy(_choices(stored), rules_of(Project(pk=project_id)))
    except RuleRefused:
        # Fail closed: a rule that cannot run any more must not let through what it was made for.
        log.exception("a masking rule cannot run, all content of the project is withheld", project_id=project_id)
        return Masker(None, key=_key(project_id))
    return None if policy.changes_nothing else Masker(policy, key=_key(project_id))


def _policy(choices: Choices, rules: list[Rule]) -> Policy:
    return Policy(
        modes={kind: MaskMode(getattr(choices, name)) for kind, name in FIELDS.items()},
        rules=tuple(rules), ids=IdMode(choices.ids), is_metrics_only=choices.is_metrics_only,
    )  # fmt: skip


def _choices(stored: MaskingSettings) -> Choices:
    modes = {name: str(getattr(stored, name)) for name in FIELDS.values()}
    return Choices(**modes, ids=str(stored.ids), is_metrics_only=stored.is_metrics_only)


def _key(project_id: int) -> bytes:
    return secrets.derived_key(project_id=project_id, purpose="masking")


def _forget_on_commit(project: Project) -> None:
    project_id = project.pk
    transaction.on_commit(lambda: _cache.pop(project_id, None))
