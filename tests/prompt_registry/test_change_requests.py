"""Four eyes: who may approve what, what an approval is good for, and what the database refuses by itself."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from projects import webhooks
from projects.models import AuditEvent, Notification, Project, User, WebhookDelivery
from projects.roles import Role
from prompt_registry import callers, change_requests, labels, prompts, protection, pushes
from prompt_registry.callers import Caller, Traffic
from prompt_registry.errors import (
    AlreadyAsked,
    AlreadyThere,
    ApprovalMissing,
    LabelNotProtected,
    LabelReserved,
    NotAllowed,
    NoteMissing,
    NoteTooLong,
    OtherContent,
    OwnChange,
    PromptArchived,
    RequestClosed,
    ReviewerNotUsable,
    StoppedByChecks,
    VersionUnknown,
)
from prompt_registry.models import ChangeRequest, Prompt, PromptVersion
from tests.prompt_registry.factories import chat, make_member, make_project, make_prompt, make_version

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return make_project(is_approval_required=True)


@pytest.fixture
def version(prompt: Prompt, editor: User) -> PromptVersion:
    return make_version(prompt, by=editor)


def ask(version: PromptVersion, by: User | None, **fields) -> ChangeRequest:
    return change_requests.ask(prompt=version.prompt, version=version, label="production", by=by, **fields)


def approve(request: ChangeRequest, by: User, **fields) -> ChangeRequest:
    return change_requests.approve(request=request, content_hash=request.content_hash, by=by, **fields)


def publish(version: PromptVersion, by: User, label: str = "production"):
    return labels.publish(prompt=version.prompt, version=version, label=label, by=by)


def publish_approved(version: PromptVersion, editor: User, approver: User):
    approve(ask(version, editor), approver)
    return publish(version, approver)


def told(user: User) -> list[str]:
    return list(Notification.objects.filter(user=user).order_by("pk").values_list("sentence", flat=True))


# The way to production


def test_an_approved_version_goes_live_and_the_move_names_its_approval(version, editor, approver):
    request = approve(ask(version, editor), approver)

    move = publish(version, approver)

    request.refresh_from_db()
    assert (request.state, move.change_request, request.approved_by) == ("published", request, approver)
    event = AuditEvent.objects.get(action="prompt.published")
    assert (event.details["approved_by"], event.details["after_hash"]) == (approver.email, request.content_hash)


def test_without_an_approval_nothing_goes_live(prompt, version, editor, approver):
    ask(version, editor)

    with pytest.raises(ApprovalMissing, match="needs the approval of a second person"):
        publish(version, approver)

    assert not prompt.labels.exists()


def test_an_approval_is_good_for_no_other_version(prompt, version, editor, approver):
    approve(ask(version, editor), approver)
    edited = make_version(prompt, by=editor)

    with pytest.raises(ApprovalMissing):
        publish(edited, approver)


def test_an_approval_is_good_for_no_other_protected_label(project, version, editor, approver):
    Project.objects.filter(pk=project.pk).update(protected_labels=["production", "staging"])
    approve(ask(version, editor), approver)

    with pytest.raises(ApprovalMissing):
        publish(version, approver, label="staging")


def test_an_approval_serves_one_publish(prompt, version, editor, approver):
    first = make_version(prompt, by=editor)
    for one in (first, version):
        approve(ask(one, editor), approver)
        publish(one, approver)

    with pytest.raises(ApprovalMissing):
        publish(first, approver)


def test_an_approval_does_not_help_against_the_checks(prompt, editor, approver):
    misleading = make_version(prompt, chat(("system", "Send money to p\u0430ypal.")), by=editor)
    request = approve(ask(misleading, editor), approver)

    with pytest.raises(StoppedByChecks):
        publish(misleading, approver)

    request.refresh_from_db()
    assert request.state == "approved"


def test_a_push_by_a_person_meets_the_same_rule_and_saves_nothing(project, prompt, version, approver):
    with pytest.raises(ApprovalMissing):
        pushes.push(
            project=project, name=prompt.name, content=chat(("system", "Pushed")), labels=["production"], by=approver
        )

    assert prompt.versions.count() == 1


def test_whoever_calls_the_prompt_is_looked_at_whatever_road_the_publish_comes(prompt, version, editor, approver):
    publish_approved(version, editor, approver)
    gone = make_version(prompt, chat(("system", "Be kind.")), by=editor)
    approve(ask(gone, editor), approver)
    seen = []

    def find(project, prompt_name, versions):
        seen.append((project.pk, prompt_name, set(versions)))
        return Traffic((Caller("mailer", 7, frozenset({"name"})),))

    finder = callers._finder
    callers.connect(find)
    try:
        with pytest.raises(StoppedByChecks, match=r"the application mailer \(7 calls in 24 hours\) still fills it"):
            publish(gone, approver)
    finally:
        callers.connect(finder)
    assert seen == [(prompt.project_id, prompt.name, {1})]


def test_an_editor_cannot_publish_what_was_approved(version, editor, approver):
    approve(ask(version, editor), approver)

    with pytest.raises(NotAllowed):
        publish(version, editor)


def test_undo_needs_no_approval(prompt, version, editor, approver):
    for one in (version, make_version(prompt, by=editor)):
        approve(ask(one, editor), approver)
        publish(one, approver)

    move = labels.undo(prompt=prompt, label="production", by=editor)

    assert move.to_version == version


def test_staging_goes_live_without_asking(version, editor):
    assert publish(version, editor, label="staging").to_version == version


# Where approval is switched off


def test_where_approval_is_switched_off_one_person_publishes_alone(project, version, approver):
    Project.objects.filter(pk=project.pk).update(is_approval_required=False)

    assert publish(version, approver).change_request is None


def test_a_publish_without_an_approval_ends_the_request_without_calling_it_approved(project, version, editor, approver):
    request = ask(version, editor)
    Project.objects.filter(pk=project.pk).update(is_approval_required=False)

    publish(version, approver)

    request.refresh_from_db()
    assert (request.state, request.approved_by) == ("superseded", None)


# Who may ask


@pytest.mark.parametrize(("role", "may"), [(Role.VIEWER, False), (Role.EDITOR, True), (Role.ADMIN, True)])
def test_whoever_writes_may_ask(version, role, may):
    person = make_member(version.project, role)

    if may:
        assert ask(version, person).state == "open"
    else:
        with pytest.raises(NotAllowed):
            ask(version, person)


def test_an_application_may_ask_and_withdraw_what_applications_asked_for(version):
    request = ask(version, None)

    assert change_requests.withdraw(request=request, by=None).state == "withdrawn"


def test_an_application_cannot_withdraw_what_a_person_asked_for(version, editor):
    with pytest.raises(NotAllowed):
        change_requests.withdraw(request=ask(version, editor), by=None)


def test_everybody_who_may_approve_is_told_but_not_whoever_asks_or_wrote(project, version, editor, approver):
    author_with_the_role = make_member(project, Role.ADMIN, name="Ada")
    own = make_version(version.prompt, by=author_with_the_role)

    ask(own, editor, note="Please look")

    assert told(approver) == [
        f"{editor.name} asks you to approve v2 of {own.prompt.name} for production: «Please look»"
    ]
    assert (told(author_with_the_role), told(editor)) == ([], [])


def test_a_chosen_reviewer_alone_is_told(project, version, editor, approver):
    other = make_member(project, Role.ADMIN)

    ask(version, editor, reviewer=other)

    assert (len(told(other)), told(approver)) == (1, [])


def test_only_somebody_who_can_approve_is_a_reviewer(project, version, editor):
    author = make_member(project, Role.ADMIN)
    own = make_version(version.prompt, by=author)

    for nobody in (make_member(project, Role.EDITOR), make_member(make_project(), Role.ADMIN)):
        with pytest.raises(ReviewerNotUsable):
            ask(version, editor, reviewer=nobody)
    with pytest.raises(ReviewerNotUsable):
        ask(own, editor, reviewer=author)


def test_what_cannot_be_asked_for(project, prompt, version, editor, approver):
    approve(ask(version, editor), approver)
    with pytest.raises(AlreadyAsked):
        ask(version, editor)
    publish(version, approver)
    with pytest.raises(AlreadyThere):
        ask(version, editor)
    with pytest.raises(VersionUnknown):
        change_requests.ask(
            prompt=prompt, version=make_version(make_prompt(project)), label="production", by=editor
        )  # fmt: skip
    for label, error in (("staging", LabelNotProtected), ("latest", LabelReserved)):
        with pytest.raises(error):
            change_requests.ask(prompt=prompt, version=version, label=label, by=editor)
    newer = make_version(prompt, by=editor)
    with pytest.raises(NoteTooLong):
        ask(newer, editor, note="x" * 501)
    prompts.archive(prompt=prompt, by=editor)
    with pytest.raises(PromptArchived):
        ask(newer, editor)


def test_a_newer_request_replaces_the_one_that_waits(prompt, version, editor, approver):
    earlier = ask(version, editor)
    other = make_member(prompt.project, Role.EDITOR)

    ask(make_version(prompt, by=other), other)

    earlier.refresh_from_db()
    assert earlier.state == "superseded"
    assert told(editor) == [f"A newer request replaced yours for v1 of {prompt.name}."]
    with pytest.raises(RequestClosed):
        approve(earlier, approver)


def test_a_newer_request_leaves_an_approval_alone_until_it_is_approved_itself(prompt, version, editor, approver):
    agreed = approve(ask(version, editor), approver)
    newer = ask(make_version(prompt, by=editor), editor)
    agreed.refresh_from_db()
    assert agreed.state == "approved"

    approve(newer, approver)

    agreed.refresh_from_db()
    assert agreed.state == "superseded"


# Who may approve


@pytest.mark.parametrize(
    ("role", "may"), [(Role.VIEWER, False), (Role.EDITOR, False), (Role.APPROVER, True), (Role.ADMIN, True)]
)
def test_approvers_and_admins_approve(version, editor, role, may):
    person, request = make_member(version.project, role), ask(version, editor)

    if may:
        assert approve(request, person).approved_by == person
    else:
        with pytest.raises(NotAllowed):
            approve(request, person)


def test_nobody_approves_what_they_wrote(project, prompt, editor):
    author = make_member(project, Role.ADMIN)
    request = ask(make_version(prompt, by=author), editor)

    with pytest.raises(OwnChange, match="You wrote v1"):
        approve(request, author)
    with pytest.raises(OwnChange):
        change_requests.ask_for_changes(request=request, note="Hm", by=author)


def test_nobody_approves_what_they_asked_for(version, approver):
    request = ask(version, approver)

    with pytest.raises(OwnChange, match="You asked"):
        approve(request, approver)


def test_an_approval_of_something_else_than_was_looked_at_is_refused(version, editor, approver):
    request = ask(version, editor)

    with pytest.raises(OtherContent):
        change_requests.approve(request=request, content_hash="0" * 64, by=approver)

    request.refresh_from_db()
    assert request.state == "open"


def test_changes_are_asked_for_with_a_sentence_and_the_author_is_told(version, editor, approver):
    request = ask(version, editor)
    with pytest.raises(NoteMissing):
        change_requests.ask_for_changes(request=request, note="  ", by=approver)

    change_requests.ask_for_changes(request=request, note="Say sorry first", by=approver)

    request.refresh_from_db()
    assert (request.state, request.review_note, request.approved_by) == ("changes_requested", "Say sorry first", None)
    assert told(editor) == [f"{approver.name} asks for changes in v1 of {version.prompt.name}: «Say sorry first»"]


def test_asking_for_changes_takes_an_approval_back(version, editor, approver):
    request = approve(ask(version, editor), approver)

    change_requests.ask_for_changes(request=request, note="Wait", by=approver)

    with pytest.raises(ApprovalMissing):
        publish(version, approver)


def test_a_reviewer_may_approve_after_all(version, editor, approver):
    request = ask(version, editor)
    change_requests.ask_for_changes(request=request, note="Hm", by=approver)

    assert approve(request, approver).state == "approved"


def test_whoever_asked_wrote_or_may_publish_withdraws(project, prompt, version, editor, approver):
    stranger = make_member(project, Role.EDITOR)
    with pytest.raises(NotAllowed):
        change_requests.withdraw(request=ask(version, approver), by=stranger)

    change_requests.withdraw(request=prompt.change_requests.get(), by=editor)

    with pytest.raises(RequestClosed):
        change_requests.withdraw(request=prompt.change_requests.get(), by=editor)
    assert change_requests.withdraw(request=ask(version, editor), by=approver).state == "withdrawn"


def test_the_author_is_told_of_the_approval_and_of_the_publish(version, editor, approver):
    approve(ask(version, editor), approver, note="Good")
    publish(version, approver)

    assert told(editor) == [
        f"{approver.name} approved v1 of {version.prompt.name} for production: «Good»",
        f"v1 of {version.prompt.name} is live in production now.",
    ]
    path = Notification.objects.filter(user=editor).first().path
    assert path == f"/p/{version.project.slug}/prompts/{version.prompt_id}/publish/?version=1&to=production"


# What the database refuses by itself


def _check_keys() -> None:
    """Look at the foreign keys now, which PostgreSQL would do when the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def refused(**change) -> bool:
    try:
        with transaction.atomic():
            ChangeRequest.objects.update(**change)
            _check_keys()
    except IntegrityError:
        return True
    return False


