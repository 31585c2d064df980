"""Trees: the JSON of a folder's entries, byte for byte as restic writes it (source: restic design, "Trees and Data").

Names are Go's `strconv.Quote` without the quotes, modes are Go's `os.FileMode` bits, times RFC 3339 with nanoseconds.
"""

from __future__ import annotations

import base64
import os
import re
import stat
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from sys import intern, maxunicode
from typing import Annotated

import msgspec

from app.repository.decoding import UNDECODABLE
from app.repository.errors import RepositoryDamaged
from app.repository.model import BlobId, Node, NodeType

TREE_LIMIT = 256 << 20
"""The most plain bytes of a tree we accept."""

_PLAIN = re.compile(r"[ !#-%'-;=?-\[\]-~]*").fullmatch  # ASCII that neither Go's Quote nor its JSON changes
_NAME_LIMIT = 4096
_SLASH = ord("/")
_NO_NAMES = frozenset((b"", b".", b".."))
_NS = 1_000_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PERMISSIONS = 0o777

_GO_KIND = {
    stat.S_IFDIR: 1 << 31,
    stat.S_IFLNK: 1 << 27,
    stat.S_IFBLK: 1 << 26,
    stat.S_IFIFO: 1 << 25,
    stat.S_IFSOCK: 1 << 24,
    stat.S_IFCHR: 1 << 26 | 1 << 21,
    stat.S_IFREG: 0,
}
_GO_EXTRA = ((stat.S_ISUID, 1 << 23), (stat.S_ISGID, 1 << 22), (stat.S_ISVTX, 1 << 20))
_KIND_OF = {
    NodeType.FILE: stat.S_IFREG,
    NodeType.DIR: stat.S_IFDIR,
    NodeType.SYMLINK: stat.S_IFLNK,
    NodeType.DEVICE: stat.S_IFBLK,
    NodeType.CHARDEVICE: stat.S_IFCHR,
    NodeType.FIFO: stat.S_IFIFO,
    NodeType.SOCKET: stat.S_IFSOCK,
}
_TYPE_OF = {kind: type_ for type_, kind in _KIND_OF.items()}


def node_type(mode: int) -> NodeType:
    """Return what a st_mode stands for; raises KeyError for kinds that no tree can hold."""
    return _TYPE_OF[stat.S_IFMT(mode)]


# --- writing ---------------------------------------------------------------------------------------------------


def encode_tree(nodes: Iterable[Node]) -> bytes:
    """Return the JSON of a folder; its entries are sorted by name as bytes, so the same folder gives the same blob."""
    return assemble_tree(encode_node(node) for node in sorted(nodes, key=lambda node: node.name))


def assemble_tree(encoded_nodes: Iterable[str]) -> bytes:
    """Join entries that `encode_node` made, sorted by name already."""
    return f'{{"nodes":[{",".join(encoded_nodes)}]}}\n'.encode()


def encode_node(node: Node) -> str:
    """Return the JSON of one entry, its fields in restic's order."""
    mtime = format_ns(node.mtime_ns)
    atime = mtime if node.atime_ns == node.mtime_ns else format_ns(node.atime_ns)
    ctime = mtime if node.ctime_ns == node.mtime_ns else format_ns(node.ctime_ns)
    parts = [
        (
            f'{{"name":{quote_name(node.name)},{_kind_and_mode(node.type, node.mode)}'
            f',"mtime":"{mtime}","atime":"{atime}","ctime":"{ctime}"'
            f"{_owners(node.uid, node.gid, node.user, node.group)}"
        )
    ]
    if node.inode:
        parts.append(f',"inode":{node.inode}')
    if node.device_id:
        parts.append(f',"device_id":{node.device_id}')
    if node.size:
        parts.append(f',"size":{node.size}')
    if node.links and node.type is not NodeType.DIR:
        parts.append(f',"links":{node.links}')
    if node.link_target:
        parts.append(_encode_link_target(node.link_target))
    if node.extended_attributes:
        parts.append(_encode_attributes(node.extended_attributes))
    if node.device:
        parts.append(f',"device":{node.device}')
    if node.type is NodeType.FILE:
        ids = '","'.join([blob.hex() for blob in node.content])
        parts.append(f',"content":["{ids}"]' if ids else ',"content":[]')
    else:
        parts.append(',"content":null')
    if node.subtree is not None:
        parts.append(f',"subtree":"{node.subtree.hex()}"')
    parts.append("}")
    return "".join(parts)


