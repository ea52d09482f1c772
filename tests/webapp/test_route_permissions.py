"""Every address, every role, every foreign project: who may open what, read from the table of addresses.

A new address needs a rule (webapp/access.py) and, when it takes arguments, an entry in tests/webapp/worlds.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from projects import keys, members
from projects.models import Membership
from projects.roles import ROLES_ALLOWED, Role, Scope
from tests.projects.factories import make_user, signed_in
from tests.webapp.routes import Operation, Route, operations, routes
from tests.webapp.worlds import IN_PROJECT, OUTSIDE, Things, make_things

pytestmark = pytest.mark.django_db

ROUTES = routes()
OPERATIONS = operations()
IN_PROJECTS = [route for route in ROUTES if route.is_in_project]
OUTSIDE_PROJECTS = [route for route in ROUTES if not route.is_in_project]
# django-ninja answers its own root with «not found»; there is nothing to protect.
NOTHING_THERE = {"api-root"}


@dataclass(frozen=True)
class World:
    """A project with one of everything, and a foreign one."""

    ours: Things
    theirs: Things


@pytest.fixture
def world() -> World:
    return World(ours=make_things(name="Ours"), theirs=make_things(name="Theirs"))


def address(route: Route, project: Things, things: Things) -> str:
    """Return the address of a route in one project that names things of the same or of another project."""
    named = IN_PROJECT[route.name]
    path = reverse(route.name, kwargs={"slug": project.project.slug, **named.kwargs(things)})
    query = urlencode(named.query(things))
    return f"{path}?{query}" if query else path


def ask(client: Client, url: str) -> HttpResponse:
    """Return the answer of the address to GET, or to POST where it takes nothing else."""
    answer = client.get(url)
    return client.post(url) if answer.status_code == 405 else answer


def browsers(world: World) -> dict[Role, Client]:
    """Return one browser for each role in our project."""
    found = {}
    for role in Role:
        user = make_user()
        members.add(project=world.ours.project, user=user, role=role)
        found[role] = signed_in(user)
    return found


# Nothing is left out


def test_every_address_declares_who_may_open_it():
    undeclared = [route.pattern for route in ROUTES if route.rule is None and route.name not in NOTHING_THERE]
    undeclared += [operation.name for operation in OPERATIONS if operation.rule is None]

    assert not undeclared, f"Declare @requires, @signed_in, @owners_only or @public (or auth=KeyAuth) for: {undeclared}"


def test_the_walk_sees_the_whole_site():
    assert len(IN_PROJECTS) > 40
    assert {"POST /api/v1/prompts", "GET /api/v1/me"} <= {operation.name for operation in OPERATIONS}
    assert {"otlp-traces", "account_login", "livez", "home"} <= {route.name for route in OUTSIDE_PROJECTS}


def test_every_address_in_a_project_has_an_entry_and_every_entry_an_address():
    names = {route.name for route in IN_PROJECTS}

    missing, left_over = names - set(IN_PROJECT), set(IN_PROJECT) - names

    assert not missing, (
        f"Add to IN_PROJECT in tests/webapp/worlds.py how these addresses are filled in: {sorted(missing)}"
    )
    assert not left_over, f"These entries of IN_PROJECT have no address any more: {sorted(left_over)}"


def test_everything_in_a_project_is_for_members():
    assert [route.pattern for route in IN_PROJECTS if route.rule.audience != "members"] == []
    assert [route.pattern for route in OUTSIDE_PROJECTS if route.rule and route.rule.audience == "members"] == []


def test_every_open_address_says_why():
    assert [
        route.pattern for route in ROUTES if route.rule and route.rule.audience == "public" and not route.rule.why
    ] == []


# Addresses in projects


def test_somebody_who_is_not_signed_in_is_sent_to_the_sign_in_page(world):
    client = Client()

    wrong = [
        (route.name, answer.status_code)
        for route in IN_PROJECTS
        for url in (address(route, world.ours, world.ours),)
        for answer in (ask(client, url), client.post(url))
        if answer.status_code != 302 or not answer.headers["Location"].startswith("/accounts/login/?next=")
    ]

    assert wrong == []


def test_a_project_one_does_not_belong_to_does_not_exist(world):
    outsider = signed_in(world.theirs.admin)

    wrong = [
        (route.name, status)
        for route in IN_PROJECTS
        for url in (address(route, world.ours, world.ours),)
        for status in (ask(outsider, url).status_code, outsider.post(url).status_code)
        if status != 404
    ]

    assert wrong == []


def test_a_foreign_project_and_one_that_does_not_exist_answer_alike(world):
    outsider = signed_in(world.theirs.admin)

    foreign = outsider.get(f"/p/{world.ours.project.slug}/")
    invented = outsider.get("/p/invented/")

    assert (foreign.status_code, foreign.text) == (invented.status_code, invented.text)


def test_a_role_that_may_not_is_refused(world):
    wrong = [
        (route.name, role.value, status)
        for role, client in browsers(world).items()
        for route in IN_PROJECTS
        if role not in ROLES_ALLOWED[route.rule.action]
        for url in (address(route, world.ours, world.ours),)
        for status in (ask(client, url).status_code, client.post(url).status_code)
        if status != 403
    ]

    assert wrong == []


def test_a_role_that_may_is_let_in(world):
    wrong = [
        (route.name, role.value, status)
        for role, client in browsers(world).items()
        for route in IN_PROJECTS
        if role in ROLES_ALLOWED[route.rule.action]
        for status in (client.get(address(route, world.ours, world.ours)).status_code,)
        if status in (403, 404) or status >= 500
    ]

    assert wrong == []


def test_things_of_another_project_do_not_exist_here(world):
    admin = signed_in(world.ours.admin)

    wrong = [
        (route.name, status)
        for route in IN_PROJECTS
        if IN_PROJECT[route.name].names_a_thing
        for status in (ask(admin, address(route, world.ours, world.theirs)).status_code,)
        if status != 404
    ]

    assert wrong == []
    assert Membership.objects.filter(pk=world.theirs.member_id, role=Role.VIEWER).exists()


def test_looking_changes_nothing(world):
    admin = signed_in(world.ours.admin)
    before = fingerprint()

    for route in IN_PROJECTS:
        admin.get(address(route, world.ours, world.ours))
        if (after := fingerprint()) != before:
            changed = [table for table in after if after[table] != before[table]]
            pytest.fail(f"GET {route.pattern} changed {changed}")


def fingerprint() -> dict[str, tuple[int, int]]:
    """Return for every table how many rows it has and where they lie; an update moves a row."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        # The numbers of a past week are counted when somebody first asks for them.
        tables = sorted({name for (name,) in cursor.fetchall()} - {"django_session", "weekly_report"})
        cursor.execute(
            " UNION ALL ".join(
                f"SELECT '{name}', count(*), coalesce(sum(hashtext(ctid::text)), 0) FROM \"{name}\"" for name in tables
            )
        )
        return {name: (count, places) for name, count, places in cursor.fetchall()}


