"""restic's patterns, as its manual describes them."""

from __future__ import annotations

import pytest

from app.repository.patterns import Patterns


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("*.tmp", b"/home/a/x.tmp"),
        ("cache", b"/home/cache"),
        ("cache", b"/home/cache/below/it"),
        ("/home/a", b"/home/a"),
        ("/home/a", b"/home/a/b"),
        ("a/b", b"/x/a/b/c"),
        ("/home/*/cache", b"/home/user/cache"),
        ("/home/**/cache", b"/home/a/b/c/cache"),
        ("/home/**/cache", b"/home/cache"),
        ("fil?.[ab]", b"/file.a"),
        ("[^x]y", b"/zy"),
        (r"\*star", b"/*star"),
        ("a[", b"/a["),
        ("n\udcff*", b"/n\xff and more"),
        ("trailing/", b"/trailing/x"),
    ],
)
def test_what_a_pattern_matches(pattern: str, path: bytes) -> None:
    assert Patterns([pattern]).matches(path)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("*.tmp", b"/home/a/x.tmp2"),
        ("cache", b"/home/cached"),
        ("/a", b"/home/a"),
        ("/home/*/cache", b"/home/a/b/cache"),
        ("a?c", b"/a/c"),
        ("[^x]y", b"/xy"),
        ("", b"/anything"),
        ("*.TMP", b"/x.tmp"),
    ],
)
def test_what_a_pattern_leaves_alone(pattern: str, path: bytes) -> None:
    assert not Patterns([pattern]).matches(path)


def test_no_patterns_match_nothing_and_many_match_any() -> None:
    assert not Patterns([]).matches(b"/x")
    assert Patterns(["*.a", "*.b"]).matches(b"/x.b")
