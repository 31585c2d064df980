"""What decoding somebody else's JSON may raise, for the borders where it becomes an error of ours."""

from __future__ import annotations

import msgspec

UNDECODABLE = (msgspec.MsgspecError, ValueError, RecursionError)
"""Not the JSON we ask for; bytes that are no UTF-8, or a broken number or id; nested deeper than Python's stack."""
