"""What a difference between an invoice and what was counted most likely comes from, in words."""

from __future__ import annotations

from monitoring.costs.invoice_matching import Reason

# For each reason its name and what stands behind it.
WORDS = {
    Reason.NEXT_DAY: (
        "Counted on the day beside it", "The provider’s days begin at another hour, or it charges some calls a day later.",
    ),
    Reason.NO_CALLS: (
        "No call seen here",
        "Some application uses this model and does not send its calls, another project does, or it has another name here.",
    ),
    Reason.NOT_BILLED: (
        "Not on the invoice", "Another account or key pays for these calls, or the file leaves them out.",
    ),
    Reason.UNPRICED: (
        "Price unknown here", "Calls of this model have no known price. Set it, and have past calls counted again.",
    ),
    Reason.MISSING_CALLS: (
        "More was charged than was sent here",
        "Not every call is sent: another application, retries inside a client, or only a part of the calls is sent on purpose.",
    ),
    Reason.MORE_CALLS: (
        "More was sent here than was charged",
        "Calls that failed are not charged, some were sent twice, or another account pays for a part.",
    ),
    Reason.PRICE: (
        "Same tokens, another price",
        "The price here is not the one you pay: a discount, a batch or priority tier, or an old price.",
    ),
    Reason.DISCOUNT: (
        "Less was charged than was counted", "A discount, credits, a batch tier, or a price here that is too high.",
    ),
    Reason.UNKNOWN: ("Not clear", "Look at the calls of this day."),
}  # fmt: skip
