"""The calls of a stretch of time, as the page of an issue asks for them.

The days of their partitions are named as well: without them the database plans all partitions, which takes longer than reading. A
call whose clock was far off lies in the partition of its own day and is left out, so nothing is decided by these.
"""

from __future__ import annotations

BETWEEN = """
    a.project_id = %(project)s AND a.call_at >= %(since)s AND a.call_at < %(until)s
    AND a.start_day BETWEEN (%(since)s AT TIME ZONE 'UTC')::date AND (%(until)s AT TIME ZONE 'UTC')::date
"""
