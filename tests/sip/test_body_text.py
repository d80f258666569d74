"""The text of a body by the name of its charset."""

from collections.abc import Callable
from encodings.aliases import aliases
from functools import partial

import pytest

from sipcli.sip.bodies import decode_text
from tests.growth import assert_grows_linearly


@pytest.mark.parametrize(
    ("charset", "text"),
    [
        (None, "grüß"),
        ("UTF-8", "grüß €"),
        ("us-ascii", "hi"),
        ("ISO-8859-1", "grüß"),
        ("iso-8859-15", "grüß €"),
        ("windows-1251", "привет"),
        ("KOI8-R", "привет"),
        ("Shift_JIS", "こんにちは"),
        ("EUC-JP", "こんにちは"),
        ("iso-2022-jp", "こんにちは"),
        ("GB18030", "你好"),
        ("Big5", "你好"),
        ("euc-kr", "안녕"),
        ("utf-16", "grüß 😀"),
        ("UTF-16BE", "grüß 😀"),
        ("macintosh", "grüß"),
        ("tis-620", "สวัสดี"),
    ],
)
def test_every_charset_of_python_is_read(charset: str | None, text: str) -> None:
    assert decode_text(text.encode(charset or "utf-8"), charset) == text
    assert decode_text(text.encode(charset or "utf-8"), charset and f'"{charset.upper()}"') == text


@pytest.mark.parametrize(
    "charset",
    [
        *("x-unknown", "idna", "punycode", "unicode_escape", "hex", "rot13", "zlib", "base64"),
        *("mbcs", "aliases", "undefined", "../../etc/passwd", "utf-8\0", "é", "", " ", "a" * 5000),
    ],
)
def test_an_unknown_charset_is_escaped(charset: str) -> None:
    text = decode_text(b"gr\xfc\xdf \\ xn--a", charset)
    assert text == ("gr\ufffd\ufffd \\ xn--a" if not charset else "gr\\xfc\\xdf \\ xn--a")


def test_bytes_that_are_no_text_in_a_known_charset_are_replaced() -> None:
    assert decode_text(b"a\xff\xfeb", "utf-8") == "a\ufffd\ufffdb"
    assert decode_text(b"\x81", "windows-1252") == "\ufffd"


@pytest.mark.parametrize("charset", sorted(set(aliases.values())))
def test_no_charset_is_slow_or_fatal(charset: str) -> None:
    def decoding(piece: bytes, size: int) -> Callable[[], object]:
        text = piece * (size // len(piece))
        assert isinstance(decode_text(text, charset), str)
        return lambda: decode_text(text, charset)

    for piece in (b"\xff", b"\x1b$B", b"+-&", b"~{", b"a", b"\x8f\xa1"):
        assert_grows_linearly(partial(decoding, piece), 65536)
