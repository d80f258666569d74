"""Bodies of parts, well-formed and otherwise, and what is found in them."""

import pytest

from sipcli.sip.bodies import (
    MAX_DEPTH,
    MAX_PARTS,
    SDP,
    body_fault,
    find_bodies,
    find_body,
    must_refuse,
    read_parts,
    unwrap,
)
from sipcli.sip.grammar import Malformed
from sipcli.sip.header_values import MediaType
from sipcli.sip.validate import check
from tests.sip.bodies import found, message, mixed, nested, part, parts
from tests.sip.corpus import case

# Reading


def test_parts_have_their_fields_and_their_bodies() -> None:
    first, second, third = parts(
        b"a preamble\r\n--b\r\nContent-Type: a/b\r\nX: folded\r\n here\r\n\r\none\r\ntwo\r\n"
        b"--b \t\r\n\r\nno fields\r\n--b\r\nX: y\r\n--b--\r\nan epilogue\r\n--b\r\n"
    )
    assert (str(first.content_type), first.headers.get("X")) == ("a/b", "folded here")
    assert first.body == b"one\r\ntwo"
    assert (second.content_type, second.body) == (None, b"no fields")
    assert (third.headers.get("X"), third.body) == ("y", b"")


@pytest.mark.parametrize(
    "body",
    [
        b"--b\nX: y\n\none\n--b--\n",
        b"--b\r\nX: y\r\n\r\none\r\n--b--",
        b"--b\r\nX: y\r\n\r\none\r\n--b",
        b"--b\r\nX: y\r\n\r\none",
        b"\r\n--b\r\nX: y\n\r\none\n--b--\r\n",
    ],
)
def test_line_ends_and_a_missing_end_do_not_matter(body: bytes) -> None:
    read = parts(body)
    assert [(one.headers.get("X"), one.body) for one in read][:1] == [("y", b"one")]
    assert all(one.body == b"" for one in read[1:])


def test_bytes_of_a_part_survive() -> None:
    body = bytes(range(256)).replace(b"\n--b", b"")
    (one,) = parts(b"--b\r\nContent-Type: a/b\r\n\r\n" + body + b"\r\n--b--")
    assert one.body == body
    signed = case("mpart01").message
    text, other = read_parts(signed.body, signed.content_type or MediaType("x", "y"))
    assert text.body == b"Hello"
    assert other.body.count(b"\0")


def test_what_looks_like_the_boundary_within_a_line_is_none() -> None:
    (one,) = parts(b"--b\r\n\r\nx--b\r\n--bb\r\n --b\r\n--b-\r\n-- b\r\n--b--")
    assert one.body == b"x--b\r\n--bb\r\n --b\r\n--b-\r\n-- b"


@pytest.mark.parametrize("boundary", ["=_(x)?:;,./ y", "-" * 69, "b" * 200, "'+_", '\\"q'])
def test_boundaries_of_any_shape_and_length(boundary: str) -> None:
    body = mixed(part("a/b"), part("c/d"), boundary=boundary)
    quoted = boundary.replace("\\", "\\\\").replace('"', '\\"')
    assert len(parts(body, quoted)) == 2


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("base64", "dj0wCg=="),
        ("BASE64 ", "dj0w\r\nCg=="),
        ("quoted-printable", "v=3D0=0A"),
        ("8bit", "v=0\n"),
        ("Binary", "v=0\n"),
    ],
)
def test_a_transfer_encoding_is_undone(name: str, written: str) -> None:
    fields = f"Content-Transfer-Encoding: {name}"
    assert found(mixed(part(SDP, written, fields))) == b"v=0\n"


@pytest.mark.parametrize(
    ("body", "kind", "reason"),
    [
        (mixed(part(SDP)), "multipart/mixed", "a multipart body has no boundary"),
        (mixed(part(SDP)), 'multipart/mixed;boundary=""', "a multipart body has no boundary"),
        (mixed(part(SDP)), "multipart/mixed;boundary=c", "the boundary is not in"),
        (b"x--b\r\n", "multipart/mixed;boundary=b", "the boundary is not in"),
        (mixed(*[part(SDP)] * (MAX_PARTS + 1)), "multipart/mixed;boundary=b", "too many parts"),
        (
            mixed(part(SDP, "!", "Content-Transfer-Encoding: base64")),
            "multipart/mixed;boundary=b",
            None,
        ),
        (b"x", "message/cpim", "the CPIM message has no content"),
    ],
)
def test_a_malformed_body_is_a_fault(body: bytes, kind: str, reason: str | None) -> None:
    fault = body_fault(message(body, kind))
    assert found(body, kind) is None or reason is None
    if reason is not None:
        assert fault is not None
        assert fault.reason.startswith("Malformed Body: ")
        assert reason in fault.reason
        assert fault in check(message(body, kind))


