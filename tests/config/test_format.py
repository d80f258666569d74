"""What is shown of values: TOML spelling, nothing unprintable, nothing secret."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipcli.config.format import MAX_SHOWN, mask, toml_text, wrong_value

PLAIN = st.recursive(
    st.one_of(
        st.text(st.characters(min_codepoint=32, max_codepoint=126)),
        st.booleans(),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(allow_nan=False, allow_infinity=False),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.text(st.characters(min_codepoint=32, max_codepoint=126)), inner, max_size=3
        ),
    ),
    max_leaves=8,
)


@given(PLAIN)
def test_what_is_shown_is_toml(value: object) -> None:
    assert tomllib.loads(f"v = {toml_text(value)}")["v"] == value


@given(st.text())
def test_what_is_shown_fits_in_a_line(text: str) -> None:
    assert "\n" not in toml_text(text)
    assert "\x1b" not in toml_text(text)


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        ("ws://alice:geheim@h/p?key=geheim", "ws://(hidden)@h/p?…"),
        ("http://h?key=geheim@x", "http://(hidden)@x"),
        ("alice:geheim@h", "alice:(hidden)@h"),
        ("sip:alice:geheim@h", "sip:alice:(hidden)@h"),
        ("sips:alice:ge@heim@h", "sips:alice:(hidden)@h"),
        ("turn:alice:geheim@h", "turn:(hidden)@h"),
        ("sip:alice@h", "sip:alice@h"),
        ("alice@h:5060", "alice@h:5060"),
        ("turn:h?transport=x", "turn:h?transport=x"),
        ("plain", "plain"),
    ],
)
def test_passwords_in_wrong_addresses_are_masked(address: str, masked: str) -> None:
    assert mask(address) == masked
    assert "geheim" not in mask(address)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a", '"a"'),
        (1, "1"),
        (True, "true"),
        ({"password": "geheim"}, "a table"),
        (["geheim"], "a list"),
        ("\x1b[2J", '"\\u001b[2J"'),
        ("ws://u:geheim@h", '"ws://(hidden)@h"'),
    ],
)
def test_wrong_values(value: object, shown: str) -> None:
    assert wrong_value(value) == shown


def test_a_long_wrong_value_is_cut_after_it_was_masked() -> None:
    shown = wrong_value("ws://" + "geheim" * MAX_SHOWN + "@" + "h" * 1000)
    assert "geheim" not in shown
    assert len(shown) < MAX_SHOWN + 50
