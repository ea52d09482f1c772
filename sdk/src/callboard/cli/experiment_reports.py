"""What an experiment found, as JUnit XML for a build server and as Markdown for a pull request."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from xml.etree import ElementTree

from callboard.experiment_gates import Judged
from callboard.experiment_results import ExperimentResult, in_percent

# XML 1.0 has no place for these, not even escaped.
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(result: ExperimentResult, judged: Sequence[Judged]) -> bytes:
    """Return one test case for each gate and each check; a gate that does not hold is a failure, with the worst items."""
    failures = sum(not one.is_passed for one in judged)
    checks = list(result.column["checks"])
    head = {
        "name": _xml(str(result.report["name"])),
        "tests": str(len(judged) + len(checks)),
        "failures": str(failures),
    }
    suite = ElementTree.Element("testsuite", head)
    for one in judged:
        case = ElementTree.SubElement(suite, "testcase", {"classname": "gate", "name": _xml(one.gate.text)})
        if not one.is_passed:
            failure = ElementTree.SubElement(case, "failure", {"message": _xml(one.found)})
            chosen = [check for check in checks if one.gate.check in ("", check["name"])]
            failure.text = _xml("\n".join([one.found, *_worst(chosen), result.url]))
    for check in checks:
        case = ElementTree.SubElement(suite, "testcase", {"classname": "check", "name": _xml(str(check["name"]))})
        out = ElementTree.SubElement(case, "system-out")
        out.text = _xml("\n".join([_level(check), *_worst([check])]))
    document: bytes = ElementTree.tostring(suite, encoding="utf-8", xml_declaration=True)
    return document


def markdown(result: ExperimentResult, judged: Sequence[Judged]) -> str:
    """Return a comment for a pull request: gates, verdict, a table, and the worst items."""
    has_passed = all(one.is_passed for one in judged) and result.is_done
    lines = [f"### {'✅' if has_passed else '❌'} {_md(str(result.report['name']))}", ""]
    lines += [f"- {'✅' if one.is_passed else '❌'} {_md(one.gate.text)}: {_md(one.found)}" for one in judged]
    if not result.is_done:
        lines.append(f"- ❌ {_md(result.state)}: {_md(str(result.report['reason']))}")
    lines += [
        "",
        _md(result.words),
        "",
        "| Check | Mean | 95 % interval | Passed | Errors | Verdict |",
        "|---|---|---|---|---|---|",
    ]
    for check in result.column["checks"]:
        cells = (
            _md(str(check["name"])), "" if check["mean"] is None else f"{check['mean']:.3f}",
            "" if check["low"] is None else f"{check['low']:.3f} to {check['high']:.3f}", in_percent(check["pass_rate"]),
            str(check["errors"]), str(check["verdict"] or ""),
        )  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    worst = [f"- {_md(line)}" for line in _worst(result.column["checks"])]
    if worst:
        lines += ["", "<details><summary>Worst items</summary>", "", *worst, "", "</details>"]
    return "\n".join([*lines, "", f"[See the experiment]({result.url})", ""])


def _worst(checks: Iterable[Mapping[str, Any]]) -> list[str]:
    return [
        f"{check['name']}, item {one['item']}: {_one_line(one['error'] or one['why'] or one['value'])}"
        for check in checks
        for one in check["worst"]
    ]


def _level(check: Mapping[str, Any]) -> str:
    if check["mean"] is None:
        return f"judged nothing; {check['errors']} errors"
    return f"mean {check['mean']:.3f} ({check['low']:.3f} to {check['high']:.3f}), {check['errors']} errors"


def _one_line(value: Any) -> str:
    return " ".join(str(value).split())[:300]


def _xml(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)


def _md(text: str) -> str:
    """Escape a text that others wrote, so that it makes no links, tags, mentions or columns."""
    escaped = re.sub(r"([\\`*_{}\[\]()#+!|~])", r"\\\1", " ".join(text.split()))
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("@", "@\u200b")
