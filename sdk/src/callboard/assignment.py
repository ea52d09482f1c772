"""Assigns a unit (user, session or trace) to an arm of a rollout; every SDK and the server answer the same."""

import hashlib
import unicodedata

BUCKETS = 2**48


def bucket_of(*, rollout_id: str, unit_id: str) -> int | None:
    """Return the place of a unit among 2^48, the same for good; None without a unit.

    Those of the lowest share are served the candidate, so a growing share never takes it from anybody.
    """
    if not unit_id:
        return None
    text = unicodedata.normalize("NFC", f"{rollout_id}\x1f{unit_id}")
    digest = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
    # 48 bits: exact in a JavaScript double, so every SDK compares the same integers.
    return int(digest[:12], 16)


def is_candidate(bucket: int | None, share_ppm: int) -> bool:
    """Tell whether a unit is served the candidate at a share in millionths; who has no bucket never is."""
    return bucket is not None and bucket * 1_000_000 < share_ppm * BUCKETS