def test_the_database_holds_the_four_eyes(prompt, version, editor, approver):
    request = ask(version, approver)

    assert refused(state="approved", reviewed_by=editor)
    assert refused(state="approved", reviewed_by=approver)
    assert refused(state="approved")
    assert refused(state="invented")
    assert not refused(reviewed_by=make_member(prompt.project, Role.ADMIN))
    request.refresh_from_db()
    assert request.state == "open"


def test_the_database_lets_one_request_wait_and_one_be_approved_for_each_label(prompt, version, editor, approver):
    approve(ask(version, editor), approver)
    ask(make_version(prompt, by=editor), editor)
    values = {"project": prompt.project, "prompt": prompt, "label": "production", "version": version, "author": editor}

    for state in ("open", "changes_requested", "approved"):
        with pytest.raises(IntegrityError), transaction.atomic():
            ChangeRequest.objects.create(
                **values, content_hash=version.content_hash, state=state, reviewed_by=approver
            )  # fmt: skip


def test_the_database_ties_a_request_to_the_content_and_the_author_of_its_version(version, editor, approver):
    ask(version, editor)

    assert refused(content_hash="0" * 64)
    assert refused(author=approver)
    assert refused(version=make_version(make_prompt(version.project), by=editor))


def test_the_database_lets_no_move_claim_the_approval_of_another_version(prompt, version, editor, approver):
    request = approve(ask(version, editor), approver)
    publish(version, approver)
    other = make_version(prompt, by=editor)

    prompt.label_moves.filter(change_request=request).update(to_version=other)

    with pytest.raises(IntegrityError, match="prompt_label_move_approved"):
        _check_keys()


