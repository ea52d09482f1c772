"""Settings: what is masked, rules of the project, and trying both on a text before they are saved."""

from __future__ import annotations

import pytest
from django.test import Client

from monitoring import masking_policies
from monitoring.analysis import segments
from monitoring.clusters import privacy as group_privacy
from monitoring.models import MaskingSettings, Span
from projects.models import AuditEvent, Project, User
from projects.roles import Role
from prompt_registry.models import ProviderConnection
from tests.monitoring.factories import make_span, send
from tests.projects.factories import make_member, make_project, make_user, signed_in

pytestmark = pytest.mark.django_db

CHOICES = {
    "secret": "mask", "token": "mask", "card": "drop", "email": "hash", "phone": "off", "iban": "off", "ids": "keep",
}  # fmt: skip
HTMX = {"HX-Request": "true"}


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
def page(project: Project) -> str:
    return f"/p/{project.slug}/settings/privacy/"


def test_the_page_says_that_masking_cannot_be_undone_and_what_a_new_project_masks(browser, page):
    text = browser.get(page).text

    assert "cannot be undone" in text
    assert '<option value="mask" selected>Replace with [card]</option>' in text
    assert '<option value="mask" selected>Replace with [e-mail]</option>' not in text


def test_choices_are_saved_hold_for_the_next_call_and_are_audited(
    browser, project, page, django_capture_on_commit_callbacks
):
    send(project, make_span(asked="jo@example.com"))
    with django_capture_on_commit_callbacks(execute=True):
        answer = browser.post(f"{page}change/", CHOICES)
    send(project, make_span(asked="jo@example.com"))

    assert answer.headers["Location"] == page
    assert sorted(preview[:7] for preview in Span.objects.values_list("input_preview", flat=True)) == [
        "[e-mail",
        "jo@exam",
    ]
    event = AuditEvent.objects.get(action="masking.changed")
    assert event.details == {"card": ["mask", "drop"], "email": ["off", "hash"]}


def test_saving_what_was_chosen_before_leaves_no_audit_event(browser, page):
    browser.post(f"{page}change/", CHOICES)
    browser.post(f"{page}change/", CHOICES)

    assert AuditEvent.objects.filter(action="masking.changed").count() == 1


def test_a_choice_that_does_not_exist_is_refused(browser, page):
    assert browser.post(f"{page}change/", {**CHOICES, "email": "sell"}).status_code == 422
    assert not MaskingSettings.objects.exists()


def test_a_rule_is_added_holds_and_is_removed(browser, project, page, django_capture_on_commit_callbacks):
    rule = {"rule-name": "customer", "rule-pattern": "CN-[0-9]+", "rule-mode": "mask"}
    with django_capture_on_commit_callbacks(execute=True):
        browser.post(f"{page}rules/", rule)
    send(project, make_span(asked="I am CN-4711"))
    with django_capture_on_commit_callbacks(execute=True):
        browser.post(f"{page}rules/{project.masking_rules.get().pk}/remove/")
    send(project, make_span(asked="I am CN-4711"))

    assert set(Span.objects.values_list("input_preview", flat=True)) == {"I am [customer]", "I am CN-4711"}
    actions = set(AuditEvent.objects.values_list("action", flat=True))
    assert {"masking.rule_added", "masking.rule_removed"} <= actions


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"rule-pattern": "(?<=x)y"}, "Looking ahead or behind"),
        ({"rule-pattern": "x*"}, "Use + instead of *"),
        ({"rule-name": "e-mail"}, "is a built-in kind of data"),
        ({"rule-name": "<b>"}, "letters, digits, spaces"),
        ({"rule-name": "customer"}, "There is a rule"),
    ],
)
def test_a_rule_that_cannot_be_used_is_refused_in_words_and_what_was_typed_is_kept(
    browser, project, page, changes, sentence, admin
):
    masking_policies.add_rule(project=project, name="customer", pattern="CN-[0-9]+", mode="mask", by=admin)

    answer = browser.post(
        f"{page}rules/", {"rule-name": "new", "rule-pattern": "N-[0-9]+", "rule-mode": "mask", **changes}
    )

    assert answer.status_code == 422
    assert sentence in answer.text
    assert project.masking_rules.count() == 1


def test_there_is_an_end_to_the_number_of_rules(project, admin):
    for number in range(masking_policies.MAX_RULES):
        masking_policies.add_rule(project=project, name=f"rule {number}", pattern="x", mode="mask", by=admin)

    with pytest.raises(masking_policies.RuleRefused, match="may have 20 rules"):
        masking_policies.add_rule(project=project, name="one more", pattern="x", mode="mask", by=admin)


