"""The collection of header fields."""

import pytest

from sipcli.sip.grammar import Malformed
from sipcli.sip.headers import COMPACT, NO_HEADERS, Headers


def wire(*lines: str, is_folded: bool = False) -> Headers:
    return Headers.from_wire("\r\n".join(lines), is_folded)


def test_fields_keep_their_order_and_their_spelling() -> None:
    headers = wire("v: one", "X-Odd:two", "VIA : three", "x-odd:  four\t")
    assert list(headers) == [("v", "one"), ("X-Odd", "two"), ("VIA", "three"), ("x-odd", "four")]
    assert len(headers) == 4


def test_names_match_in_any_case_and_in_compact_form() -> None:
    headers = wire("v: one", "VIA : two", "Via: three", "to:x")
    for name in ("Via", "v", "V", "via", "vIa"):
        assert headers.all(name) == ("one", "two", "three")
    assert headers.get("T") == "x"
    assert "f" not in headers
    assert headers.get("From") is None


@pytest.mark.parametrize(("short", "name"), COMPACT.items())
def test_every_compact_form_is_known(short: str, name: str) -> None:
    assert wire(f"{short}: x").get(name) == "x"
    assert wire(f"{name}: x").get(short.upper()) == "x"


def test_a_fold_counts_as_one_blank() -> None:
    headers = wire("Subject: one \r\n  two\r\n\tthree", "To :\r\n x", is_folded=True)
    assert headers.get("Subject") == "one two three"
    assert headers.get("To") == "x"
    assert headers.lines == ("Subject: one \r\n  two\r\n\tthree", "To :\r\n x")


@pytest.mark.parametrize("text", ["a\nb", "a\rb", "a\n\n\r\rb", "a\n \r b"])
def test_no_cr_or_lf_gets_out(text: str) -> None:
    headers = wire(f"Subject: {text}", f"Na\nme: {text}")
    assert headers.get("Subject") == "a b"
    assert list(headers) == [("Subject", "a b")]


def test_lists_are_joined_over_all_lines() -> None:
    headers = wire("Allow: INVITE, ACK", "k: timer", "ALLOW:", "allow: BYE,,")
    assert headers.values("Allow") == ("INVITE", "ACK", "BYE")


def test_lines_that_are_no_fields_are_kept_but_not_found() -> None:
    headers = wire("Via: x", "garbage here", ": y", "", "bad name: z")
    assert list(headers) == [("Via", "x")]
    assert headers.lines[1:] == ("garbage here", ": y", "", "bad name: z")


def test_a_line_without_a_colon_has_no_value() -> None:
    assert wire("Via").get("Via") == ""


def test_nothing_at_all() -> None:
    assert list(wire()) == list(NO_HEADERS) == []
    assert wire() == NO_HEADERS
    assert wire().lines == ()


def test_changes_make_new_headers() -> None:
    headers = Headers([("Via", "1"), ("To", "t"), ("Via", "2")])
    assert list(headers.appended("X", "y")) == [*headers, ("X", "y")]
    assert list(headers.prepended("X", "y")) == [("X", "y"), *headers]
    assert list(headers.without("v")) == [("To", "t")]
    assert list(headers.without_first("via")) == [("To", "t"), ("Via", "2")]
    assert headers.without_first("x") == headers
    assert list(headers) == [("Via", "1"), ("To", "t"), ("Via", "2")]


def test_replacing_takes_the_place_of_the_first() -> None:
    headers = Headers([("A", "1"), ("v", "2"), ("B", "3"), ("Via", "4")])
    assert list(headers.replaced("Via", "5")) == [("A", "1"), ("Via", "5"), ("B", "3")]
    assert list(headers.replaced("C", "6")) == [*headers, ("C", "6")]


def test_changes_leave_the_other_lines_as_they_came() -> None:
    headers = wire("v :  one", "To:x\r\n  y", is_folded=True).appended("X", "z")
    assert headers.lines == ("v :  one", "To:x\r\n  y", "X: z")


@pytest.mark.parametrize("bad", ["a\rb", "a\nb", "a\r\nVia: evil", "a\0b", "a\ud800"])
def test_a_value_we_write_holds_no_cr_lf_or_nul(bad: str) -> None:
    with pytest.raises(Malformed, match="Subject"):
        Headers([("Subject", bad)])
    with pytest.raises(Malformed, match="Subject"):
        NO_HEADERS.appended("Subject", bad)


@pytest.mark.parametrize("bad", ["", "a b", "a:", "a\r\n", "ü", "a\0"])
def test_a_name_we_write_is_a_token(bad: str) -> None:
    with pytest.raises(Malformed, match="not a token"):
        Headers([(bad, "x")])


def test_bytes_a_peer_sent_may_be_sent_back() -> None:
    assert Headers([("Subject", "caf\udce9")]).lines == ("Subject: caf\udce9",)


def test_headers_are_values() -> None:
    assert wire("A: 1") == Headers([("A", "1")])
    assert hash(wire("A: 1")) == hash(Headers([("A", "1")]))
    assert wire("A: 1") != wire("A:1")
    assert wire("A: 1") != "A: 1"


def test_values_are_not_shown_for_they_may_be_secrets() -> None:
    assert repr(wire("Authorization: Digest x", "To: y")) == "Headers(Authorization, To)"
