"""Bodies made to be slow, and bodies of random parts: each is read or is a fault, soon."""

from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipcli.sip.bodies import (
    MAX_DEPTH,
    MAX_PARTS,
    SDP,
    body_fault,
    find_body,
    must_refuse,
)
from sipcli.sip.validate import check
from tests.growth import assert_costs_at_most, assert_grows_linearly
from tests.sip.bodies import found, message, mixed, nested, part

LARGEST = 65536


def filled(piece: bytes) -> Callable[[int], bytes]:
    return lambda size: piece * (size // len(piece))


HOSTILE: dict[str, tuple[str, Callable[[int], bytes]]] = {
    **{
        f"{piece!r} again and again": ("b", filled(piece))
        for piece in (
            *(b"--b", b"\n--b", b"\r\n--b", b"--b\r\n", b"--b \r\n", b"\n--b-", b"\n--b \t", b"\n"),
            *(b"\r\n", b"--b\r\n\r\n", b"--b\r\nA: b\r\n\r\n", b"--b\r\nA: b\r\n c\r\n", b" "),
        )
    },
    "blanks after the boundary": ("b", lambda size: b"--b" + b" " * size),
    "dashes": ("-" * 1000, lambda size: b"-" * size),
    "dashes in lines": ("-" * 1000, filled(b"\n" + b"-" * 1001)),
    "a long boundary, nearly": ("a" * 30000 + "c", lambda size: b"\n--" + b"a" * size),
    "a boundary that begins again": ("ab" * 15000, filled(b"\n--" + b"ab" * 100)),
    "a part of one long line": ("b", lambda size: b"--b\r\n" + b"a" * size),
    "a part of fields": ("b", lambda size: b"--b\r\n" + b"a:b\r\n" * (size // 5)),
    "base64": (
        "b",
        lambda size: (
            b"--b\r\nContent-Type: application/sdp\r\nContent-Transfer-Encoding: base64"
            b"\r\n\r\n" + b"=" * size
        ),
    ),
    "quoted-printable": (
        "b",
        lambda size: (
            b"--b\r\nContent-Type: application/sdp\r\nContent-Transfer-Encoding: "
            b"quoted-printable\r\n\r\n" + b"= " * (size // 2)
        ),
    ),
    "many multiparts": (
        "b",
        filled(b"--b\r\nContent-Type: multipart/mixed;boundary=b\r\n\r\n--b\r\n"),
    ),
}


@pytest.mark.parametrize("shape", HOSTILE)
def test_no_body_is_slow(shape: str) -> None:
    boundary, make = HOSTILE[shape]

    def read(size: int) -> Callable[[], object]:
        one = message(make(size), f'multipart/mixed;boundary="{boundary}"')
        return lambda: (
            check(one),
            find_body(one, (SDP,)),
            must_refuse(one, (SDP,), is_strict=True),
        )

    assert_grows_linearly(read, LARGEST - 40000 if len(boundary) > 1000 else LARGEST - 1000)


def test_parts_within_parts_to_the_bound_are_not_slow() -> None:
    inner = mixed(*[part(SDP)] * MAX_PARTS)
    flat = inner * 24
    assert LARGEST - 3000 < len(flat) < LARGEST
    deep = nested(MAX_DEPTH - 1, flat)
    for kind in ("mixed", "alternative", "related"):
        assert_costs_at_most(
            partial(found, deep, f"multipart/{kind};boundary=n{MAX_DEPTH - 2}"),
            (3 * MAX_DEPTH, partial(found, flat, f"multipart/{kind};boundary=b")),
        )


PIECES = st.sampled_from(
    [
        *("--b", "--b--", "--i", "--i--", "\r\n", "\n", "\r\n\r\n", "Content-Type: ", "text/plain"),
        *(SDP, "multipart/mixed;boundary=i", "multipart/alternative;boundary=b", "v=0", "--", "-"),
        *("Content-Disposition: ", "session", ";handling=required", ";handling=optional", ": "),
        *("Content-Transfer-Encoding: base64", "Content-Encoding: gzip", "message/cpim", "\0", "é"),
    ]
)


@settings(max_examples=500)
@given(st.lists(PIECES, max_size=40), st.sampled_from(["mixed", "alternative", "related"]))
def test_any_body_is_read_or_is_a_fault(pieces: list[str], kind: str) -> None:
    one = message("".join(pieces).encode(), f"multipart/{kind};boundary=b")
    for kinds in ((SDP,), ("text/plain", "message/cpim")):
        body = find_body(one, kinds)
        refused = must_refuse(one, kinds, is_strict=True)
        if body_fault(one) is not None:
            assert refused or body is not None
        if body is not None:
            assert body.kind.essence in kinds
