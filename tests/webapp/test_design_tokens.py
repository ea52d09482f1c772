"""The look holds its promises in numbers: contrast in both themes, colours apart for every eye, sizes, a clean policy."""

from __future__ import annotations

import gzip
import re
from itertools import combinations
from pathlib import Path

import pytest

from webapp import keys
from webapp.icons import ICONS

WEBAPP = Path(__file__).resolve().parents[2] / "webapp"
CSS = (WEBAPP / "static" / "app.css").read_text()
SCRIPTS = [WEBAPP / "static" / name for name in ("app.js", "chart.js", "vendor/htmx-4.0.1.min.js")]
TEMPLATES = sorted((WEBAPP / "templates").rglob("*.html"))
TOKENS = {
    name: {"light": light, "dark": dark}
    for name, light, dark in re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}|#fff), (#[0-9a-f]{6}|#fff)\)", CSS)
}
THEMES = ("light", "dark")

TEXT_PAIRS = [
    *((text, ground) for text in ("n8", "n9", "n10", "n11") for ground in ("n1", "n2", "n3")),
    *((text, "n4") for text in ("n9", "n10", "n11")),
    *(("accent", ground) for ground in ("n1", "n2", "n3", "accent-soft")),
    ("accent-strong", "accent-soft"),
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
    *((word, ground) for word in ("good", "warn", "bad", "info") for ground in ("n1", "n2", f"{word}-soft")),
    *(("n10", f"{word}-soft") for word in ("good", "warn", "bad", "info", "accent")),
    *(("n8", ground) for ground in ("accent-soft",)),
]
SHAPE_PAIRS = [
    *(("n7", ground) for ground in ("n1", "n2")),
    *(("focus", ground) for ground in ("n1", "n2", "n3")),
    *((f"c{number}", "n2") for number in range(1, 9)),
]

# Machado, Oliveira and Fernandes (2009), severity 1: how a colour reaches each kind of eye.
EYES = {
    "usual": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.01182, 0.04294, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.3039)),
}


def _linear(colour: str) -> list[float]:
    whole = colour if len(colour) == 7 else "#" + "".join(part * 2 for part in colour[1:])
    parts = [int(whole[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]


def _luminance(colour: str) -> float:
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), _linear(colour), strict=True))


def contrast(one: str, other: str) -> float:
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _oklab(colour: str, eye: str) -> tuple[float, float, float]:
    linear = _linear(colour)
    red, green, blue = (sum(weight * part for weight, part in zip(row, linear, strict=True)) for row in EYES[eye])
    rows = (
        (0.4122214708, 0.5363325363, 0.0514459929),
        (0.2119034982, 0.6806995451, 0.1073969566),
        (0.0883024619, 0.2817188376, 0.6299787005),
    )
    long, middle, short = (max(a * red + b * green + c * blue, 0) ** (1 / 3) for a, b, c in rows)
    return (
        0.2104542553 * long + 0.793617785 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.428592205 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.808675766 * short,
    )


def distance(one: str, other: str, eye: str) -> float:
    pairs = zip(_oklab(one, eye), _oklab(other, eye), strict=True)
    return float(sum((a - b) ** 2 for a, b in pairs) ** 0.5)


def _gzipped(path: Path) -> int:
    return len(gzip.compress(path.read_bytes(), 9))


def test_black_on_white_has_the_contrast_everybody_knows():
    assert round(contrast("#000000", "#fff"), 1) == 21.0


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("text", "ground"), TEXT_PAIRS)
def test_text_stands_out_from_its_ground(text, ground, theme):
    assert contrast(TOKENS[text][theme], TOKENS[ground][theme]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("shape", "ground"), SHAPE_PAIRS)
def test_controls_focus_rings_and_lines_of_charts_stand_out(shape, ground, theme):
    assert contrast(TOKENS[shape][theme], TOKENS[ground][theme]) >= 3


