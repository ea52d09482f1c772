"""The one table of keyboard shortcuts: handlers, badges and the help sheet all read it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby


@dataclass(frozen=True, slots=True)
class Shortcut:
    """One shortcut; pages attach to it with `data-shortcut="<name>"` on the thing it presses."""

    name: str
    keys: str
    label: str
    group: str

    @property
    def steps(self) -> tuple[tuple[str, ...], ...]:
        """Return the keys as pressed one after another, each a tuple held together."""
        return tuple(tuple(step.split("+")) for step in self.keys.split(" "))


SHORTCUTS: tuple[Shortcut, ...] = (
    Shortcut("search", "Ctrl+K", "Search or jump to", "Everywhere"),
    Shortcut("help", "?", "Show the keys of this page", "Everywhere"),
    Shortcut("primary", "Ctrl+Enter", "Main action of the page", "Everywhere"),
    Shortcut("time-range", "t", "Change the time range", "Everywhere"),
    Shortcut("actions", ".", "Actions for this thing", "Everywhere"),
    Shortcut("close", "Esc", "Close or go up", "Everywhere"),
    Shortcut("go-overview", "g o", "Overview", "Go to"),
    Shortcut("go-prompts", "g p", "Prompts", "Go to"),
    Shortcut("go-tests", "g t", "Tests", "Go to"),
    Shortcut("go-datasets", "g d", "Datasets", "Go to"),
    Shortcut("go-checks", "g k", "Checks", "Go to"),
    Shortcut("go-rollouts", "g r", "Rollouts", "Go to"),
    Shortcut("go-issues", "g i", "Issues", "Go to"),
    Shortcut("go-explore", "g e", "Explore", "Go to"),
    Shortcut("go-costs", "g m", "Costs", "Go to"),
    Shortcut("go-review", "g q", "Review", "Go to"),
    Shortcut("go-start", "g c", "Connect an app", "Go to"),
    Shortcut("go-settings", "g s", "Settings", "Go to"),
    Shortcut("go-notifications", "g n", "Notifications", "Go to"),
    Shortcut("next-row", "j", "Next row", "Lists"),
    Shortcut("previous-row", "k", "Previous row", "Lists"),
    Shortcut("open-row", "Enter", "Open the row", "Lists"),
    Shortcut("select-row", "x", "Choose the row", "Lists"),
    Shortcut("filter", "/", "Filter", "Lists"),
    Shortcut("new", "n", "New", "Lists"),
    Shortcut("duplicate", "d", "Make a copy of the row", "Lists"),
    Shortcut("move", "m", "Move the row to another project", "Lists"),
    Shortcut("who-uses", "u", "Who uses the row", "Lists"),
    Shortcut("previous", "[", "Previous", "This page"),
    Shortcut("next", "]", "Next", "This page"),
    Shortcut("tile-1", "1", "First tile", "This page"),
    Shortcut("tile-2", "2", "Second tile", "This page"),
    Shortcut("tile-3", "3", "Third tile", "This page"),
    Shortcut("tile-4", "4", "Fourth tile", "This page"),
    Shortcut("compare", "c", "Compare with the period before", "This page"),
    Shortcut("copy", "y", "Copy", "This page"),
    Shortcut("unfold", "l", "Open the branch", "Trace"),
    Shortcut("fold", "h", "Close the branch", "Trace"),
    Shortcut("next-error", "e", "Next error", "Trace"),
    Shortcut("slowest", "s", "Slowest step", "Trace"),
    Shortcut("flag-wrong", "n", "Not a problem", "Trace"),
    Shortcut("flag-right", "r", "The finding is right", "Trace"),
    Shortcut("flag-missed", "m", "Say what was missed", "Trace"),
    Shortcut("flag-undo", "z", "Take back what was said about a finding", "Trace"),
    Shortcut("run-row", "Shift+Enter", "Run the row again", "Try"),
    Shortcut("better", "b", "This answer is better", "Try"),
    Shortcut("as-good", "=", "This answer is as good", "Try"),
    Shortcut("next-worse", "w", "Next item that got worse", "Test results"),
    Shortcut("next-better", "b", "Next item that got better", "Test results"),
    Shortcut("next-failed", "e", "Next item that failed", "Test results"),
    Shortcut("row-diff", "d", "Words that differ", "Test results"),
    Shortcut("row-whole", "Space", "Show the whole item", "Test results"),
    Shortcut("disagree", "l", "Say that a check is wrong here", "Test results"),
    *(Shortcut(f"answer-{digit}", str(digit), f"Choose answer {digit}", "Review") for digit in range(1, 10)),
    Shortcut("cannot-tell", "0", "Cannot tell", "Review"),
    Shortcut("undo-answer", "z", "Take the last answer back", "Review"),
    Shortcut("postpone", "p", "Later", "Review"),
    Shortcut("skip", "s", "Not for me", "Review"),
    Shortcut("flag", "f", "Flag", "Review"),
    Shortcut("note", "n", "Write a note", "Review"),
    Shortcut("save", "Ctrl+S", "Save version", "Prompt"),
    Shortcut("publish", "Ctrl+Shift+Enter", "Publish", "Prompt"),
    Shortcut("changes", "Ctrl+Shift+E", "Show changes", "Prompt"),
    Shortcut("comment", "Ctrl+/", "Write a comment", "Prompt"),
    Shortcut("next-example", "Alt+N", "Next real example", "Prompt"),
    Shortcut("previous-example", "Alt+P", "Previous real example", "Prompt"),
    Shortcut("view-mode", "v", "Change the view of differences", "Prompt"),
    Shortcut("next-change", "n", "Next change", "Prompt"),
    Shortcut("previous-change", "p", "Previous change", "Prompt"),
    Shortcut("run-calls", "o", "Run the real calls with both versions", "Prompt"),
    Shortcut("approve", "a", "Approve", "Prompt"),
    Shortcut("ask-for-changes", "r", "Ask for changes", "Prompt"),
    Shortcut("pause", "p", "Pause or continue", "Rollout"),
    Shortcut("roll-back", "Shift+U", "Take it back", "Rollout"),
    Shortcut("next-pair", "e", "Next pair of answers", "Rollout"),
    Shortcut("undo-publish", "Shift+U", "Undo the last publish", "Prompt"),
    Shortcut("assign", "a", "Give the issue to somebody", "Issues"),
    Shortcut("start-fix", "f", "Start a fix", "Issues"),
    Shortcut("merge-issue", "m", "Merge into another issue", "Issues"),
    Shortcut("split-issue", "s", "Split the issue", "Issues"),
    Shortcut("mute", "u", "Mute until", "Issues"),
    Shortcut("feedback-handled", "e", "Handled", "Feedback"),
    Shortcut("feedback-dismissed", "d", "Dismiss", "Feedback"),
    Shortcut("feedback-new", "z", "Put back as new", "Feedback"),
    Shortcut("feedback-dataset", "a", "Add the call to a dataset", "Feedback"),
)

# Keys may stand for one thing on one page and for another elsewhere: by keys the first one is found.
_FOUND: dict[str, Shortcut] = {
    name: shortcut for shortcut in reversed(SHORTCUTS) for name in (shortcut.name, shortcut.keys)
}


def find(name: str) -> Shortcut | None:
    """Return a shortcut by its name or by its keys."""
    return _FOUND.get(name)


def table() -> list[dict[str, str]]:
    """Return the table for the browser."""
    return [{"name": shortcut.name, "keys": shortcut.keys} for shortcut in SHORTCUTS]


def groups() -> list[tuple[str, list[Shortcut]]]:
    """Return the shortcuts under their headings, in the order of the table."""
    return [(name, list(members)) for name, members in groupby(SHORTCUTS, key=lambda shortcut: shortcut.group)]
