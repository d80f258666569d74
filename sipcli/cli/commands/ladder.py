"""`sipcli ladder`: the SIP messages of a capture as a ladder."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from sipcli import __version__
from sipcli.cli.command_help import Command, option
from sipcli.cli.context import current_screen
from sipcli.cli.shared_options import common, common_options
from sipcli.errors import ConfigError
from sipcli.text import one_line

if TYPE_CHECKING:
    from sipcli.evidence.ladder import Ladder
    from sipcli.evidence.sip_record import SipRecord

_MAX_NAMED: Final = 10
"""Call-IDs that an error names."""


@click.command(
    cls=Command,
    module="sipcli.cli.output.ladder_screen",
    examples=(
        ("sipcli call bob --capture call.pcapng", "Capture a call:"),
        ("sipcli ladder call.pcapng", "Who said what to whom, and when:"),
        ("sipcli ladder call.pcapng --json | jq -r '.text // empty'", "The messages themselves:"),
    ),
)
@click.argument("file", type=click.Path(path_type=Path))
@option(
    "--call-id",
    metavar="ID",
    help="Show only the messages with this Call-ID.",
)
@common_options
def ladder(file: Path, call_id: str | None) -> None:
    """Show the SIP messages of a capture as a ladder.

    FILE is a capture (pcapng or pcap) of sipcli, tshark, tcpdump or another program, with SIP
    over UDP, TCP or plain WebSocket. Messages that were encrypted are not shown. The ladder is
    as wide as the terminal.
    """
    from sipcli.evidence.ladder import ladder_of  # late, as in `_read`: see `module` above

    current_screen().record("started", {"version": __version__, "command": "ladder"})
    messages, fault = _read(file, call_id)
    if messages or fault is None:
        _show(ladder_of(messages), file)
    if fault is not None:
        raise fault


def _read(file: Path, call_id: str | None) -> "tuple[SipRecord, ConfigError | None]":
    """Return the messages of a capture and, if it could not be read to its end, why.

    Raises `ConfigError` if no message has this Call-ID.
    """
    from sipcli.evidence.captured_sip import read_sip
    from sipcli.evidence.sip_facts import sip_facts
    from sipcli.evidence.sip_record import SipRecord

    messages, fault = SipRecord(), None
    known: dict[str, None] = {}
    try:
        for entry in read_sip(file):
            found = sip_facts(entry).call_id if call_id is not None else None
            if found == call_id:
                messages.add(entry)
            elif found is not None and len(known) < _MAX_NAMED:
                known[found] = None
    except ConfigError as error:
        fault = error
    if call_id is not None and not messages and fault is None:
        names = ", ".join(map(one_line, known)) or "none: there is no SIP message"
        raise ConfigError(f"--call-id: no message of {file} has it; those there are: {names}")
    return messages, fault


def _show(found: "Ladder", file: Path) -> None:
    from sipcli.cli.output.ladder_screen import message_fields, show_ladder

    screen = current_screen()
    if found.left_out:
        screen.warning(f"{found.left_out} messages are left out: --call-id shows those of a call")
    if common().json:
        for message in found.messages:
            screen.record("sip_message", message_fields(found, message))
    elif found.messages:
        show_ladder(found, sys.stdout, color=not common().no_color)
    else:
        screen.say(f"{one_line(str(file))} has no SIP message that is not encrypted")