def encode_file(
    name: bytes,
    status: os.stat_result,
    *,
    size: int,
    user: str,
    group: str,
    content: Sequence[BlobId],
    attributes: tuple[tuple[str, bytes], ...],
) -> str:
    """Return what `encode_node` does for a file that was read, straight from its status: there are many of them."""
    mtime_ns, ctime_ns = status.st_mtime_ns, status.st_ctime_ns
    mtime = format_ns(mtime_ns)
    ctime = mtime if ctime_ns == mtime_ns else format_ns(ctime_ns)
    text = (
        f'{{"name":{quote_name(name)},{_kind_and_mode(NodeType.FILE, status.st_mode)}'
        f',"mtime":"{mtime}","atime":"{mtime}","ctime":"{ctime}"{_owners(status.st_uid, status.st_gid, user, group)}'
    )
    if inode := status.st_ino:
        text += f',"inode":{inode}'
    if device := status.st_dev:
        text += f',"device_id":{device}'
    if size:
        text += f',"size":{size}'
    if links := status.st_nlink:
        text += f',"links":{links}'
    if attributes:
        text += _encode_attributes(attributes)
    if not content:
        return text + ',"content":[]}'
    ids = '","'.join([blob.hex() for blob in content])
    return f'{text},"content":["{ids}"]}}'


@lru_cache(maxsize=1024)
def _kind_and_mode(type_: NodeType, mode: int) -> str:
    return f'"type":"{type_.value}","mode":{go_mode(mode)}'


@lru_cache(maxsize=1024)
def _owners(uid: int, gid: int, user: str, group: str) -> str:
    return f',"uid":{uid},"gid":{gid},"user":{quote_json(user)},"group":{quote_json(group)}'


def _encode_link_target(target: bytes) -> str:
    try:
        return f',"linktarget":{quote_json(target.decode())}'
    except UnicodeDecodeError:
        readable = quote_json(target.decode(errors="replace"))
        return f',"linktarget":{readable},"linktarget_raw":"{base64.b64encode(target).decode()}"'


def _encode_attributes(attributes: tuple[tuple[str, bytes], ...]) -> str:
    pairs = ",".join(
        f'{{"name":{quote_json(name)},"value":"{base64.b64encode(value).decode()}"}}' for name, value in attributes
    )
    return f',"extended_attributes":[{pairs}]'


def quote_json(text: str) -> str:
    """Return a JSON string with Go's extra escapes (`<`, `>`, `&`, U+2028 and U+2029)."""
    if _PLAIN(text):
        return f'"{text}"'
    return escape_json(msgspec.json.encode(text.encode(errors="surrogateescape").decode(errors="replace")))


def escape_json(encoded: bytes) -> str:
    """Return JSON that msgspec made with Go's extra escapes; what they stand for lies in no JSON but in its strings."""
    text = encoded.decode()
    if "<" in text or ">" in text or "&" in text or not (text.isascii() or _LINE_ENDS.isdisjoint(text)):
        return text.translate(_GO_JSON)
    return text


