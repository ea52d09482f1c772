"""What protects people in the browser: the content policy, escaped text, cookies, headers."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.test import Client, override_settings

from projects.models import User
from tests.projects.factories import PASSWORD, make_user, signed_in
from tests.webapp.routes import routes
from tests.webapp.test_route_permissions import IN_PROJECTS, OUTSIDE_PROJECTS, address, outside
from tests.webapp.worlds import make_things

ROOT = Path(django_settings.BASE_DIR)
TEMPLATES = sorted((ROOT / "webapp" / "templates").rglob("*.html"))
PYTHON = [
    path
    for package in ("projects", "prompt_registry", "monitoring", "workers", "webapp")
    for path in sorted((ROOT / package).rglob("*.py"))
]

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "img-src": "'self' data: blob:",
    "connect-src": "'self'",
    "font-src": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
    "object-src": "'none'",
}


def policy_of(answer) -> dict[str, str]:
    parts = [part.strip().partition(" ") for part in answer.headers.get("Content-Security-Policy", "").split(";")]
    return {name: values for name, _, values in parts if name}


def complaints(answer, name="") -> list[str]:
    """Return what is missing from the protection of an HTML answer."""
    found = policy_of(answer)
    missing = [f"{name} {found.get(name)}" for name, values in POLICY.items() if found.get(name) != values]
    if re.search("unsafe|strict-dynamic|https?:|\\*", " ".join(found.values())):
        missing.append(f"loose policy: {found}")
    wanted = {
        "X-Content-Type-Options": "nosniff",
        # The address of a public link is its secret: it stays out of every further address.
        "Referrer-Policy": "no-referrer" if name == "shared-trace" else "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "X-Frame-Options": "DENY",
    }
    return missing + [
        f"{name}: {answer.headers.get(name)}" for name, value in wanted.items() if answer.headers.get(name) != value
    ]


@pytest.mark.django_db
def test_every_page_carries_the_policy(settings):
    # As behind the proxy. Where the live process has a port of its own, the page of a trial names it (test_tryit.py).
    settings.LIVE_URL = settings.PUBLIC_URL
    things = make_things(name="Ours")
    client = signed_in(things.admin)
    urls = {route.name: address(route, things, things) for route in IN_PROJECTS}
    urls |= {route.name: outside(route) for route in OUTSIDE_PROJECTS if route.rule and route.name != "account_logout"}
    urls |= {"nowhere": "/nowhere/"}

    pages = {
        name: answer
        for name, url in urls.items()
        if (answer := client.get(url)).headers.get("Content-Type", "").startswith("text/html")
    }
    wrong = {name: problems for name, answer in pages.items() if (problems := complaints(answer, name))}

    assert len(pages) > 25
    assert wrong == {}


@pytest.mark.django_db
def test_a_refused_form_and_a_forbidden_page_carry_the_policy_too():
    client = Client(enforce_csrf_checks=True)

    assert complaints(client.post("/accounts/login/", {})) == []
    assert complaints(Client().post("/accounts/login/", {"login": "x", "password": "y"})) == []


# Templates

FORBIDDEN_IN_TEMPLATES = {
    "a script in the page": re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")", re.I),
    "a style in the page": re.compile(r"<style\b|\sstyle\s*=\s*[\"']", re.I),
    "a handler in an attribute": re.compile(r"\son[a-z]+\s*=\s*[\"']", re.I),
    "htmx that evaluates code": re.compile(
        r"hx-on|hx-live|hx-vals=['\"]js:|hx-headers=['\"]js:|\bjs:\s*\{|hx-trigger=['\"][^'\"]*\["
    ),
    "a javascript address": re.compile(r"javascript:", re.I),
    "text that is not escaped": re.compile(r"\|\s*safe\b|\|\s*safeseq\b|autoescape\s+off"),
    "something from another site": re.compile(r"(?:src|href)=\"(?:https?:)?//(?!\{)", re.I),
}


@pytest.mark.parametrize("rule", FORBIDDEN_IN_TEMPLATES)
def test_no_template_contains(rule):
    pattern = FORBIDDEN_IN_TEMPLATES[rule]

    found = [
        f"{path.relative_to(ROOT)}: {match.group(0)!r}"
        for path in TEMPLATES
        if (match := pattern.search(path.read_text(encoding="utf-8")))
    ]

    assert found == []


@pytest.mark.parametrize(
    ("rule", "bad"),
    [
        ("a script in the page", "<script>alert(1)</script>"),
        ("a script in the page", '<script type="module">x</script>'),
        ("a style in the page", '<p class="x" style="color: red">'),
        ("a handler in an attribute", '<a href="#" onclick="x()">'),
        ("htmx that evaluates code", '<div hx-on:click="x()">'),
        ("htmx that evaluates code", "<div hx-trigger=\"keyup[key=='x']\">"),
        ("text that is not escaped", "{{ name|safe }}"),
        ("text that is not escaped", "{% autoescape off %}"),
        ("something from another site", '<img src="https://example.com/x.png">'),
        ("a javascript address", '<a href="javascript:x()">'),
    ],
)
def test_the_rules_for_templates_find_what_they_forbid(rule, bad):
    assert FORBIDDEN_IN_TEMPLATES[rule].search(bad)


def test_no_code_marks_text_as_safe():
    pattern = re.compile(r"\bmark_safe\b|\bhtml_safe\b|SafeString\([^\"')]|\bjson_script\s*=")

    found = [str(path.relative_to(ROOT)) for path in PYTHON if pattern.search(path.read_text(encoding="utf-8"))]

    assert found == []


def test_templates_are_found():
    assert len(TEMPLATES) > 40
    assert len(routes()) > 60


# Cookies


def settings_at(url: str, *names: str) -> dict[str, object]:
    """Return settings as an installation at this address would have them."""
    program = f"import json, webapp.settings as s; print(json.dumps({{name: getattr(s, name) for name in {names!r}}}))"
    environ = os.environ | {"CALLBOARD_URL": url}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environ, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


COOKIE_SETTINGS = (
    "SESSION_COOKIE_NAME", "SESSION_COOKIE_SECURE", "SESSION_COOKIE_SAMESITE", "CSRF_COOKIE_NAME", "CSRF_COOKIE_SECURE",
    "CSRF_COOKIE_HTTPONLY", "CSRF_COOKIE_SAMESITE", "SECURE_HSTS_SECONDS",
)  # fmt: skip


@pytest.mark.django_db
def test_behind_https_cookies_are_bound_to_the_host_and_never_travel_in_the_clear():
    user = make_user(password=PASSWORD)

    with override_settings(**settings_at("https://callboard.example", *COOKIE_SETTINGS)):
        client = Client()
        page = client.get("/accounts/login/", secure=True)
        client.post("/accounts/login/", {"login": user.email, "password": PASSWORD}, secure=True)

    assert page.headers["Strict-Transport-Security"].startswith("max-age=31536000")
    cookies = [client.cookies["__Host-callboard_session"], client.cookies["__Host-callboard_csrf"]]
    for cookie in cookies:
        assert (cookie["secure"], cookie["httponly"], cookie["samesite"], cookie["path"], cookie["domain"]) == (
            True,
            True,
            "Lax",
            "/",
            "",
        )
    assert client.cookies["cb_shortcuts"]["secure"]


@pytest.mark.django_db
def test_on_a_laptop_cookies_work_without_https(client):
    user: User = make_user(password=PASSWORD)

    client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})

    cookie = client.cookies["callboard_session"]
    assert (cookie["secure"], cookie["httponly"], cookie["samesite"]) == ("", True, "Lax")


# Sessions


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("begun", "seen", "lives"), [(0, 11.5, True), (0, 12.5, False), (13.9 * 24, 0, True), (14.1 * 24, 0, False)]
)
def test_a_session_ends_after_twelve_quiet_hours_and_after_fourteen_days(begun, seen, lives):
    client = signed_in(make_user())
    session = client.session
    now = session["proved_at"]
    session["begun_at"], session["seen_at"] = int(now - max(begun, seen) * 3600), int(now - seen * 3600)
    session.save()

    assert (client.get("/projects/").status_code == 200) is lives