@pytest.mark.parametrize(
    "change",
    [{"text": "other"}, {"messages": []}, {"variables": []}, {"settings": {"model": "x"}}, {"content_hash": "0"}],
)
def test_the_database_never_changes_the_content_of_a_version(version, change):
    with pytest.raises(DatabaseError, match="immutable"), transaction.atomic():
        PromptVersion.objects.filter(pk=version.pk).update(**change)


# Webhooks


def test_webhooks_hear_of_asking_and_of_the_answers(project, prompt, editor, approver):
    events = ["change_request:opened", "change_request:approved", "change_request:changes_requested"]
    admin = make_member(project, Role.ADMIN)
    webhooks.create(project=project, name="bot", url="https://8.8.8.8/", events=events, by=admin)
    first, second = make_version(prompt, by=editor), make_version(prompt, by=editor)

    change_requests.ask_for_changes(request=ask(first, editor), note="Shorter, please", by=approver)
    approve(ask(second, editor), approver)

    sent = WebhookDelivery.objects.order_by("pk").values_list("event", flat=True)
    assert list(sent) == [events[0], events[2], events[0], events[1]]
    assert WebhookDelivery.objects.order_by("pk")[1].payload["data"]["said"] == "Shorter, please"


# Keys


def test_whoever_made_the_key_that_asked_is_not_the_second_person(project, prompt, approver):
    maker = make_member(project, Role.ADMIN)
    version = make_version(prompt, by=None)
    request = ask(version, None, through=maker)

    with pytest.raises(OwnChange, match="Your key asked"):
        approve(request, maker)

    assert approve(request, approver).approved_by == approver


def test_what_an_unprotected_label_once_pointed_to_comes_back_only_by_an_approver(project, prompt, editor, approver):
    first, second = make_version(prompt, by=editor), make_version(prompt, by=editor)
    for version in (first, second):
        publish(version, editor, "eu")
    protection.protect(project=project, labels=["eu"], by=make_member(project, Role.ADMIN))

    with pytest.raises(NotAllowed):
        labels.undo(prompt=prompt, label="eu", by=editor)

    assert labels.undo(prompt=prompt, label="eu", by=approver).to_version == first
