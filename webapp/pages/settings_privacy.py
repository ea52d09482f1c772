"""Settings: what is masked before calls are stored, with a place to try it on a text."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from monitoring import masking_policies
from monitoring.analysis import segments
from monitoring.clusters import privacy as group_privacy
from monitoring.errors import RuleRefused
from monitoring.ingest.masking import Masker
from monitoring.ingest.masking_rules import MAX_NAME_CHARS, MAX_PATTERN_BYTES
from monitoring.ingest.masking_texts import WITHHELD
from monitoring.kinds import IdMode, MaskMode
from monitoring.masking_policies import Choices
from projects.models import Project
from projects.roles import Action
from prompt_registry.models import ProviderConnection
from webapp.access import ProjectRequest, one, requires
from webapp.accounts.reauthentication import fresh
from webapp.pages.settings_frame import render_settings

PAGE = "settings-privacy"
_TRIAL_CHARS = 20_000
_LABELS = {name: kind.value for kind, name in masking_policies.FIELDS.items()}
_SAMPLE = (
    "Hello, this is Jo Doe. You reach me at jo.doe@example.com or +49 151 23456789.\n"
    "I paid with 4111 1111 1111 1111; the refund goes to DE89 3704 0044 0532 0130 00.\n"
    "Order 4711-2026, config: api_key=9f8e7d6c5b4a39281706"
)
_KINDS = (
    ("secret", "API keys and passwords", "sk-…, AKIA…, ghp_…, cb_…, private keys, password=…"),
    ("token", "Sign-in tokens", "JSON Web Tokens (eyJ…)"),
    ("card", "Payment cards", "4111 1111 1111 1111, only with a right check digit"),
    ("email", "E-mail addresses", "jo@example.com"),
    ("phone", "Phone numbers", "+49 151 23456789, (415) 555-2671, 030 1234567"),
    ("iban", "Bank accounts (IBAN)", "DE89 3704 0044 0532 0130 00, only with right check digits"),
)
_OFF = (MaskMode.OFF.value, "Keep as sent")
_ID_MODES = (
    (IdMode.KEEP.value, "Keep as sent"),
    (IdMode.HASH.value, "Replace with a short code, the same for the same person"),
    (IdMode.DROP.value, "Do not store"),
)


def _modes(label: str) -> tuple[tuple[str, str], ...]:
    return (
        (MaskMode.MASK.value, f"Replace with {label}"),
        (MaskMode.HASH.value, "Replace with a short code, the same for the same value"),
        (MaskMode.DROP.value, "Leave out the whole field"),
    )


_RULE_MODES = _modes("the name of the rule")


class PrivacyForm(forms.Form):
    ids = forms.ChoiceField(
        label="Ids of users and sessions", choices=_ID_MODES,
        help_text="Often e-mail addresses. A short code still shows which calls belong together.",
    )  # fmt: skip
    is_metrics_only = forms.BooleanField(
        label="Store no content at all, only numbers, names and ids", required=False
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label, example in _KINDS:
            choices = (_OFF, *_modes(f"[{_LABELS[name]}]"))
            self.fields[name] = forms.ChoiceField(label=label, choices=choices, help_text=example)

    @property
    def kinds(self) -> list[forms.BoundField]:
        """The choices that share a table: one for each kind of data, and the ids."""
        return [self[name] for name in (*(name for name, _, _ in _KINDS), "ids")]

    @property
    def choices(self) -> Choices:
        return Choices(**self.cleaned_data)


class RuleForm(forms.Form):
    name = forms.CharField(
        label="Name", max_length=MAX_NAME_CHARS, help_text="Stands where the data was, for example «[customer number]».",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    pattern = forms.CharField(
        label="Pattern", max_length=MAX_PATTERN_BYTES, strip=False,
        help_text="A regular expression (RE2), for example CN-[0-9]{6}. It runs in linear time; looking ahead or behind is not possible.",
        widget=forms.TextInput(attrs={"class": "mono", "autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip
    mode = forms.ChoiceField(label="What happens to it", choices=_RULE_MODES)


class GroupsForm(forms.Form):
    fewest_people = forms.IntegerField(
        label="Show names and examples from this many people on", min_value=group_privacy.FEWEST,
        max_value=group_privacy.MOST,
        help_text="Groups of fewer people are still counted, without a name and without an example. With 1, every group is shown.",
    )  # fmt: skip
    segment_key = forms.CharField(
        label="What tells kinds of users apart", required=False, max_length=segments.MOST_KEY_CHARS,
        help_text="A part of the metadata that your applications send, such as «country»: issues say when one kind of user is hit "
        "most. Empty: segment, user_segment, plan, tier or customer_type.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip
    naming = forms.ModelChoiceField(
        label="Names of groups", queryset=ProviderConnection.objects.none(), required=False,
        empty_label="From words of the calls: nothing leaves this server",
        help_text="A connection reads some questions of each group, chooses a short name and is paid for that within your limits.",
    )  # fmt: skip

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = ProviderConnection.objects.filter(project=project).exclude(default_model="").order_by("name")
        field = self.fields["naming"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - tells the type
        field.queryset = named


@requires(Action.MANAGE_PROJECT)
def privacy(request: ProjectRequest) -> HttpResponse:
    """Show what is masked, how much was, and what would be left of a text."""
    return _page(request)


@requires(Action.MANAGE_PROJECT)
@require_POST
@fresh
def change(request: ProjectRequest) -> HttpResponseBase:
    """Store what is masked from now on."""
    form = PrivacyForm(request.POST)
    if not form.is_valid():
        return _page(request, form=form, status=422)
    masking_policies.change(project=request.project, choices=form.choices, by=request.user)
    messages.success(
        request,
        f"Saved. It holds for everything that arrives from {masking_policies.CACHE_SECONDS:.0f} seconds from now on.",
    )
    return redirect(PAGE, request.project.slug)


@requires(Action.MANAGE_PROJECT)
@require_POST
@fresh
def add_rule(request: ProjectRequest) -> HttpResponseBase:
    """Mask what a pattern of the project matches."""
    form = RuleForm(request.POST, prefix="rule")
    if form.is_valid():
        try:
            rule = masking_policies.add_rule(project=request.project, by=request.user, **form.cleaned_data)
        except RuleRefused as error:
            form.add_error("name" if "name" in str(error) else "pattern", str(error))
        else:
            messages.success(request, f"The rule «{rule.name}» is added.")
            return redirect(PAGE, request.project.slug)
    return _page(request, rule_form=form, status=422)


@requires(Action.MANAGE_PROJECT)
@require_POST
@fresh
def remove_rule(request: ProjectRequest, rule_id: int) -> HttpResponseBase:
    """Stop masking what a rule matches."""
    rule = one(request.project.masking_rules.select_related("project"), pk=rule_id)
    masking_policies.remove_rule(rule=rule, by=request.user)
    messages.success(request, f"The rule «{rule.name}» is removed. What it masked stays masked.")
    return redirect(PAGE, request.project.slug)


@requires(Action.MANAGE_PROJECT)
@require_POST
@fresh
def change_groups(request: ProjectRequest) -> HttpResponseBase:
    """Show groups of questions from another number of people on."""
    form = GroupsForm(request.POST, project=request.project)
    if not form.is_valid():
        return _page(request, groups_form=form, status=422)
    number, naming = form.cleaned_data["fewest_people"], form.cleaned_data["naming"]
    group_privacy.change_fewest_people(project=request.project, number=number, by=request.user)
    group_privacy.change_naming(project=request.project, connection=naming, by=request.user)
    segments.change_key(project=request.project, key=form.cleaned_data["segment_key"], by=request.user)
    messages.success(request, "Saved. It holds at once, on every page.")
    return redirect(PAGE, request.project.slug)


@requires(Action.MANAGE_PROJECT)
@require_POST
def attempt(request: ProjectRequest) -> HttpResponse:
    """Show what would be stored of a text by the choices and the rule on the screen, saved or not."""
    return _page(request, form=PrivacyForm(request.POST), text=request.POST.get("text", "")[:_TRIAL_CHARS])


def _page(
    request: ProjectRequest, *, form: PrivacyForm | None = None, rule_form: RuleForm | None = None,
    groups_form: GroupsForm | None = None, text: str = _SAMPLE, status: int = 200,
) -> HttpResponse:  # fmt: skip
    project = request.project
    stored = masking_policies.choices_of(project)
    initial = {
        name: getattr(stored, name)
        for name in PrivacyForm.base_fields | dict.fromkeys(masking_policies.FIELDS.values())
    }
    shown = form or PrivacyForm(initial=initial)
    masked, withheld = masking_policies.counted(project)
    context = {
        "form": shown, "kinds": shown.kinds, "rule_form": rule_form or RuleForm(prefix="rule"), "text": text,
        "groups_form": groups_form or _groups_form(project),
        "rules": [(rule, dict(_RULE_MODES)[rule.mode]) for rule in project.masking_rules.order_by("name")],
        "masked": masked, "withheld": withheld, "trial": _trial(request, form if form and form.is_valid() else None, stored, text),
    }  # fmt: skip
    return render_settings(request, "settings/privacy.html", context, page=PAGE, status=status, fragment="trial")


def _groups_form(project: Project) -> GroupsForm:
    initial = {
        "fewest_people": group_privacy.fewest_people(project.pk), "naming": group_privacy.naming_connection(project),
        "segment_key": segments.key_of(project.pk),
    }  # fmt: skip
    return GroupsForm(initial=initial, project=project)


def _trial(request: ProjectRequest, form: PrivacyForm | None, stored: Choices, text: str) -> dict[str, Any]:
    """Return the pieces of the text that would be stored, or why the rule on the screen cannot run."""
    choices = form.choices if form else stored
    typed = request.POST.get("rule-pattern", "")
    try:
        rules = masking_policies.rules_of(request.project)
        if typed:
            name = request.POST.get("rule-name", "").strip() or "new rule"
            mode = request.POST.get("rule-mode", MaskMode.MASK.value)
            rules.append(masking_policies.checked_rule(name=name, pattern=typed, mode=mode))
    except RuleRefused as error:
        return {"problem": str(error)}
    masker = masking_policies.trial_masker(project=request.project, choices=choices, rules=rules)
    return _told(masker, text)


def _told(masker: Masker, text: str) -> dict[str, Any]:
    left = masker.text(text)
    return {"is_withheld": left == WITHHELD and text != WITHHELD, "pieces": masker.pieces(left)}


urlpatterns: list[URLPattern] = [
    path("settings/privacy/", privacy, name=PAGE),
    path("settings/privacy/change/", change, name="change-privacy"),
    path("settings/privacy/groups/", change_groups, name="change-group-privacy"),
    path("settings/privacy/try/", attempt, name="try-masking"),
    path("settings/privacy/rules/", add_rule, name="add-masking-rule"),
    path("settings/privacy/rules/<int:rule_id>/remove/", remove_rule, name="remove-masking-rule"),
]
