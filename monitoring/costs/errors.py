"""What checking an invoice refuses, in words for the person who asked for it."""

from __future__ import annotations

from monitoring.errors import MonitoringError


class InvoiceRefused(MonitoringError):
    """This file cannot be compared with what was counted."""
