"""What a member of the team may say about a trace."""

from __future__ import annotations

from typing import Any

from django import forms

from monitoring.scores import MAX_TEXT


class FeedbackForm(forms.Form):
    """A thumb, a comment, a better answer: any of them, but not nothing."""

    thumbs = forms.ChoiceField(
        label="Your verdict", required=False, choices=[("up", "Good answer"), ("down", "Bad answer")]
    )
    comment = forms.CharField(
        label="Comment", required=False, max_length=MAX_TEXT, widget=forms.Textarea(attrs={"rows": 2})
    )
    correction = forms.CharField(
        label="Better answer", required=False, max_length=MAX_TEXT, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What the answer should have been. It can become an expected output of a test.",
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.errors and not any(cleaned.get(name) for name in ("thumbs", "comment", "correction")):
            raise forms.ValidationError("Choose a thumb, or write a comment or a better answer.")
        return cleaned

    def items(self, *, trace_id: str) -> list[dict[str, Any]]:
        """Return the scores that the form describes, as monitoring.scores.checked reads them."""
        value = self.cleaned_data
        found: list[dict[str, Any]] = []
        if value["thumbs"]:
            found.append(
                {
                    "name": "thumbs",
                    "data_type": "thumbs",
                    "value": int(value["thumbs"] == "up"),
                    "comment": value["comment"],
                }
            )
        elif value["comment"]:
            found.append({"name": "comment", "data_type": "text", "string_value": value["comment"]})
        if value["correction"]:
            found.append({"name": "correction", "data_type": "correction", "string_value": value["correction"]})
        return [item | {"trace_id": trace_id} for item in found]
