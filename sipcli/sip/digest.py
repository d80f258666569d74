"""Compute Digest responses (RFC 7616 §3.4, RFC 8760 §2).

Text is hashed as UTF-8. Bytes from the peer that were not UTF-8 arrive here as escaped surrogates
and are hashed as the bytes they were.
"""

import hashlib
from enum import Enum


class Algorithm(Enum):
    """A hash, or its `-sess` variant; the values are the names in RFC 7616 §6.1."""

    MD5 = "MD5"
    MD5_SESS = "MD5-sess"
    SHA_256 = "SHA-256"
    SHA_256_SESS = "SHA-256-sess"
    SHA_512_256 = "SHA-512-256"
    SHA_512_256_SESS = "SHA-512-256-sess"

    @property
    def is_session(self) -> bool:
        """True if H(A1) also depends on the challenge's nonce and our cnonce (§3.4.2)."""
        return self.value.endswith("-sess")

    @property
    def base(self) -> "Algorithm":
        """The same hash without `-sess`."""
        return Algorithm(self.value.removesuffix("-sess"))


_HASHES = {
    Algorithm.MD5: "md5",
    Algorithm.MD5_SESS: "md5",
    Algorithm.SHA_256: "sha256",
    Algorithm.SHA_256_SESS: "sha256",
    Algorithm.SHA_512_256: "sha512_256",
    Algorithm.SHA_512_256_SESS: "sha512_256",
}
_BY_TOKEN = {algorithm.value.lower(): algorithm for algorithm in Algorithm}


def find_algorithm(token: str | None) -> Algorithm | None:
    """Return the algorithm that a challenge names, in any case; none means MD5 (RFC 7616 §3.3).

    None if it is unknown or missing in this OpenSSL: old ones lack SHA-512/256, strict ones MD5.
    """
    algorithm = Algorithm.MD5 if token is None else _BY_TOKEN.get(token.lower())
    if algorithm is None:
        return None
    try:
        hashlib.new(_HASHES[algorithm])
    except ValueError:
        return None
    return algorithm


def digest(algorithm: Algorithm, data: str | bytes) -> str:
    """Return H(data) in lower-case hex: 32 digits for MD5, 64 for the others (RFC 8760 §2.2)."""
    raw = data if isinstance(data, bytes) else data.encode("utf-8", "surrogateescape")
    return hashlib.new(_HASHES[algorithm], raw).hexdigest()


def ha1(algorithm: Algorithm, username: str, realm: str, password: str) -> str:
    """Return H(username:realm:password), as servers store it; `ha1` in the settings."""
    return digest(algorithm, f"{username}:{realm}:{password}")


def session_key(algorithm: Algorithm, ha1: str, nonce: str, cnonce: str) -> str:
    """Return H(A1): `ha1` itself or, for `-sess`, its hash with nonce and cnonce.

    A session lasts until the next challenge: a `nextnonce` does not change its key (§3.4.2).
    """
    return digest(algorithm, f"{ha1}:{nonce}:{cnonce}") if algorithm.is_session else ha1


def response(
    algorithm: Algorithm,
    key: str,
    *,
    method: str,
    uri: str,
    nonce: str,
    qop: str | None = None,
    nc: int = 0,
    cnonce: str = "",
    body: bytes = b"",
) -> str:
    """Return the `response` parameter (RFC 7616 §3.4.1; without `qop` as in RFC 2069).

    `key` is H(A1) from `session_key`. `nc` and `cnonce` are used only with a `qop`, `body` only
    with `auth-int`; an empty body is hashed as the empty string (RFC 8760 §2.6).

    The server's proof that it knows the secret, too (`rspauth`, §3.5), is computed in the same way
    with an empty `method` and the body of the server's response.
    """
    a2 = f"{method}:{uri}"
    if qop == "auth-int":
        a2 = f"{a2}:{digest(algorithm, body)}"
    middle = nonce if qop is None else f"{nonce}:{nc:08x}:{cnonce}:{qop}"
    return digest(algorithm, f"{key}:{middle}:{digest(algorithm, a2)}")


def userhash(algorithm: Algorithm, username: str, realm: str) -> str:
    """Return the hash that replaces the user name if `userhash=true` (RFC 7616 §3.4.4)."""
    return digest(algorithm, f"{username}:{realm}")
