"""Why one file or part went wrong in a run, in a few words."""

from __future__ import annotations

from typing import Final

from app.i18n import N_, _

REASONS: Final[dict[str, str]] = {
    # What the operating system says (errno names).
    "EACCES": N_("not allowed to read it"),
    "EPERM": N_("not allowed to read it"),
    "ENOENT": N_("it was gone by then"),
    "ENOTDIR": N_("it was gone by then"),
    "EIO": N_("the disk could not read it"),
    "ENOSPC": N_("the disk is full"),
    "EROFS": N_("the disk cannot be written to"),
    "EEXIST": N_("something stood in its place already"),
    "ELOOP": N_("a link stands where a file should be"),
    "ENAMETOOLONG": N_("its name is too long for this disk"),
    "EILSEQ": N_("its name is not possible on this disk"),
    "EINVAL": N_("its name is not possible on this disk"),
    "ESTALE": N_("the place went away"),
    "ENOTCONN": N_("the place went away"),
    # While copying.
    "changed": N_("it changed while it was being read"),
    "unknown-kind": N_("it is of a kind that cannot be copied"),
    "source-missing": N_("the folder is not there"),
    "source-empty": N_("the folder is empty, and was not before"),
    # While getting files back and testing.
    "exists": N_("something stood in its place already"),
    "missing": N_("it did not come back"),
    "not-in-snapshot": N_("it is not in this version"),
    "not-as-written": N_("it is not the same after writing"),
    "differs-from-source": N_("it is not the same as the original"),
    "too-deep": N_("its folders lie too deep"),
    "blob-damaged": N_("a part of it is damaged"),
    "blob-missing": N_("a part of it is missing"),
    "tree-damaged": N_("the list of this folder is damaged"),
    # While checking.
    "hash": N_("it is not what was written"),
    "mac": N_("it is not what was written"),
    "unreadable": N_("the disk could not read it"),
    "folder-missing": N_("a folder of the copies is gone"),
    "pack-missing": N_("a file of the copies is gone"),
    "pack-size": N_("it is shorter or longer than it was"),
    "pack-header": N_("its table of contents is damaged"),
    "blobs-not-listed": N_("the list of parts is incomplete"),
}


def reason_text(code: str) -> str:
    """Say why something went wrong; the code itself where there are no words for it."""
    return _(REASONS[code]) if code in REASONS else code
