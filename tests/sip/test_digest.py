"""Digest arithmetic against published and recomputed vectors (RFC 2617, 7616, 8760)."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from sipcli.sip import digest
from sipcli.sip.digest import Algorithm

FILE = Path(__file__).parent.parent / "data" / "digest_vectors.json"
DATA: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
VECTORS: list[dict[str, Any]] = DATA["vectors"]


def computed(vector: dict[str, Any]) -> str:
    algorithm = Algorithm(vector["alg"])
    ha1 = digest.ha1(algorithm, vector["user"], vector["realm"], vector["pw"])
    nonce, cnonce = vector["nonce"], vector.get("cnonce", "")
    return digest.response(
        algorithm,
        digest.session_key(algorithm, ha1, nonce, cnonce),
        method=vector["method"],
        uri=vector["uri"],
        nonce=nonce,
        qop=vector.get("qop"),
        nc=1,
        cnonce=cnonce,
        body=vector["body"].encode(),
    )


@pytest.mark.parametrize(
    "vector", VECTORS, ids=lambda v: f"{v['source']}-{v['alg']}-{v.get('qop')}"
)
def test_every_vector_is_met(vector: dict[str, Any]) -> None:
    """`response` is the recomputed value; the one misprint of RFC 7616 is in `published` only."""
    assert computed(vector) == vector["response"]


def test_the_vectors_cover_every_algorithm_and_every_qop() -> None:
    assert {Algorithm(vector["alg"]) for vector in VECTORS} == set(Algorithm)
    assert {vector.get("qop") for vector in VECTORS} == {None, "auth", "auth-int"}


@pytest.mark.parametrize(("name", "expected"), DATA["extra"]["empty_entity_body_hash"].items())
def test_no_body_is_hashed_as_the_empty_string(name: str, expected: str) -> None:
    assert digest.digest(Algorithm(name), b"") == expected


def test_the_hashed_user_name_of_rfc_7616() -> None:
    expected = DATA["extra"]["userhash_rfc7616_3_9_2"]["computed"]
    assert digest.userhash(Algorithm.SHA_512_256, "Jäsøn Doe", "api@example.org") == expected


def test_text_is_hashed_as_utf_8_outside_the_basic_plane_too() -> None:
    expected = hashlib.md5("bob:r:pass😀é".encode()).hexdigest()
    assert digest.ha1(Algorithm.MD5, "bob", "r", "pass😀é") == expected


def test_bytes_that_were_not_utf_8_are_hashed_as_the_peer_sent_them() -> None:
    realm = b"caf\xe9".decode("utf-8", "surrogateescape")
    expected = hashlib.sha256(b"bob:caf\xe9:pw").hexdigest()
    assert digest.ha1(Algorithm.SHA_256, "bob", realm, "pw") == expected


def test_a_session_key_depends_on_nonce_and_cnonce_and_a_plain_one_does_not() -> None:
    assert digest.session_key(Algorithm.MD5, "00", "n", "c") == "00"
    assert (
        digest.session_key(Algorithm.MD5_SESS, "00", "n", "c") == hashlib.md5(b"00:n:c").hexdigest()
    )


def test_the_nonce_count_is_hashed_as_eight_lower_case_digits() -> None:
    a2 = hashlib.md5(b"OPTIONS:sip:x").hexdigest()
    expected = hashlib.md5(f"key:n:000000af:c:auth:{a2}".encode()).hexdigest()
    found = digest.response(
        Algorithm.MD5,
        "key",
        method="OPTIONS",
        uri="sip:x",
        nonce="n",
        qop="auth",
        nc=175,
        cnonce="c",
    )
    assert found == expected


def test_rspauth_is_the_same_sum_without_a_method() -> None:
    a2 = hashlib.md5(b":sip:x").hexdigest()
    expected = hashlib.md5(f"key:n:00000001:c:auth:{a2}".encode()).hexdigest()
    found = digest.response(
        Algorithm.MD5, "key", method="", uri="sip:x", nonce="n", qop="auth", nc=1, cnonce="c"
    )
    assert found == expected


@pytest.mark.parametrize("algorithm", Algorithm)
def test_an_algorithm_is_found_in_any_letter_case(algorithm: Algorithm) -> None:
    assert digest.find_algorithm(algorithm.value.upper()) is algorithm
    assert digest.find_algorithm(algorithm.value.lower()) is algorithm


def test_no_algorithm_named_means_md5_and_an_unknown_one_is_none() -> None:
    assert digest.find_algorithm(None) is Algorithm.MD5
    assert digest.find_algorithm("AKAv1-MD5") is None
    assert digest.find_algorithm("") is None


def test_a_hash_that_openssl_lacks_is_not_supported(monkeypatch: pytest.MonkeyPatch) -> None:
    real = hashlib.new

    def without_sha512_256(name: str, data: bytes = b"") -> Any:
        if name == "sha512_256":
            raise ValueError("unsupported hash type")
        return real(name, data)

    monkeypatch.setattr(hashlib, "new", without_sha512_256)
    assert digest.find_algorithm("SHA-512-256-sess") is None
    assert digest.find_algorithm("SHA-256") is Algorithm.SHA_256
