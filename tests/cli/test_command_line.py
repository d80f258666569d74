"""The command line in a report: it can be run again, and holds no secret."""

import click
import pytest

from sipcli.cli.command_line import repeatable
from sipcli.cli.shared_options import note_words

SECRET = "hunter2"


def shown(*words: str) -> str:
    with click.Context(click.Command("sipcli")) as context:
        note_words(context, words)
        return repeatable()


@pytest.mark.parametrize(
    "words",
    [
        ("call", "bob", "--password", SECRET),
        ("call", "bob", f"--password={SECRET}"),
        ("call", "bob", "--ha1", SECRET),
        ("call", "bob", "--password-command", f"echo {SECRET}"),
        ("call", "bob", "--hep-password", SECRET),
        ("call", "bob", "--turn-servers", f"turn:turn.example.com,alice,{SECRET}"),
        ("call", "bob", "--ws-headers", f"Authorization: Bearer {SECRET}"),
        ("call", "bob", "--ws-servers", f"wss://example.com/?token={SECRET}"),
        ("call", "bob", f"--ws-servers=wss://user:{SECRET}@example.com"),
        ("call", "bob", "--header", f"Authorization: Digest {SECRET}"),
        ("call", "bob", f"--header=Proxy-Authorization:{SECRET}"),
        ("call", "bob", "--header", f"X-Auth-Token: {SECRET}"),
        ("call", "bob", f"--header=X-Api-Key:{SECRET}"),
        ("call", "bob", "--header", f"X-Tenant: blue;token={SECRET}"),
        ("call", "bob", "--header", f"X-Pass: Bearer {SECRET}{SECRET}{SECRET}"),
        ("call", f"sip:bob@example.com;token={SECRET}"),
        ("call", f"sip:bob:{SECRET}@example.com"),
        ("call", f"bob:{SECRET}@example.com"),
        ("call", "--uri", f"sip:alice:{SECRET}@example.com", "bob"),
        ("call", f"--uri=sip:alice:{SECRET}@example.com", "bob"),
        ("--password", SECRET, "call", "bob"),
        ("call", "--password", "--", SECRET),
    ],
)
def test_no_secret_is_shown(words: tuple[str, ...]) -> None:
    if words[-2:] == ("--", SECRET):
        assert shown(*words) == f"sipcli call --password '(hidden)' {SECRET}", "-- was the password"
        return
    assert SECRET not in shown(*words)
    assert "bob" in shown(*words)


def test_the_rest_is_quoted_for_a_shell() -> None:
    words = ("call", "bob", "--header", "X-Note: it's $5; really", "--dtmf", "1#", "--", "-x")
    assert shown(*words) == (
        "sipcli call bob --header 'X-Note: it'\"'\"'s $5; really' --dtmf '1#' -- -x"
    )


def test_what_is_no_option_is_left_as_it_is() -> None:
    assert shown("message", "bob", "--", "--password", "x") == (
        "sipcli message bob -- --password x"
    )