def test_choices_and_a_rule_are_tried_before_they_are_saved(browser, project, page):
    typed = {
        **CHOICES, "card": "mask", "rule-name": "customer", "rule-pattern": "CN-[0-9]+", "rule-mode": "mask",
        "text": "CN-4711 jo@example.com 4111111111111111 <script>",
    }  # fmt: skip

    answer = browser.post(f"{page}try/", typed, headers=HTMX)

    assert "<h2>" not in answer.text
    assert "<mark>[customer]</mark>" in answer.text
    assert "<mark>[e-mail:" in answer.text
    assert "<mark>[card]</mark> &lt;script&gt;" in answer.text
    assert not project.masking_rules.exists()
    assert not MaskingSettings.objects.exists()


def test_trying_says_when_nothing_would_be_stored_and_when_a_rule_cannot_run(browser, page):
    withheld = browser.post(f"{page}try/", {**CHOICES, "text": "4111111111111111"}, headers=HTMX)
    refused = browser.post(f"{page}try/", {**CHOICES, "text": "x", "rule-pattern": "(?=x)"}, headers=HTMX)

    assert "Nothing of this field would be stored" in withheld.text
    assert "Looking ahead or behind" in refused.text


def test_trying_without_scripts_answers_with_the_whole_page(browser, page):
    answer = browser.post(f"{page}try/", {"text": "4111111111111111"})

    assert "<mark>[card]</mark>" in answer.text
    assert "What happens to sensitive data" in answer.text


def test_the_page_counts_what_was_masked_in_the_last_day(browser, project, page):
    send(project, make_span(asked="4111111111111111"))

    assert "1 step masked, 0 with something left out" in " ".join(browser.get(page).text.split())


def test_only_admins_come_here(project, page):
    assert signed_in(make_member(project=project, role=Role.APPROVER)).get(page).status_code == 403


def test_from_how_many_people_on_groups_are_shown_is_saved_and_audited(browser, project, page):
    answer = browser.post(f"{page}groups/", {"fewest_people": "12"})

    assert answer.headers["Location"] == page
    assert group_privacy.fewest_people(project.pk) == 12
    event = AuditEvent.objects.get(project=project, action="groups.fewest_people_changed")
    assert event.details["fewest_people"] == [5, 12]


def test_which_part_of_the_metadata_tells_kinds_of_users_apart_is_saved_and_shown(browser, project, page):
    browser.post(f"{page}groups/", {"fewest_people": "5", "segment_key": "country"})

    assert segments.key_of(project.pk) == "country"
    assert 'value="country"' in browser.get(page).text


@pytest.mark.parametrize("number", ["0", "-3", "1001", "many", ""])
def test_a_number_of_people_that_makes_no_sense_is_refused(browser, project, page, number):
    answer = browser.post(f"{page}groups/", {"fewest_people": number})

    assert answer.status_code == 422
    assert group_privacy.fewest_people(project.pk) == 5


def test_only_those_who_manage_a_project_change_who_is_shown(project, page):
    editor = make_member(project=project, role=Role.EDITOR)

    answer = signed_in(editor).post(f"{page}groups/", {"fewest_people": "1"})

    assert answer.status_code in {403, 404}
    assert group_privacy.fewest_people(project.pk) == 5


def test_a_connection_is_chosen_to_name_groups_and_given_up_again(browser, project, page):
    connection = ProviderConnection.objects.create(
        project=project, name="Fake", base_url="https://models.example.com/v1", default_model="small"
    )

    browser.post(f"{page}groups/", {"fewest_people": "5", "naming": connection.pk})
    assert group_privacy.naming_connection(project) == connection

    browser.post(f"{page}groups/", {"fewest_people": "5", "naming": ""})
    assert group_privacy.naming_connection(project) is None
    assert AuditEvent.objects.filter(project=project, action="groups.naming_changed").count() == 2


def test_a_connection_of_another_project_names_no_groups(browser, project, page):
    foreign = ProviderConnection.objects.create(
        project=make_project(), name="Theirs", base_url="https://models.example.com/v1", default_model="small"
    )

    answer = browser.post(f"{page}groups/", {"fewest_people": "5", "naming": foreign.pk})

    assert answer.status_code == 422
    assert group_privacy.naming_connection(project) is None