def test_forms_need_the_token_of_this_site(world):
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.ours.admin)

    urls = {route.name: address(route, world.ours, world.ours) for route in IN_PROJECTS}
    urls |= {
        route.name: reverse(route.name)
        for route in OUTSIDE_PROJECTS
        if route.rule
        and route.rule.audience in ("signed in", "owners")
        and route.name not in OUTSIDE
        and not route.pattern.startswith("api/")
    }
    wrong = [(name, status) for name, url in urls.items() if (status := client.post(url).status_code) != 403]

    assert wrong == []


# Addresses outside projects


def outside(route: Route) -> str:
    name = (
        f"api:{route.name}" if route.pattern.startswith("api/v1/") and route.name.startswith("openapi") else route.name
    )
    return reverse(name, kwargs=OUTSIDE.get(route.name, {}))


@pytest.mark.parametrize(
    "route",
    [route for route in OUTSIDE_PROJECTS if route.rule and route.rule.audience == "signed in"],
    ids=lambda route: route.name,
)
def test_pages_for_signed_in_people_ask_everybody_else_to_sign_in(route, client):
    answer = client.get(outside(route))

    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/accounts/login/?next=")
    assert signed_in(make_user()).get(outside(route)).status_code < 500


@pytest.mark.parametrize(
    "route",
    [route for route in OUTSIDE_PROJECTS if route.rule and route.rule.audience == "owners"],
    ids=lambda route: route.name,
)
def test_pages_for_owners_do_not_exist_for_others(route, client):
    assert client.post(outside(route)).status_code == 302
    assert signed_in(make_user()).post(outside(route)).status_code == 404


