"""The ladder that `--ladder` shows when a command has ended."""

import sys

from sipcli.cli.context import current_screen
from sipcli.cli.evidence_options import RunEnd
from sipcli.cli.evidence_part import RunBegin
from sipcli.cli.output.ladder_screen import show_ladder
from sipcli.cli.shared_options import common
from sipcli.evidence.ladder import ladder_of
from sipcli.evidence.sip_record import SipRecord


class LadderPart:
    """The part of a command's evidence that is the ladder of its SIP messages, on stderr."""

    def __init__(self) -> None:
        self._messages = SipRecord()

    def begin(self, run: RunBegin) -> None:
        """Record the messages from now on."""
        self._messages.attach(run.journal)

    def finish(self, end: RunEnd) -> None:
        """Show the ladder."""
        current_screen().watch(None)
        show_ladder(ladder_of(self._messages), sys.stderr, color=not common().no_color)

    def discard(self) -> None:
        """Show nothing."""
