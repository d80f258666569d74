"""Text of the network on a screen: nothing a terminal obeys, nothing that hides or turns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipcli.text import one_line, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, grüß ☎ 𝄞", "plain, grüß ☎ 𝄞"),
        ("\x1b[2J", "\\x1b[2J"),
        ("\x9b2J", "\\x9b2J"),
        ("a\rb\x08\x00\x7f", "a\\x0db\\x08\\x00\\x7f"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("in\u200bvisible\ufeff", "in\\u200bvisible\\ufeff"),
        ("\udcff\udc80", "\\xff\\x80"),
        ("\ud83d", "\\ud83d"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
    ],
)
def test_what_a_terminal_could_obey_is_spelt_out(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_one_line_is_one_line() -> None:
    assert one_line("a\r\nb\tc\n") == "a\\x0d\\nb c\\n"
    assert one_line("a\u2028b\x85c") == "a\\u2028b\\x85c"


@given(st.text(st.characters()))
def test_whatever_comes_can_be_written_and_stays_in_its_line(text: str) -> None:
    shown = one_line(text)
    shown.encode()
    assert len(shown.splitlines()) <= 1
    assert shown.isprintable() or not any(ord(c) < 0xA0 for c in shown if not c.isprintable())
    assert one_line(shown) == shown
