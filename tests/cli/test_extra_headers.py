"""`--header`: what may be added to an INVITE, and what is sipcli's own."""

import click
import pytest

from sipcli.cli.commands.call import read_headers

OURS = (
    *("Via", "To", "From", "Call-ID", "CSeq", "Contact", "Max-Forwards", "User-Agent", "VIA"),
    *("v", "t", "f", "i", "m", "c", "e", "l", "k", "x"),
    *("Content-Type", "Content-Length", "content-disposition", "Accept", "Allow", "Supported"),
    *("Route", "Record-Route", "Authorization", "Proxy-Authorization", "Require", "Expires"),
    *("Session-Expires", "Min-SE", "RAck", "RSeq", "Proxy-Require"),
)


def read(*lines: str) -> tuple[tuple[str, str], ...]:
    command = click.Command("call")
    return read_headers(click.Context(command), click.Option(["--header"]), lines)


def test_name_and_value_are_taken_apart_at_the_first_colon() -> None:
    assert read("X-Id: a:b", "Subject:hello ", "Alert-Info :<urn:alert:x>") == (
        ("X-Id", "a:b"),
        ("Subject", "hello"),
        ("Alert-Info", "<urn:alert:x>"),
    )


def test_an_empty_value_and_any_unicode_are_fine() -> None:
    assert read("X-Empty:", "Subject: Grüße 👋") == (("X-Empty", ""), ("Subject", "Grüße 👋"))


@pytest.mark.parametrize("line", ["", "no colon", ": value", "two words: x", "Näme: x", "X(y): z"])
def test_what_is_no_header_field_is_refused(line: str) -> None:
    with pytest.raises(click.BadParameter, match="Name: value"):
        read(line)


@pytest.mark.parametrize("value", ["a\r\nVia: evil", "a\nb", "a\x00b", "a\x7fb"])
def test_control_characters_are_refused(value: str) -> None:
    with pytest.raises(click.BadParameter, match="control characters"):
        read(f"X-Id: {value}")


@pytest.mark.parametrize("name", OURS)
def test_what_sipcli_writes_itself_is_refused(name: str) -> None:
    with pytest.raises(click.BadParameter, match="set by sipcli itself"):
        read(f"{name}: x")


@pytest.mark.parametrize("name", ["Subject", "X-Via", "Priority", "P-Asserted-Identity", "Vias"])
def test_names_that_only_look_alike_are_fine(name: str) -> None:
    assert read(f"{name}: x") == ((name, "x"),)