def test_parts_within_parts_have_a_depth() -> None:
    for depth in range(1, MAX_DEPTH):
        kind = f"multipart/mixed;boundary=n{depth - 1}"
        assert found(nested(depth), kind) == b"v=0"
        assert body_fault(message(nested(depth), kind)) is None
    kind = f"multipart/mixed;boundary=n{MAX_DEPTH - 1}"
    assert found(nested(MAX_DEPTH), kind) is None
    assert must_refuse(message(nested(MAX_DEPTH), kind), (SDP,), is_strict=False)


@pytest.mark.parametrize(
    "broken",
    [
        part("multipart/mixed", "--i\r\n"),
        part("multipart/mixed;boundary=i", "no boundary"),
        part("message/cpim", "no content"),
        part(SDP, "abcde", "Content-Transfer-Encoding: base64"),
        part(SDP, "v=0", "Content-Transfer-Encoding: x-unknown"),
        part("nonsense", "x"),
        "no colon",
    ],
)
def test_a_part_that_is_malformed_costs_itself_alone(broken: str) -> None:
    one = message(mixed(broken, part(SDP, "v=0")))
    body = find_body(one, (SDP,))
    assert body is not None
    assert body.content == b"v=0"
    assert body_fault(one) is None
    assert not must_refuse(one, (SDP,), is_strict=False)


def test_all_bodies_of_a_kind_can_be_had() -> None:
    inner = mixed(part("text/plain", "three"), part("text/plain", "four"), boundary="i").decode()
    alternative = part("multipart/alternative;boundary=i", inner)
    body = mixed(part("text/plain", "one"), PIDF, part("text/plain", "two"), alternative)
    found_all = [one.content for one in find_bodies(message(body), ("text/plain",))]
    assert found_all == [b"one", b"two", b"four"]


# Which part


PIDF = part("application/pidf+xml", "<presence/>", "Content-ID: <place>")
ISUP = part("application/isup;version=itu-t92+", "\x01\x02", "Content-Disposition: signal")
REQUIRED = part("application/isup", "\x01", "Content-Disposition: signal;handling=required")
OPTIONAL = part("application/isup", "\x01", "Content-Disposition: signal;handling=optional")
SESSION = part(SDP, "v=0", "Content-Disposition: session;handling=required")
EARLY = part(SDP, "early", "Content-Disposition: early-session")
METADATA = part("application/rs-metadata+xml", "<r/>", "Content-Disposition: recording-session")


@pytest.mark.parametrize(
    "beside", [(), (PIDF,), (ISUP,), (OPTIONAL,), (METADATA,), (EARLY,), (PIDF, ISUP, METADATA)]
)
@pytest.mark.parametrize("sdp", [part(SDP, "v=0"), part("Application/SDP;x=y", "v=0"), SESSION])
@pytest.mark.parametrize("kind", ["mixed", "related", "alternative", "signed", "x-unknown"])
def test_the_session_description_is_found_among_what_gateways_add(
    kind: str, sdp: str, beside: tuple[str, ...]
) -> None:
    for order in ((sdp, *beside), (*beside, sdp)):
        one = message(mixed(*order), f"multipart/{kind};boundary=b")
        body = find_body(one, (SDP,))
        assert body is not None
        assert (body.content, body.kind.essence) == (b"v=0", SDP)
        assert not must_refuse(one, (SDP,), is_strict=False)
        assert check(one) == ()


def test_of_alternatives_the_last_counts_and_of_others_the_first() -> None:
    body = mixed(part(SDP, "one"), part(SDP, "two"), part("text/html", "three"))
    assert found(body, "multipart/alternative;boundary=b") == b"two"
    assert found(body, "multipart/mixed;boundary=b") == b"one"


