import pytest

from projects import keys, people, projects
from projects.models import Membership, Project, User
from tests.projects.factories import make_member

pytestmark = pytest.mark.django_db


def token_of(link: str) -> str:
    return link.removeprefix("http://testserver/sign-in/").removesuffix("/")


def test_project_create_prints_where_the_project_is(callboard):
    outcome = callboard("project", "create", "Support bot")

    assert (outcome.code, outcome.out) == (0, "Project «Support bot» is made: http://testserver/p/support-bot/\n")
    assert Project.objects.get(slug="support-bot").name == "Support bot"


def test_project_create_refuses_a_slug_that_is_taken(callboard):
    projects.create(name="Support bot", slug="bot")

    outcome = callboard("project", "create", "Another", "--slug", "bot")

    assert outcome.code == 1
    assert outcome.err == "callboard: Another project already uses this address. Choose another name or slug.\n"


def test_user_create_prints_a_link_that_signs_the_person_in_once(callboard):
    outcome = callboard("user", "create", "Ana@Example.com", "--owner", "--json")

    user = people.use_sign_in_link(token=token_of(outcome.facts["sign_in_link"]))

    assert (outcome.code, user.email, user.is_owner) == (0, "ana@example.com", True)


def test_user_create_makes_a_member_of_a_project(callboard):
    projects.create(name="Support bot", slug="bot")

    callboard("user", "create", "ana@example.com", "--project", "bot", "--role", "editor")

    assert Membership.objects.get(user__email="ana@example.com").role == "editor"


def test_user_create_makes_nothing_when_the_project_is_not_there(callboard):
    outcome = callboard("user", "create", "ana@example.com", "--project", "nowhere")

    assert (outcome.code, outcome.err) == (1, "callboard: There is no project «nowhere». Projects: none yet.\n")
    assert not User.objects.filter(email="ana@example.com").exists()


@pytest.mark.parametrize("address", ["", "ana", "ana@", "ana example.com"])
def test_user_create_refuses_what_is_no_address(callboard, address):
    outcome = callboard("user", "create", address)

    assert outcome.code == 1
    assert outcome.err == f"callboard: «{address}» is not an e-mail address. Write it like name@example.com.\n"


def test_user_create_says_when_the_address_is_taken(callboard):
    people.create_user(email="ana@example.com")

    outcome = callboard("user", "create", "ana@example.com", "--json")

    assert outcome.code == 1
    assert "already has an account" in outcome.facts["error"]


def test_sign_in_link_signs_in_somebody_who_has_an_account(callboard):
    people.create_user(email="ana@example.com")

    outcome = callboard("sign-in-link", "ANA@example.com", "--json")

    assert people.use_sign_in_link(token=token_of(outcome.facts["sign_in_link"])).email == "ana@example.com"


def test_sign_in_link_says_how_to_make_an_account(callboard):
    outcome = callboard("sign-in-link", "nobody@example.com")

    assert outcome.code == 1
    assert "Make one with `callboard user create EMAIL`" in outcome.err


def test_key_create_prints_a_key_that_works(callboard):
    projects.create(name="Support bot", slug="bot")

    outcome = callboard("key", "create", "--project", "bot", "--environment", "production", "--json")

    caller = keys.check(outcome.facts["key"])
    assert caller is not None
    assert (caller.project_slug, caller.environment) == ("bot", "production")
    assert caller.scopes == {"ingest", "prompts:read", "feedback:write"}


def test_key_create_acts_in_the_name_of_a_member(callboard):
    person = make_member(project=projects.create(name="Support bot", slug="bot"))

    outcome = callboard("key", "create", "--project", "bot", "--for", person.email.upper(), "--json")

    assert keys.maker_of(keys.check(outcome.facts["key"])) == person


def test_key_create_refuses_somebody_who_is_no_member(callboard):
    projects.create(name="Support bot", slug="bot")

    outcome = callboard("key", "create", "--project", "bot", "--for", "nobody@example.com")

    assert outcome.code == 1
    assert "Nobody in «Support bot» has the address nobody@example.com" in outcome.err


def test_key_create_names_the_scope_it_does_not_know(callboard):
    projects.create(name="Support bot", slug="bot")

    outcome = callboard("key", "create", "--project", "bot", "--scopes", "ingest, everything")

    assert outcome.code == 1
    assert "«everything» is not a key scope" in outcome.err


def test_migrate_says_when_there_is_nothing_to_do(callboard):
    outcome = callboard("migrate")

    assert (outcome.code, outcome.out) == (0, "The database was up to date already.\n")


def test_server_check_reports_a_database_that_may_lose_accepted_calls(callboard):
    outcome = callboard("server-check", "--json")

    found = {check["name"]: check for check in outcome.facts["checks"]}
    assert outcome.code == 1
    assert found["Database"]["status"] == found["Tables"]["status"] == found["Redis"]["status"] == "ok"
    # The servers of the tests run without fsync.
    assert found["Durability"]["detail"].startswith("fsync, full_page_writes, synchronous_commit must be on")


def test_server_check_in_words(callboard):
    outcome = callboard("server-check")

    assert "FAILED   Durability: fsync" in outcome.out
    assert "ok       Vectors: pgvector 0.8" in outcome.out
