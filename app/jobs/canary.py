"""Watch files ("canaries"): plausible documents that nobody should ever change, placed among the data.

Who encrypts or deletes everything touches them too. A person who opens one reads what it is for.
"""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from pathlib import Path
from typing import Final

from app.i18n import N_, _
from app.jobs.installation import Installation
from app.records.facts import Canary
from app.records.store import Records

NAMES: Final = (N_("_Overview 2019 (old).docx"), N_("zz Budget 2018 final.docx"))
"""First and last in the alphabet: whichever end somebody begins at."""
_MOST_BYTES: Final = 1 << 20
_BEGUN: Final = (1980, 1, 1, 0, 0, 0)
_PARTS: Final = {
    "[Content_Types].xml": (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Override PartName="/word/document.xml" ContentType='
        '"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
    ),
    "_rels/.rels": (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="rId1" Target="word/document.xml" Type='
        '"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"/></Relationships>'
    ),
}


def place_canaries(installation: Installation, records: Records, data_set: str, *, by: str) -> tuple[Path, ...]:
    """Place watch files in the folders of a data set, where there are none yet; returns those that are new.

    Never over an existing file. Raises UnknownDataSet; a folder that cannot be written to is passed over.
    """
    known = {canary.path for canary in records.facts().canaries}
    content = document(_text())
    placed: list[Path] = []
    for folder in installation.folders(data_set).paths:
        for name in NAMES:
            path = folder / _(name)
            if str(path) in known or not folder.is_dir():
                continue
            try:
                _write_new(path, content)
            except OSError:
                continue
            digest = hashlib.sha256(content).hexdigest()
            records.place_canary(Canary(str(path), data_set, digest, by, installation.clock.now()))
            placed.append(path)
    return tuple(placed)


def remove_canaries(records: Records, data_set: str, *, by: str) -> tuple[Path, ...]:
    """Take watch files away again; one that somebody has changed stays where it is, but is not watched any more."""
    removed: list[Path] = []
    for canary in records.facts().canaries:
        if canary.data_set == data_set:
            path = Path(canary.path)
            if _is_whole(canary):
                path.unlink(missing_ok=True)
            records.remove_canary(canary.path, by=by)
            removed.append(path)
    return tuple(removed)


def touched_canaries(records: Records, data_set: str) -> tuple[str, ...]:
    """Return the watch files of a data set that were changed or removed."""
    return touched_among(records.facts().canaries, data_set)


def touched_among(canaries: tuple[Canary, ...], data_set: str) -> tuple[str, ...]:
    """Return those of these watch files of a data set that were changed or removed.

    Where the folder itself is not there or empty, a disk is not mounted: that says nothing about the files.
    """
    return tuple(
        canary.path
        for canary in canaries
        if canary.data_set == data_set and _folder_in_use(Path(canary.path).parent) and not _is_whole(canary)
    )


def forget_touched(records: Records, data_set: str, *, by: str) -> None:
    """Stop watching the files that were touched: it was us. New ones can be placed."""
    for path in touched_canaries(records, data_set):
        records.remove_canary(path, by=by)


def _escaped(said: str) -> str:
    """Return text as XML has it; the library's own function brings a web client along, and the agent stays small."""
    return said.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def document(paragraphs: tuple[str, ...]) -> bytes:
    """Return a small Word document; the same text gives the same bytes."""
    body = "".join(
        f'<w:p><w:r><w:t xml:space="preserve">{_escaped(paragraph)}</w:t></w:r></w:p>' for paragraph in paragraphs
    )
    main = (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
        f"<w:body>{body}</w:body></w:document>"
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**_PARTS, "word/document.xml": main}.items():
            archive.writestr(zipfile.ZipInfo(name, _BEGUN), content)
    return buffer.getvalue()


def _text() -> tuple[str, ...]:
    return (
        _("Please leave this file where it is, as it is."),
        _(
            "It is a watch file of Vangnet, the program that makes the copies of this computer. Nobody needs it, and "
            "nobody should change it. If it is changed or deleted all the same, Vangnet raises the alarm: that is how "
            "ransomware is noticed."
        ),
    )


def _write_new(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    with open(handle, "wb") as file:  # noqa: PTH123  a handle
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _folder_in_use(folder: Path) -> bool:
    try:
        with os.scandir(folder) as entries:
            return next(entries, None) is not None
    except OSError:
        return False


def _is_whole(canary: Canary) -> bool:
    try:
        with Path(canary.path).open("rb") as file:
            content = file.read(_MOST_BYTES)
    except FileNotFoundError:
        return False
    except OSError:
        return True  # a disk that cannot be read is another problem, and has its own finding
    return hashlib.sha256(content).hexdigest() == canary.sha256
