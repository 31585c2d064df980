"""Sealing, opening, and keys under passwords."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

import pytest

from app.repository.crypto import OVERHEAD, MasterKey
from app.repository.errors import RepositoryDamaged, UnsupportedRepository, WrongKey
from app.repository.keys import KEY_FILE_LIMIT, describe_key_file, make_key_file, open_key_file
from app.repository.polynomial import DEGREE, is_irreducible, random_polynomial
from app.secret import Secret

NOW = datetime(2026, 5, 4, tzinfo=UTC)


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 1000, 1 << 20])
def test_what_is_sealed_opens_again(size: int) -> None:
    master = MasterKey.generate()
    plain = bytes(size)
    sealed = master.seal(plain)
    assert len(sealed) == size + OVERHEAD
    assert master.open(sealed) == plain


def test_sealing_twice_gives_different_bytes() -> None:
    sealer = MasterKey.generate().sealer()
    assert len({sealer.seal(b"the same") for _ in range(600)}) == 600


def test_sealing_into_a_buffer_touches_only_its_place() -> None:
    master = MasterKey.generate()
    buffer = bytearray(b"#" * 200)
    length = master.sealer().seal_into(memoryview(buffer), 50, b"plain")
    assert length == 5 + OVERHEAD
    assert buffer[:50] == b"#" * 50
    assert buffer[50 + length :] == b"#" * (150 - length)
    assert master.open(buffer[50 : 50 + length]) == b"plain"


def test_a_text_that_restic_sealed_opens() -> None:
    # The config and the master key of a throw-away repository that restic 0.14 made.
    master = MasterKey.from_json(
        b'{"mac":{"k":"WgWEufN57KPmsVeAjP0XnQ==","r":"2geACvhB5gDQvxsGqMTOCA=="},'
        b'"encrypt":"jCXxhuJ2q6Vld4iE3y2hfiYkeH+GLZ42ZyvX6v1iYkI="}'
    )
    sealed = base64.b64decode(
        "G3vdRi9VE9cRVZCWbtK8u2N0o1c5mgHOI86h7Kx6jcAlOs78Q9QVWSFDEqUsOcPS0+t38qozs+4Su/oMgfBempNlv2"
        "1VrpmzKw0ld8Nw9sgLIPiW5pot2/c0i111jhiAlQ6g+BuU93fquW2ah6JZvXt+14UTb28v3D4ubg4aZdWmXA3US5Kl"
        "r/59pnyQ2dgzAC36bjc8rw4ETRM="
    )
    assert json.loads(master.open(sealed)) == {
        "version": 2,
        "id": "102770572211dce8c4b959129611dba065bb277a65a7bd8facfb212c5311cedd",
        "chunker_polynomial": "3aeb9917eb7dd9",
    }
    assert MasterKey.from_json(master.to_json()) == master


@pytest.mark.parametrize("at", [0, 15, 16, 20, -16, -1])
def test_a_changed_byte_is_found(at: int) -> None:
    master = MasterKey.generate()
    sealed = bytearray(master.seal(b"some text"))
    sealed[at] ^= 1
    with pytest.raises(RepositoryDamaged):
        master.open(sealed)


def test_what_is_too_short_is_damaged() -> None:
    with pytest.raises(RepositoryDamaged):
        MasterKey.generate().open(bytes(OVERHEAD - 1))


def test_another_key_does_not_open() -> None:
    with pytest.raises(RepositoryDamaged):
        MasterKey.generate().open(MasterKey.generate().seal(b"text"))


def test_a_key_does_not_show_itself() -> None:
    master = MasterKey(b"e" * 32, b"k" * 16, b"r" * 16)
    assert repr(master) == str(master) == "MasterKey(***)"


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"mac":{"k":"AA==","r":"AA=="},"encrypt":"AA=="}', b"\xff"])
def test_what_is_no_master_key_is_refused(data: bytes) -> None:
    with pytest.raises(RepositoryDamaged):
        MasterKey.from_json(data)


def small_key_file(master: MasterKey, password: str) -> bytes:
    return make_key_file(master, Secret(password), hostname="pc", username="an", now=NOW, n=1024, p=1).data


def test_a_key_file_opens_with_its_password_only() -> None:
    master = MasterKey.generate()
    data = small_key_file(master, "naïve €")
    assert open_key_file(data, Secret("naïve €")) == master
    with pytest.raises(WrongKey):
        open_key_file(data, Secret("naive"))


def test_a_key_file_tells_who_made_it_without_the_password() -> None:
    key_file = make_key_file(MasterKey.generate(), Secret("x"), hostname="pc", username="an", now=NOW, n=1024, p=1)
    info = describe_key_file(key_file.name, key_file.data)
    assert (info.hostname, info.username, info.created[:10]) == ("pc", "an", "2026-05-04")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"N": 1 << 24}, UnsupportedRepository),
        ({"p": 1 << 20}, UnsupportedRepository),
        ({"r": 1 << 20}, UnsupportedRepository),
        ({"N": 1000}, UnsupportedRepository),
        ({"N": 0}, UnsupportedRepository),
        ({"p": -1}, UnsupportedRepository),
        ({"kdf": "argon"}, UnsupportedRepository),
        ({"N": "many"}, RepositoryDamaged),
        ({"salt": "*"}, RepositoryDamaged),
        ({"data": base64.b64encode(b"short").decode()}, WrongKey),
    ],
)
def test_a_hostile_key_file_is_refused_before_it_costs_anything(
    changes: dict[str, object], error: type[Exception]
) -> None:
    key = json.loads(small_key_file(MasterKey.generate(), "x"))
    with pytest.raises(error):
        open_key_file(json.dumps({**key, **changes}).encode(), Secret("x"))


def test_an_endless_key_file_is_refused() -> None:
    with pytest.raises(RepositoryDamaged):
        open_key_file(b" " * (KEY_FILE_LIMIT + 1), Secret("x"))


def test_random_polynomials_are_irreducible_of_degree_53() -> None:
    polynomial = random_polynomial()
    assert polynomial.bit_length() - 1 == DEGREE
    assert is_irreducible(polynomial)


@pytest.mark.parametrize("polynomial", [0x3DA3358B4DC173, 0x24607113AE8FC9, 0b111, 0b1011, 0b10011])
def test_known_irreducible_polynomials_are_accepted(polynomial: int) -> None:
    assert is_irreducible(polynomial)


@pytest.mark.parametrize("polynomial", [0, 1, 0b101, 0b110, 0b1111, 0x3DA3358B4DC172, 1 << 53, (1 << 53) + 1])
def test_polynomials_with_factors_are_refused(polynomial: int) -> None:
    assert not is_irreducible(polynomial)
