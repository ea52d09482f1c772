"""What the page of a trace shows of the team's comments, as this reader may see and change them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from monitoring.models import Span, Trace, TraceComment, span_hex
from monitoring.talk import comments
from projects.roles import Action
from webapp.access import ProjectRequest
from webapp.pages.prompts_talk import Failed, Said, said

__all__ = ["Failed", "Remark", "context_of"]


@dataclass(frozen=True, slots=True)
class Remark:
    """One comment as it is shown to this reader; `step` is the name of the step that it is about."""

    comment: TraceComment
    said: list[Said]
    is_mine: bool
    step: str
    step_url: str
    failed: Failed | None

    @property
    def text(self) -> str:
        """The text in the form that changes it: as it was typed last."""
        return self.failed.text if self.failed else self.comment.text


def context_of(request: ProjectRequest, trace: Trace, span: Span | None, failed: Failed | None) -> dict[str, Any]:
    """Return the comments of a trace, and what the form for a new one begins with."""
    found = comments.of_trace(project=request.project, trace=trace)
    names = _step_names(trace, found)
    return {
        "remarks": [_remark(request, comment, names, failed) for comment in found],
        "may_comment": request.membership.can(Action.GIVE_FEEDBACK),
        "comment_failed": failed if failed and failed.form == "new" else None,
        "comment_step": span, "is_about_step": request.POST.get("span") == span.hex_id if span else False,
    }  # fmt: skip


def _remark(
    request: ProjectRequest, comment: TraceComment, names: dict[int, str], failed: Failed | None
) -> Remark:  # fmt: skip
    step = names.get(comment.span_id, "") if comment.span_id is not None else ""
    return Remark(
        comment=comment, said=said(comment.text, comment.mentions), is_mine=comment.author_id == request.user.pk, step=step,
        step_url=f"?span={span_hex(comment.span_id)}" if step and comment.span_id is not None else "",
        failed=failed if failed and failed.form == f"edit-{comment.pk}" else None,
    )  # fmt: skip


def _step_names(trace: Trace, found: list[TraceComment]) -> dict[int, str]:
    ids = {comment.span_id for comment in found if comment.span_id is not None}
    if not ids:
        return {}
    return dict(Span.objects.of_trace(trace).filter(span_id__in=ids).values_list("span_id", "name"))