@pytest.mark.parametrize(
    "route",
    [route for route in OUTSIDE_PROJECTS if route.rule and route.rule.audience == "public"],
    ids=lambda route: route.name,
)
def test_open_pages_ask_nobody_to_sign_in(route, client):
    answer = client.get(outside(route))

    assert answer.status_code < 500
    assert "/accounts/login/?next=" not in answer.headers.get("Location", "")


def test_every_address_outside_projects_is_walked():
    audiences = {route.rule.audience for route in OUTSIDE_PROJECTS if route.rule}

    assert audiences <= {"signed in", "owners", "public", "keys"}


# Addresses for applications


def call(operation: Operation, things: Things, **headers: str):
    """Send an empty request to an operation; names in its path are filled in."""
    path = filled(operation, things)
    return Client().generic(operation.method, path, b"{}", content_type="application/json", headers=headers)


def filled(operation: Operation, things: Things) -> str:
    """Return the path of an operation with the names of things in it."""
    values = {
        "{path:name}": things.prompt_name, "<path:key>": things.prompt_name, "{trace_id}": things.trace_id, "{media_id}": "any",
        "{label}": "production", "{number}": "1", "{issue_number}": str(things.issue_number), "{alert_id}": str(things.alert_id),
        "{dataset_id}": str(things.dataset_id), "{erasure_id}": str(things.erasure_id),
        "{change_request_id}": str(things.change_request_id), "{rollout_id}": str(things.rollout_id),
        "{experiment_id}": str(things.experiment_id),
    }  # fmt: skip
    path = operation.path
    for name, value in values.items():
        path = path.replace(name, value)
    assert not {"{", "<"} & set(path), f"Say in tests/webapp/test_route_permissions.py how to fill in {operation.path}"
    return path


def key_with(world: World, *scopes: Scope) -> dict[str, str]:
    _, plain = keys.create(project=world.ours.project, name="test", scopes=scopes, by=world.ours.admin)
    return {"Authorization": f"Bearer {plain}"}


def application_calls() -> list[Operation]:
    plain = [
        Operation("POST", f"/{route.pattern}", route.rule)
        for route in OUTSIDE_PROJECTS
        if route.rule and route.rule.audience == "keys"
    ]
    return OPERATIONS + plain


@pytest.mark.parametrize("operation", application_calls(), ids=lambda operation: operation.name)
def test_applications_need_a_key_with_the_right_scope(operation, world):
    scope = operation.rule.scope
    others = [other for other in Scope if other != scope]

    missing = call(operation, world.ours)
    unknown = call(operation, world.ours, Authorization="Bearer cb_unknown")
    allowed = call(operation, world.ours, **key_with(world, scope or Scope.INGEST))

    assert (missing.status_code, unknown.status_code) == (401, 401)
    assert allowed.status_code not in (401, 403, 404)
    assert allowed.status_code < 500
    if scope is not None:
        assert call(operation, world.ours, **key_with(world, *others)).status_code == 403


@pytest.mark.parametrize("operation", application_calls(), ids=lambda operation: operation.name)
def test_applications_are_never_known_by_a_cookie(operation, world):
    client = signed_in(world.ours.admin)

    assert (
        client.generic(
            operation.method, filled(operation, world.ours), b"{}", content_type="application/json"
        ).status_code
        == 401
    )


def test_a_key_sees_nothing_of_another_project(world):
    headers = key_with(world, *Scope)
    path = f"/api/v1/traces/{world.theirs.trace_id}"

    assert Client().get(path, headers=headers).status_code == 404
    assert Client().get("/api/v1/prompts/only-theirs", headers=headers).status_code == 404
    assert world.theirs.trace_id not in Client().get("/api/v1/traces", headers=headers).text


def test_every_refusal_of_an_application_is_one_clear_sentence(world):
    answers = [call(operation, world.ours) for operation in OPERATIONS]

    for answer in answers:
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert "Authorization: Bearer" in answer.json()["detail"]
