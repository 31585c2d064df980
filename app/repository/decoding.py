"""What decoding somebody else's JSON may raise, for the borders where it becomes an error of ours.

The decoder of a struct is made where its module is loaded. What msgspec (0.22) finds out about a struct would else be
gathered at the first decoding, and two threads that come to it at once take the process down.
"""

from __future__ import annotations

import msgspec

UNDECODABLE = (msgspec.MsgspecError, ValueError, RecursionError)
"""Not the JSON we ask for; bytes that are no UTF-8, or a broken number or id; nested deeper than Python's stack."""
