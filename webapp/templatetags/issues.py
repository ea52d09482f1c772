"""What the templates of issues need beside the usual tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django import template

from webapp.pages.issues_fix_offers import Offer

register = template.Library()


@register.filter
def of_step(offers: Mapping[str, Sequence[Offer]], step: str) -> Sequence[Offer]:
    """Return what is there already for a step of a fix."""
    return offers.get(step, ())