@pytest.mark.parametrize("theme", THEMES)
def test_white_letters_stand_out_from_the_button_that_destroys(theme):
    assert contrast("#ffffff", TOKENS["bad-fill"][theme]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("eye", EYES)
def test_chart_colours_are_told_apart_by_every_eye(eye, theme):
    colours = [TOKENS[f"c{number}"][theme] for number in range(1, 9)]

    assert min(distance(one, other, eye) for one, other in combinations(colours, 2)) >= 0.06


def test_layers_are_declared_once_in_the_order_that_decides():
    assert "@layer reset, tokens, base, layout, components, screens, utilities;" in CSS


def test_every_rule_lives_in_a_layer():
    outside = re.sub(r"/\*.*?\*/", "", CSS, flags=re.DOTALL)
    while "{" in outside:
        outside = re.sub(r"\{[^{}]*\}", "", outside)

    assert [
        line for line in outside.split("@layer") if line.strip() and "," not in line and len(line.split()) != 1
    ] == []


def test_motion_is_short_and_stops_when_asked():
    assert "--fast: 120ms" in CSS
    assert "prefers-reduced-motion: reduce" in CSS


def test_the_stylesheet_fits_its_budget():
    assert _gzipped(WEBAPP / "static" / "app.css") <= 18 * 1024


def test_our_own_script_of_every_page_fits_its_budget():
    assert _gzipped(SCRIPTS[0]) <= 10 * 1024


def test_the_scripts_of_a_page_fit_their_budget():
    assert sum(_gzipped(path) for path in SCRIPTS) <= 30 * 1024


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(WEBAPP / "templates")))
def test_a_template_holds_nothing_the_security_policy_blocks(template):
    text = re.sub(r"\{#.*?#\}|\{% comment %\}.*?\{% endcomment %\}", "", template.read_text(), flags=re.DOTALL)

    assert not re.findall(r"\sstyle\s*=", text), "inline style"
    assert not re.findall(r"<[^>]*\son[a-z]+\s*=", text), "inline handler"
    assert not re.findall(r"hx-on|hx-live|[\"']js:|javascript:", text), "code in an attribute"
    assert not re.findall(r"hx-trigger[^=]*=\"[^\"]*\[", text), "trigger filter"
    assert not re.findall(r"<style|<script(?![^>]*\ssrc=)(?![^>]*application/json)", text), "inline script or style"
    assert not re.findall(r"\|\s*safe\b|autoescape off", text), "text that is not escaped"


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(WEBAPP / "templates")))
def test_a_template_names_only_icons_components_and_shortcuts_that_exist(template):
    text = template.read_text()
    components = {path.stem for path in (WEBAPP / "templates" / "components").glob("*.html")}

    assert set(re.findall(r"{% icon \"([^\"]+)\"", text)) <= set(ICONS)
    assert set(re.findall(r"{% component \"([^\"]+)\"", text)) <= components
    assert set(re.findall(r"{% component [^%]*\bicon=\"([^\"]+)\"", text)) <= set(ICONS)
    named = re.findall(r"{% component [^%]*\bkey=\"([^\"]+)\"|data-shortcut=\"([\w-]+)\"|{% key \"([^\"]+)\"", text)
    assert {next(filter(None, names)) for names in named} <= {shortcut.name for shortcut in keys.SHORTCUTS}


def test_no_two_shortcuts_share_a_name_or_within_a_group_their_keys():
    names = [shortcut.name for shortcut in keys.SHORTCUTS]
    pressed = [(shortcut.group, shortcut.keys) for shortcut in keys.SHORTCUTS]

    assert len(names) == len(set(names))
    assert len(pressed) == len(set(pressed))


def test_no_shortcut_begins_with_another_one():
    pressed = [shortcut.keys for shortcut in keys.SHORTCUTS]

    assert not [(one, other) for one in pressed for other in pressed if other.startswith(f"{one} ")]


def test_the_script_knows_every_shortcut_that_has_no_element():
    script = SCRIPTS[0].read_text()

    assert all(
        name in script for name in ("search", "help", "filter", "primary", '"next-row"', '"select-row"', "slowest")
    )
