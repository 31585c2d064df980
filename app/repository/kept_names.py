"""The names of the files that are kept of repositories on this computer: each tells which repositories it is about.

`KEY….index` and `KEY-….state` are of one repository, `KEY+KEY-….state` is of several that were written to at once.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

_KEY_DIGITS = 16
_MOST_KEYS = 10
"""So many fit into a file's name."""
_KEPT = r"(?P<keys>[0-9a-f]{16}(\+[0-9a-f]{16})*)(-[0-9a-f]{32}|[0-9a-f]{16})\.(index|state|unfinished|[0-9]+\.tmp)"


def key_of(repository_id: str) -> str:
    """Return what stands for a repository in the names."""
    return hashlib.sha256(repository_id.encode()).hexdigest()[:_KEY_DIGITS]


def keys_of(repository_ids: Iterable[str]) -> str:
    """Return what stands for these repositories, in any order; where there are very many, for the group of them."""
    ids = sorted(repository_ids)
    return "+".join(map(key_of, ids if len(ids) <= _MOST_KEYS else ["\n".join(ids)]))


def keys_in(name: str) -> tuple[str, ...]:
    """Return what stands for repositories in the name of a kept file; nothing for any other file."""
    found = re.fullmatch(_KEPT, name)  # not compiled before it is needed: a back-up has no use for it
    return () if found is None else tuple(found["keys"].split("+"))
