"""The options by which a command leaves evidence behind: capture, report, ladder (contract §2).

Light on purpose: `evidence_run` does the work, and is imported once a command has begun.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self, TypeAlias

import click

from sipcli.cli.command_help import Group, option
from sipcli.errors import Phase, SipcliError

_META: Final = "sipcli.evidence"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnd:
    """How a command ended, as its event `finished` says it (contract §4)."""

    exit_code: int
    reason: str
    phase: Phase | None = None

    @classmethod
    def of(cls, error: SipcliError) -> Self:
        """Return the end by an error; several problems in it stand on one line."""
        reason = "; ".join(line.strip() for line in str(error).splitlines())
        return cls(exit_code=error.exit_code, reason=reason, phase=error.phase)


Finish: TypeAlias = Callable[[RunEnd], SipcliError | None]
"""Writes the evidence of a command; returns what could not be written."""


def finish_at_end(finish: Finish) -> None:
    """Call `finish` when the command of this invocation has ended, before its last line."""
    click.get_current_context().meta[_META] = finish


def finish_evidence(context: click.Context, error: SipcliError | None) -> SipcliError | None:
    """Write the evidence of this invocation, if it has begun; return what could not be written."""
    finish: Finish | None = context.meta.pop(_META, None)
    if finish is None:
        return None
    if error is None:
        return finish(RunEnd(exit_code=0, reason="done"))
    return finish(RunEnd.of(error))


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceOptions:
    """The evidence that the user asked for."""

    capture: Path | None = None
    report: Path | None = None
    ladder: bool = False
    folder: Path | None = None
    """Where to leave all of it if the command fails."""
    always: bool = False
    """True to leave it there in any case."""

    @classmethod
    def taken_from(cls, parameters: dict[str, Any]) -> "EvidenceOptions":
        """Take the options out of a command's parameters, which click has checked."""
        return cls(
            capture=parameters.pop("capture"),
            report=parameters.pop("report"),
            ladder=parameters.pop("ladder"),
            folder=parameters.pop("evidence"),
            always=parameters.pop("evidence_always"),
        )

    @property
    def is_empty(self) -> bool:
        """True if nothing was asked for."""
        return not (self.capture or self.report or self.ladder or self.folder)


def _check_always(context: click.Context, _: click.Parameter, value: bool) -> bool:
    if value and context.params.get("evidence") is None:
        raise click.BadParameter("needs --evidence DIR: where to leave the files")
    return value


_FILE: Final[Mapping[str, Any]] = {
    "group": Group.EVIDENCE,
    "metavar": "PATH",
    "type": click.Path(dir_okay=False, path_type=Path),
}
_OPTIONS: Final = (
    option(
        "--capture",
        **_FILE,
        help="Write a capture for Wireshark: SIP, RTP and RTCP, decrypted (.pcapng). It holds what"
        " was said, which is personal data; --no-capture-audio leaves that out.",
    ),
    option(
        "--report",
        **_FILE,
        help="Write a report of the run: a page (.html), Markdown (.md) or JSON (.json).",
    ),
    option(
        "--ladder",
        group=Group.EVIDENCE,
        is_flag=True,
        help="Show the SIP messages as a ladder at the end.",
    ),
    option(
        "--evidence",
        group=Group.EVIDENCE,
        metavar="DIR",
        type=click.Path(file_okay=False, path_type=Path),
        is_eager=True,
        help="If the command fails, leave a report, a capture and JUnit XML in this folder.",
    ),
    option(
        "--evidence-always",
        group=Group.EVIDENCE,
        is_flag=True,
        callback=_check_always,
        help="Leave them there if it succeeds, too.",
    ),
)


def evidence_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options to a command; `EvidenceOptions.taken_from` reads them."""
    for one in reversed(_OPTIONS):
        function = one(function)
    return function
