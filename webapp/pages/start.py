"""Connect an application: what to paste, with address and key filled in, and what arrived so far."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from projects import keys, tokens
from projects.models import Project
from projects.roles import Action
from webapp import sdk_wheel
from webapp.access import ProjectRequest, requires
from webapp.accounts.reauthentication import fresh
from webapp.pages import start_steps
from webapp.pages.settings_keys import APPLICATION_SCOPES
from webapp.render import render_page

NO_KEY = "YOUR_KEY"
NO_PUBLIC_KEY = "YOUR_PUBLIC_KEY"
_TERMINAL = "Terminal"
SNIPPETS = Path(settings.BASE_DIR) / "webapp" / "templates" / "start" / "snippets"


@dataclass(frozen=True, slots=True)
class Block:
    """Something to paste, and where it goes."""

    label: str
    code: str


@dataclass(frozen=True, slots=True)
class Way:
    """One way to connect an application."""

    name: str
    label: str
    text: str
    blocks: list[Block]


@requires(Action.READ_TRACES)
def start(request: ProjectRequest) -> HttpResponse:
    """Show what to paste, without a key."""
    return _page(request, key="")


@requires(Action.MANAGE_PROJECT)
@require_POST
@fresh
def create_key(request: ProjectRequest) -> HttpResponseBase:
    """Make a key and show the same page with it filled in, this once."""
    _, plain = keys.create(
        project=request.project, name="First application", scopes=APPLICATION_SCOPES, by=request.user
    )
    response = _page(request, key=plain, status=201)
    response["Cache-Control"] = "no-store"
    return response


@requires(Action.READ_TRACES)
def live(request: ProjectRequest) -> HttpResponse:
    """Answer with the line that says what arrived; asked again every two seconds until something did."""
    return render(
        request, "start/live.html", {"project": request.project, "arrival": start_steps.arrival(request.project)}
    )


def _page(request: ProjectRequest, *, key: str, status: int = 200) -> HttpResponse:
    ways = ways_to_connect(key or NO_KEY)
    wanted = request.GET.get("way", "")
    context = {
        "page_title": "Connect an app",
        "key": key,
        "ways": ways,
        "current_way": wanted if wanted in {way.name for way in ways} else ways[0].name,
        "arrival": start_steps.arrival(request.project),
        "steps": start_steps.steps(request.project),
        "demo": Project.objects.visible_to(request.user).filter(is_demo=True).exclude(pk=request.project.pk).first(),
    }
    return render_page(request, "start/start.html", context, section="start", status=status)


def ways_to_connect(key: str) -> list[Way]:
    """Return every way to connect an application, with address and key filled in."""
    return [
        Way(
            "python",
            "Python SDK",
            "Records any function, and every model call inside it. Needs nothing but Python 3.11.",
            [Block("app.py", snippet("python_sdk.py", key)), Block(_TERMINAL, snippet("python_sdk.sh", key))],
        ),
        Way(
            "openai",
            "OpenAI drop-in",
            "Change one import: every call of the OpenAI client is recorded with prompt, answer, tokens and time.",
            [Block("app.py", snippet("openai_drop_in.py", key)), Block(_TERMINAL, snippet("openai_drop_in.sh", key))],
        ),
        Way(
            "opentelemetry",
            "OpenTelemetry",
            "Already instrumented with OpenTelemetry, OpenInference or OpenLLMetry? These lines send the same spans here. "
            "No code changes.",
            [Block("Environment", snippet("opentelemetry.sh", key))],
        ),
        Way(
            "langfuse",
            "Langfuse SDK",
            "Already on Langfuse? Its Python SDKs from 2 to 5 work here as they are: change the address and the keys. "
            "No code changes.",
            [Block("Environment", snippet("langfuse.sh", key))],
        ),
        Way(
            "curl",
            "curl",
            "One call by hand, from any shell; also a recipe for other languages.",
            [Block(_TERMINAL, snippet("curl.sh", key))],
        ),
    ]


def snippet(name: str, key: str) -> str:
    """Return a snippet as it is pasted; programs are taken as they are, settings get address and key filled in."""
    if name.endswith(".py"):
        return (SNIPPETS / name).read_text(encoding="utf-8").rstrip("\n")
    public_key = tokens.public_key(parts[0]) if (parts := tokens.split(key)) else NO_PUBLIC_KEY
    context = {"url": settings.PUBLIC_URL, "key": key, "public_key": public_key, "wheel": sdk_wheel.url()}
    return render_to_string(f"start/snippets/{name}", context).rstrip("\n")


urlpatterns: list[URLPattern] = [
    path("start/", start, name="start"),
    path("start/key/", create_key, name="start-key"),
    path("start/live/", live, name="start-live"),
]