_LINE_ENDS = frozenset("\u2028\u2029")
_GO_JSON = {ord(char): f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"}
_GO_SHORT = {"\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v"}


def quote_name(name: bytes) -> str:
    """Return a file name as restic stores it: Go's Quote without the quotes, then JSON with the quotes."""
    text = spell_name(name)
    return f'"{text}"' if _PLAIN(text) else quote_json(text)


def spell_name(name: bytes) -> str:
    """Return Go's Quote of a file name without the quotes."""
    text = name.decode("utf-8", "surrogateescape")
    return text if _PLAIN(text) else "".join(map(_go_escape, text))


def _go_escape(char: str) -> str:
    if char in '\\"':
        return "\\" + char
    if char.isprintable():  # Go's IsPrint up to the version of Unicode; readers accept both spellings
        return char
    if char in _GO_SHORT:
        return _GO_SHORT[char]
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is no UTF-8
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x20 or code == 0x7F:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def go_mode(mode: int) -> int:
    """Return Go's `os.FileMode` for a st_mode."""
    bits = _GO_KIND[stat.S_IFMT(mode)] | mode & _PERMISSIONS
    for unix, go in _GO_EXTRA:
        if mode & unix:
            bits |= go
    return bits


@lru_cache(maxsize=4096)
def _format_minute(minute: int) -> str:
    return (_EPOCH + timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%M:").rjust(17, "0")


# Go's time holds years 0 to 9999 in JSON, Python's datetime 1 to 9999; a file can claim any.
_FIRST_NS = int((datetime(1, 1, 2, tzinfo=UTC) - _EPOCH).total_seconds()) * _NS
_LAST_NS = int((datetime(9999, 12, 30, tzinfo=UTC) - _EPOCH).total_seconds()) * _NS


def format_ns(at_ns: int) -> str:
    """Return RFC 3339 in UTC with as many digits as the nanoseconds need; clamped to years 1 to 9999."""
    seconds, ns = divmod(min(max(at_ns, _FIRST_NS), _LAST_NS), _NS)
    minute, second = divmod(seconds, 60)
    if not ns:
        return f"{_format_minute(minute)}{second:02d}Z"
    return f"{_format_minute(minute)}{second:02d}." + f"{ns:09d}".rstrip("0") + "Z"


# --- reading ---------------------------------------------------------------------------------------------------


class _AttributeJson(msgspec.Struct):
    name: str
    value: str | None = None


_NotNegative = Annotated[int, msgspec.Meta(ge=0)]
_Size = Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)]


class _NodeJson(msgspec.Struct, gc=False):
    name: str
    type: NodeType
    mode: int = 0
    mtime: str = ""
    atime: str = ""
    ctime: str = ""
    uid: _NotNegative = 0
    gid: _NotNegative = 0
    user: str = ""
    group: str = ""
    inode: _NotNegative = 0
    device_id: int = 0
    size: _Size = 0
    links: _NotNegative = 0
    linktarget: str = ""
    linktarget_raw: str | None = None
    extended_attributes: list[_AttributeJson] | None = None
    device: int = 0
    content: list[str] | None = None
    subtree: str | None = None


class _TreeJson(msgspec.Struct):
    nodes: list[_NodeJson] | None


_decoder = msgspec.json.Decoder(_TreeJson)


def decode_tree(data: bytes, *, file: str = "") -> tuple[Node, ...]:
    """Read a folder's JSON.

    Raises RepositoryDamaged (`file`) for what is no tree, and for names that could lead out of the folder.
    """
    if len(data) > TREE_LIMIT:
        raise RepositoryDamaged(file=file, reason="tree-too-long")
    try:
        nodes = tuple([_decode_node(node) for node in _decoder.decode(data).nodes or ()])
    except (*UNDECODABLE, OverflowError) as exc:
        raise RepositoryDamaged(file=file, reason="not-a-tree") from exc
    if len({node.name for node in nodes}) != len(nodes):
        raise RepositoryDamaged(file=file, reason="tree-same-name-twice")
    return nodes


def _decode_node(node: _NodeJson) -> Node:
    name = unquote_name(node.name)
    if not is_safe_name(name):
        raise ValueError("a name that is none")
    mtime, atime, ctime = node.mtime, node.atime, node.ctime
    mtime_ns = parse_ns(mtime) if mtime else 0
    # By position: with a field's name for each this would cost ten times as much.
    return Node(
        name,
        node.type,
        _unix_mode(node.type, node.mode),
        mtime_ns,
        mtime_ns if not atime or atime == mtime else parse_ns(atime),
        mtime_ns if not ctime or ctime == mtime else parse_ns(ctime),
        node.uid,
        node.gid,
        intern(node.user),  # the same few names for a million entries
        intern(node.group),
        node.inode,
        node.device_id,
        node.size,
        node.links,
        _decode_link_target(node) if node.linktarget or node.linktarget_raw else b"",
        node.device,
        tuple([parse_blob_id(text) for text in node.content]) if node.content else (),
        parse_blob_id(node.subtree) if node.subtree else None,
        _decode_attributes(node.extended_attributes) if node.extended_attributes else (),
    )


@lru_cache(maxsize=1024)
def _unix_mode(type_: NodeType, go: int) -> int:
    return _KIND_OF[type_] | unix_permissions(go)


