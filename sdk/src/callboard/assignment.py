"""Assigns a unit (user, session or trace) to an arm of a rollout; every SDK and the server answer the same."""

import hashlib
import unicodedata


def is_candidate(*, rollout_id: str, unit_id: str, share_ppm: int) -> bool:
    """Tell whether a unit is served the candidate; the same inputs always answer the same."""
    if not unit_id:
        return False
    text = unicodedata.normalize("NFC", f"{rollout_id}\x1f{unit_id}")
    digest = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
    # 48 bits: exact in a JavaScript double, so every SDK compares the same integers.
    return int(digest[:12], 16) * 1_000_000 < share_ppm * 2**48
