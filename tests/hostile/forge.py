"""A forger of repositories: everything it writes is validly sealed and named, whatever it says inside."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping, Sequence

from app.repository import zstd
from app.repository.backend.base import Backend, FileKind
from app.repository.crypto import MasterKey
from app.repository.model import BlobId, NodeType

MASTER = MasterKey.generate()
CONFIG: dict[str, object] = {"version": 2, "id": "ab" * 32, "chunker_polynomial": "3da3358b4dc173"}
TIME = "2026-03-04T05:06:07.123456789+01:00"
_GO_KIND = {NodeType.DIR: 1 << 31, NodeType.SYMLINK: 1 << 27, NodeType.FIFO: 1 << 25}

Json = Mapping[str, object] | Sequence[object]


def encode(value: Json) -> bytes:
    """Return JSON; surrogates become escapes that no UTF-8 has."""
    return json.dumps(value).encode()


class Forge:
    """Builds a repository file by file in a backend. Blobs gather in one pack until `publish`."""

    def __init__(self, backend: Backend, master: MasterKey = MASTER) -> None:
        self.backend = backend
        self.master = master
        backend.create()
        self._sealed: list[bytes] = []
        self._header: list[bytes] = []
        self._listed: list[dict[str, object]] = []
        self._offset = 0

    def config(self, **changes: object) -> None:
        self.backend.save(FileKind.CONFIG, "", self.master.seal(encode({**CONFIG, **changes})))

    def put(self, kind: FileKind, plain: bytes, *, compressed: bool = True) -> str:
        """Seal a small file and store it under the name that its bytes give it."""
        return self.put_raw(kind, self.master.seal(b"\2" + zstd.compress(plain) if compressed else plain))

    def put_raw(self, kind: FileKind, data: bytes) -> str:
        name = hashlib.sha256(data).hexdigest()
        self.backend.save(kind, name, data)
        return name

    # --- blobs -------------------------------------------------------------------------------------------------

    def blob(
        self,
        plain: bytes,
        *,
        is_tree: bool = False,
        stored: bytes | None = None,
        claims: Mapping[str, object] | None = None,
    ) -> BlobId:
        """Add a blob, compressed; `stored` replaces what is sealed, `claims` what the index says of it."""
        blob_id = hashlib.sha256(plain).digest()
        sealed = self.master.seal(zstd.compress(plain) if stored is None else stored)
        kind = "tree" if is_tree else "data"
        self._header.append(struct.pack("<BII32s", 2 + is_tree, len(sealed), min(len(plain), 2**32 - 1), blob_id))
        self._listed.append(
            {
                "id": blob_id.hex(),
                "type": kind,
                "offset": self._offset,
                "length": len(sealed),
                "uncompressed_length": len(plain),
                **(claims or {}),
            }
        )
        self._sealed.append(sealed)
        self._offset += len(sealed)
        return BlobId(blob_id)

    def tree(self, *nodes: Mapping[str, object]) -> BlobId:
        return self.raw_tree(encode({"nodes": list(nodes)}))

    def raw_tree(self, plain: bytes) -> BlobId:
        return self.blob(plain, is_tree=True)

    def list_also(self, **blob: object) -> None:
        """Have the index list one more blob in the pack that is being gathered."""
        self._listed.append(blob)

    def publish(self) -> None:
        """Store the gathered pack and an index file that lists it."""
        header = self.master.seal(b"".join(self._header))
        pack = self.put_raw(FileKind.PACK, b"".join(self._sealed) + header + struct.pack("<I", len(header)))
        self.index([{"id": pack, "blobs": self._listed}])
        self._sealed, self._header, self._listed, self._offset = [], [], [], 0

    def index(self, packs: Sequence[Mapping[str, object]]) -> str:
        return self.put(FileKind.INDEX, encode({"packs": list(packs)}))

    def snapshot(self, tree: BlobId, **changes: object) -> str:
        return self.put(
            FileKind.SNAPSHOT,
            encode({"time": TIME, "tree": tree.hex(), "paths": ["/hostile"], "hostname": "pc", **changes}),
        )

    def snapshot_of(self, *nodes: Mapping[str, object]) -> str:
        """Publish a snapshot whose root holds these entries."""
        root = self.tree(*nodes)
        self.publish()
        return self.snapshot(root)


def node(name: str, type_: NodeType = NodeType.FILE, **changes: object) -> dict[str, object]:
    """Return an entry as restic's JSON has it."""
    return {
        "name": name,
        "type": type_.value,
        "mode": 0o755 | _GO_KIND.get(type_, 0),
        "mtime": TIME,
        "atime": TIME,
        "ctime": TIME,
        "uid": 0,
        "gid": 0,
        "user": "",
        "group": "",
        "inode": 7,
        "device_id": 1,
        "links": 1,
        "content": [] if type_ is NodeType.FILE else None,
        **changes,
    }


def folder(name: str, subtree: BlobId, **changes: object) -> dict[str, object]:
    return {**node(name, NodeType.DIR, subtree=subtree.hex()), **changes}


def link(name: str, target: str, **changes: object) -> dict[str, object]:
    return {**node(name, NodeType.SYMLINK, linktarget=target), **changes}


def file(name: str, *content: BlobId, **changes: object) -> dict[str, object]:
    return {**node(name, content=[blob.hex() for blob in content]), **changes}