def _decode_link_target(node: _NodeJson) -> bytes:
    target = base64.b64decode(node.linktarget_raw, validate=True) if node.linktarget_raw else node.linktarget.encode()
    if b"\0" in target:
        raise ValueError("a link target with a NUL")
    return target


def _decode_attributes(attributes: list[_AttributeJson]) -> tuple[tuple[str, bytes], ...]:
    if any("\0" in attribute.name for attribute in attributes):
        raise ValueError("an attribute's name with a NUL")
    return tuple(
        sorted((attribute.name, base64.b64decode(attribute.value or "", validate=True)) for attribute in attributes)
    )


def is_safe_name(name: bytes) -> bool:
    """Tell whether a name stays inside its folder."""
    return _SLASH not in name and 0 not in name and name not in _NO_NAMES and len(name) <= _NAME_LIMIT


_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|([abfnrtv\\\"']))|\\")
_UNESCAPE = {"a": b"\a", "b": b"\b", "f": b"\f", "n": b"\n", "r": b"\r", "t": b"\t", "v": b"\v"}


def unquote_name(text: str) -> bytes:
    """Undo Go's Quote (the JSON being undone already); raises ValueError for escapes that Go would refuse."""
    if "\\" not in text:
        return text.encode()
    parts: list[bytes] = []
    at = 0
    for match in _ESCAPE.finditer(text):
        parts.append(text[at : match.start()].encode())
        parts.append(_unescape(match))
        at = match.end()
    parts.append(text[at:].encode())
    return b"".join(parts)


def _unescape(match: re.Match[str]) -> bytes:
    byte, short, long, octal, letter = match.groups()
    if byte:
        return bytes([int(byte, 16)])
    if short or long:
        return _char(int(short or long, 16))
    if octal:
        return bytes([int(octal, 8)])
    if letter:
        return _UNESCAPE.get(letter) or letter.encode()
    raise ValueError("an unfinished escape")


def _char(code: int) -> bytes:
    if code > maxunicode:
        raise ValueError("a character that is none")
    return chr(code).encode()


def unix_permissions(go: int) -> int:
    """Return the permission bits of a st_mode for Go's `os.FileMode` (the kind comes from the node's type)."""
    mode = go & _PERMISSIONS
    for unix, bit in _GO_EXTRA:
        if go & bit:
            mode |= unix
    return mode


_RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)T([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d{1,9}))?(?:Z|([+-])([01]\d|2[0-3]):([0-5]\d))",
    re.ASCII,
).fullmatch


@lru_cache(maxsize=4096)
def _parse_day(day: str) -> int:
    """Return the seconds from 1970 to the start of a day."""
    if day.startswith("0000"):  # Go's year 0 and its zero time have no datetime
        day = "0001-01-01"
    return int((datetime.fromisoformat(day).replace(tzinfo=UTC) - _EPOCH).total_seconds())


@lru_cache(maxsize=4096)
def _parse_second(text: str) -> int:
    """Read a time without its fraction and zone: files of one folder have much the same times."""
    return _parse_any(text + "Z")


def parse_ns(text: str) -> int:
    """Read RFC 3339 with up to nine digits and any zone, as nanoseconds since 1970; raises ValueError otherwise."""
    fraction = text[20:-1]
    if len(text) == 30 and text[19] == "." and text[29] == "Z" and fraction.isdigit() and fraction.isascii():
        return _parse_second(text[:19]) + int(fraction)
    return _parse_any(text)


def _parse_any(text: str) -> int:
    match = _RFC3339(text)
    if match is None:
        raise ValueError(f"not a time: {text[:40]!r}")
    day, hour, minute, second, fraction, sign, zone_hours, zone_minutes = match.groups()
    seconds = _parse_day(day) + int(hour) * 3600 + int(minute) * 60 + int(second)
    if sign:
        offset = int(zone_hours) * 3600 + int(zone_minutes) * 60
        seconds += -offset if sign == "+" else offset
    return seconds * _NS + (int(fraction.ljust(9, "0")) if fraction else 0)


def parse_blob_id(text: str) -> BlobId:
    """Read 64 hex digits; raises ValueError otherwise."""
    raw = bytes.fromhex(text)  # which passes over spaces
    if len(raw) != 32 or len(text) != 64:
        raise ValueError("not a blob id")
    return BlobId(raw)