def test_of_related_parts_the_root_counts() -> None:
    body = mixed(part(SDP, "one", "Content-ID: <1@h>"), part(SDP, "two", "Content-ID: <2@h>"))
    assert found(body, "multipart/related;boundary=b") == b"one"
    assert found(body, 'multipart/related;boundary=b;start="<2@h>"') == b"two"
    assert found(body, 'multipart/related;boundary=b;start="<3@h>"') == b"one"


@pytest.mark.parametrize(
    ("body", "kind", "fields"),
    [
        (b"v=0", SDP, ["Content-Encoding: gzip"]),
        (b"v=0", SDP, ["Content-Disposition: early-session"]),
        (b"v=0", "text/plain", []),
        (mixed(part(SDP, "v=0", "Content-Encoding: gzip")), "multipart/mixed;boundary=b", []),
        (mixed(EARLY), "multipart/mixed;boundary=b", []),
        (mixed(PIDF), "multipart/mixed;boundary=b", []),
        (mixed(PIDF, EARLY), "multipart/alternative;boundary=b", []),
        (b"From: a\r\n\r\nContent-Type: application/sdp\r\n\r\nv=0", "message/cpim", []),
    ],
)
def test_what_cannot_be_read_is_no_description_and_is_refused(
    body: bytes, kind: str, fields: list[str]
) -> None:
    assert found(body, kind, *fields) is None
    assert must_refuse(message(body, kind, *fields), (SDP,), is_strict=False)
    optional = "Content-Disposition: x;handling=optional"
    fields = [field for field in fields if "Disposition" not in field]
    assert not must_refuse(message(body, kind, optional, *fields), (SDP,), is_strict=False)


@pytest.mark.parametrize("encoding", ["identity", "Identity", "identity, identity", ""])
def test_identity_is_no_encoding(encoding: str) -> None:
    assert found(b"v=0", SDP, f"Content-Encoding: {encoding}") == b"v=0"


@pytest.mark.parametrize(
    ("order", "lenient", "strict"),
    [
        ((SESSION, REQUIRED), True, True),
        ((REQUIRED, SESSION), True, True),
        ((SESSION, PIDF), False, True),
        ((SESSION, OPTIONAL), False, False),
        ((SESSION, SESSION), False, False),
        ((OPTIONAL,), False, False),
        ((OPTIONAL, PIDF), True, True),
    ],
)
def test_required_parts_have_to_be_understood(
    order: tuple[str, ...], lenient: bool, strict: bool
) -> None:
    one = message(mixed(*order))
    assert must_refuse(one, (SDP,), is_strict=False) is lenient
    assert must_refuse(one, (SDP,), is_strict=True) is strict
    inner = mixed(*order).decode()
    outer = message(
        mixed(part("multipart/mixed;boundary=b", inner), boundary="o"),
        "multipart/mixed;boundary=o",
    )
    assert must_refuse(outer, (SDP,), is_strict=False) is lenient


def test_one_alternative_that_is_understood_is_enough() -> None:
    inner = mixed(REQUIRED, SESSION, boundary="i").decode()
    alternative = part("multipart/alternative;boundary=i", inner)
    assert not must_refuse(message(mixed(alternative)), (SDP,), is_strict=True)
    inner = mixed(REQUIRED, PIDF, boundary="i").decode()
    fields = "Content-Disposition: session;handling=required"
    alternative = part("multipart/alternative;boundary=i", inner, fields)
    assert must_refuse(message(mixed(alternative, SESSION)), (SDP,), is_strict=False)


def test_the_content_of_a_cpim_message_has_fields_of_its_own() -> None:
    content = unwrap(
        b"From: MR SANDERS <im:piglet@100akerwood.com>\r\nDateTime: 2000-12-13T13:40:00-08:00\r\n"
        b"\r\nContent-type: text/plain; charset=utf-8\r\nContent-ID: <1@h>\r\n\r\nHi\r\n\r\nthere"
    )
    assert (str(content.content_type), content.body) == (
        "text/plain;charset=utf-8",
        b"Hi\r\n\r\nthere",
    )
    assert unwrap(b"From: x\n\n\nHi").body == b"Hi"
    with pytest.raises(Malformed, match="extension"):
        unwrap(b"NS: x <h>\r\nRequire: x.Vital\r\n\r\nContent-Type: text/plain\r\n\r\nHi")
