"""Signing requests to S3 (source: AWS, "Signature Version 4 signing process" and "Authenticating Requests").

Done here rather than by Amazon's own library because a file's name is its SHA-256 already: the signature covers it and
the server checks it, at no cost; and because that library takes 40 MB in each of our worker processes. The tests
compare our signatures with that library's.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from app.secret import Secret

_ALGORITHM = "AWS4-HMAC-SHA256"
EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True, slots=True)
class S3Login:
    """An access key; `token` belongs to keys that are valid for a short time only."""

    access_key: str
    secret_key: Secret
    token: Secret | None = None


def signed(
    login: S3Login,
    region: str,
    method: str,
    path: str,
    query: Mapping[str, str],
    headers: Mapping[str, str],
    payload_sha256: str,
    at: datetime,
) -> dict[str, str]:
    """Return the headers of a request with its signature; `headers` must hold Host. `path` is escaped already."""
    stamp = at.strftime("%Y%m%dT%H%M%SZ")
    complete = dict(headers) | {"x-amz-date": stamp, "x-amz-content-sha256": payload_sha256}
    if login.token is not None:
        complete["x-amz-security-token"] = login.token.reveal()
    lowered = sorted((name.lower(), " ".join(value.split())) for name, value in complete.items())
    names = ";".join(name for name, _ in lowered)
    canonical = "\n".join(
        (method, path, query_text(query), *(f"{name}:{value}" for name, value in lowered), "", names, payload_sha256)
    )
    scope = f"{stamp[:8]}/{region}/s3/aws4_request"
    to_sign = "\n".join((_ALGORITHM, stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()))
    key = f"AWS4{login.secret_key.reveal()}".encode()
    for part in (stamp[:8], region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
    complete["Authorization"] = (
        f"{_ALGORITHM} Credential={login.access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    return complete


def query_text(query: Mapping[str, str]) -> str:
    """Write a query as it is signed, and sent: sorted and escaped."""
    pairs = sorted((quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in query.items())
    return "&".join(f"{name}={value}" for name, value in pairs)


def path_text(path: str) -> str:
    """Escape a path as it is signed, and sent."""
    return quote(path, safe="/-_.~")
