"""A sample school: a few hundred varied files, made on the spot, and the answers that set it up."""

from __future__ import annotations

import io
import os
import random
import zipfile
from pathlib import Path
from typing import Final

from app.policy.machine import TargetKind
from app.policy.model import Availability, Classification, Confidentiality, Integrity, Language
from app.setup.answers import DataSetAnswer, OrganisationAnswer, PeopleAnswer, PlaceAnswer, SetupAnswers

_SEED: Final = 2026
_FIRST_NAMES: Final = (
    "Aïcha", "Bram", "Chloë", "Dries", "Emma", "Fatima", "Gust", "Hanne", "Ilyas", "Jana", "Kobe", "Lotte",
    "Mats", "Noor", "Oscar", "Pauline", "Quinten", "Rania", "Seppe", "Tuur", "Uma", "Victor", "Wout", "Yasmine", "Zoë",
)  # fmt: skip
_LAST_NAMES: Final = (
    "Peeters", "Janssens", "Maes", "Jacobs", "Mertens", "Willems", "Claes", "Goossens", "Wouters", "De Smet",
    "El Amrani", "Yılmaz", "Nguyễn", "Dubois", "Vandenberghe",
)  # fmt: skip
_CLASSES: Final = ("1A", "1B", "2A", "2B", "3A", "3B", "4A", "5A", "6A")
_WORDS: Final = (
    "de leerling werkt zelfstandig en leest vlot breuken staartdeling begrijpend taak voldoende goed zeer "
    "inspanning oudercontact afspraak volgende week samen herhalen spelling dictee tafels uitstap zwemmen"
)


def make_sample_school(folder: Path) -> int:
    """Fill a new folder with the files of a small primary school; returns how many. The same files each time."""
    chance = random.Random(_SEED)  # noqa: S311 - the same school each time, nothing secret
    files = [*_pupils(chance), *_grades(chance), *_diplomas(chance), *_photos(chance), *_lessons(chance)]
    for name, content in files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    # What real folders have as well: a link, an empty folder, a name that is no UTF-8.
    (folder / "Lesmateriaal" / "nieuwste werkblad.txt").symlink_to("rekenen/werkblad 01.txt")
    (folder / "Lesmateriaal" / "leeg").mkdir()
    odd = os.path.join(os.fsencode(folder), b"Foto's", b"caf\xe9.txt")  # noqa: PTH118 - a name in bytes
    with open(odd, "wb") as file:  # noqa: PTH123 - a name in bytes
        file.write(b"een naam uit een oude computer\n")
    return len(files) + 3


def sample_answers(
    source: Path, nas: Path, disk: Path, language: Language, *, backup_time: tuple[int, int] = (18, 0)
) -> SetupAnswers:
    """Return the answers of the sample school, with two folders that stand for a NAS and a USB disk."""
    levels = (
        ("Leerlingadministratie", Availability.IMPORTANT, Integrity.REQUIRED, Confidentiality.CONFIDENTIAL),
        ("Puntenboek", Availability.IMPORTANT, Integrity.REQUIRED, Confidentiality.CONFIDENTIAL),
        ("Diploma's", Availability.LOW, Integrity.ABSOLUTE, Confidentiality.CONFIDENTIAL),
        ("Foto's", Availability.LOW, Integrity.NORMAL, Confidentiality.CONFIDENTIAL),
        ("Lesmateriaal", Availability.LOW, Integrity.NORMAL, Confidentiality.INTERNAL),
    )
    ids = ("leerlingadministratie", "puntenboek", "diplomas", "fotos", "lesmateriaal")
    return SetupAnswers(
        organisation=OrganisationAnswer("Basisschool De Linde", "school", "BE", language),
        people=PeopleAnswer(director="An Claes", it_provider="Computerhulp Maes", it_provider_phone="03 000 00 00"),
        data_sets=tuple(
            DataSetAnswer(set_id, name, (source / name,), Classification(b, i, v))
            for set_id, (name, b, i, v) in zip(ids, levels, strict=True)
        ),
        places=(
            PlaceAnswer("nas", "NAS school", TargetKind.FOLDER, nas, site="school"),
            PlaceAnswer("schijf", "GROENE schijf", TargetKind.FOLDER, disk, colour="groen", site="thuis", offsite=True),
        ),
        backup_time=backup_time,
    )


def _pupils(chance: random.Random) -> list[tuple[str, bytes]]:
    files = []
    for group in _CLASSES:
        rows = ["naam;voornaam;klas;geboren"]
        for _number in range(22):
            name, first = chance.choice(_LAST_NAMES), chance.choice(_FIRST_NAMES)
            rows.append(
                f"{name};{first};{group};20{chance.randint(14, 20)}-0{chance.randint(1, 9)}-1{chance.randint(0, 9)}"
            )
        files.append((f"Leerlingadministratie/klas {group}.csv", "\r\n".join(rows).encode("utf-8-sig")))
    # A database file that is larger than one chunk.
    files.append(("Leerlingadministratie/leerlingen.db", b"SQLite format 3\0" + chance.randbytes(3 << 20)))
    return files


def _grades(chance: random.Random) -> list[tuple[str, bytes]]:
    files = []
    for group in _CLASSES:
        for period in ("Herfst", "Kerst", "Pasen", "Zomer"):
            for _number in range(4):
                pupil = f"{chance.choice(_FIRST_NAMES)} {chance.choice(_LAST_NAMES)}"
                text = " ".join(chance.choices(_WORDS.split(), k=chance.randint(200, 900)))
                files.append((f"Puntenboek/{group}/rapport {period} {pupil}.odt", _document(text)))
    return files


def _document(text: str) -> bytes:
    """Return an OpenDocument-like file: a ZIP with the text, and the same bytes each time."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (("mimetype", "application/vnd.oasis.opendocument.text"), ("content.xml", text)):
            archive.writestr(zipfile.ZipInfo(name, (2026, 9, 1, 8, 0, 0)), content)
    return buffer.getvalue()


def _diplomas(chance: random.Random) -> list[tuple[str, bytes]]:
    names = [f"{chance.choice(_LAST_NAMES)} {chance.choice(_FIRST_NAMES)}" for _number in range(24)]
    return [(f"Diploma's/2025-2026/getuigschrift {n}.pdf", b"%PDF-1.7\n" + chance.randbytes(60_000)) for n in names]


def _photos(chance: random.Random) -> list[tuple[str, bytes]]:
    return [
        (f"Foto's/{chance.choice(('zeeklassen', 'sportdag', 'schoolfeest'))}/IMG_{number:04}.jpg",
         b"\xff\xd8\xff\xe0" + chance.randbytes(chance.randint(120_000, 700_000)))
        for number in range(40)
    ]  # fmt: skip


def _lessons(chance: random.Random) -> list[tuple[str, bytes]]:
    files = []
    for subject in ("rekenen", "taal", "wereldoriëntatie"):
        for number in range(1, 41):
            lines = (" ".join(chance.choices(_WORDS.split(), k=12)) for _line in range(chance.randint(5, 80)))
            files.append((f"Lesmateriaal/{subject}/werkblad {number:02}.txt", "\n".join(lines).encode()))
    return files
