"""Every setting as an option of the commands that connect, made from the table of keys."""

import functools
import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import click

from sipcli.cli.command_help import Group, option
from sipcli.cli.evidence_options import EvidenceOptions, evidence_options
from sipcli.cli.shared_options import Common, common, common_options
from sipcli.config.format import toml_text
from sipcli.config.keys import Key, Section
from sipcli.config.load import Loaded, load
from sipcli.config.settings import KEYS
from sipcli.config.sources import Given

_GROUPS: Final = {
    Section.ACCOUNT: Group.ACCOUNT,
    Section.SECRETS: Group.ACCOUNT,
    Section.CONNECTION: Group.ACCOUNT,
    Section.WIRE: Group.ACCOUNT,
    Section.CALLS: Group.OPTIONS,
    Section.MEDIA: Group.MEDIA,
    Section.AUDIO: Group.AUDIO,
    Section.LOG: Group.LOG,
    Section.EVIDENCE: Group.EVIDENCE,
}


def in_sections(*sections: Section) -> frozenset[str]:
    """Return the names of the keys in some sections."""
    return frozenset(key.name for key in KEYS if key.section in sections)


_OF_CALLS: Final = (Section.CALLS, Section.MEDIA, Section.AUDIO)
ALL: Final = in_sections(*Section)
OF_EVIDENCE: Final = in_sections(Section.EVIDENCE)
SIGNALLING: Final = ALL - in_sections(*_OF_CALLS)
"""The keys that matter without a call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """What the user asked for, besides the command's own options."""

    common: Common
    given: Mapping[str, Given | None]
    """The settings given as options, raw; their readers name the option if they are wrong."""
    evidence: EvidenceOptions = field(default_factory=EvidenceOptions)
    sandbox: bool = False
    """Whether to run against a sandbox in this process, whatever account is set up."""

    def load(self, only: Collection[str] = ALL) -> Loaded:
        """Return the settings in force, others than `only` these as they are by default.

        Raises `ConfigError`.
        """
        return load(
            self.given,
            only=only,
            config=self.common.config,
            profile=self.common.profile,
            environ=os.environ,
        )


def settings_options(
    *,
    shown: Collection[str],
    without: Collection[str] = (),
    connects: bool = False,
    records: bool = False,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add all settings and the common options to a command; it gets an `Invocation` first.

    Only the keys that `shown` names matter to the command: the options of the others are
    accepted, but hidden. `without` names keys whose option the command uses for something of its
    own; a command that `records` has the options of evidence, and one that `connects` has
    `--sandbox`, too.
    """
    records = records or connects
    keys = [key for key in KEYS if key.name not in without]

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def command(*args: Any, **parameters: Any) -> Any:
            given = {key.identifier: parameters.pop(key.identifier) for key in keys}
            evidence = EvidenceOptions.taken_from(parameters) if records else EvidenceOptions()
            invocation = Invocation(
                common=common(),
                given=given,
                evidence=evidence,
                sandbox=parameters.pop("sandbox", False),
            )
            return function(invocation, *args, **parameters)

        decorated: Callable[..., Any] = common_options(command)
        if connects:
            decorated = _SANDBOX(decorated)
        for key in reversed(keys):
            decorated = _option(key, hidden=key.name not in shown)(decorated)
        return evidence_options(decorated) if records else decorated

    return decorate


_SANDBOX = option(
    "--sandbox",
    is_flag=True,
    help="Run against a server inside this process: no account and no network are needed.",
)


def _option(key: Key, *, hidden: bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The option takes any text: it is the key's own reader that judges it."""
    attributes: dict[str, Any] = {"metavar": key.kind.metavar, "multiple": key.kind.many}
    names = key.option
    if key.kind.flag:
        names = f"{key.option}/{key.negative_option}"
        attributes = {"default": None}
    elif key.kind.metavar == "PATH":
        attributes["type"] = click.Path()  # for its completion
    elif key.kind.choices:
        attributes["shell_complete"] = functools.partial(_complete, key.kind.choices)
    return option(
        names,
        key.identifier,
        group=_GROUPS[key.section],
        listed=not key.rare,
        forms=key.kind.forms,
        hidden=hidden,
        help=_help(key),
        **attributes,
    )


def _complete(
    choices: tuple[str, ...], _context: click.Context, _option: click.Parameter, typed: str
) -> list[str]:
    return [choice for choice in choices if choice.startswith(typed)]


def _help(key: Key) -> str:
    notes = ["repeatable"] if key.kind.many else []
    if key.derived:
        notes.append(f"default: {key.derived}")
    elif key.default not in (None, [], {}):
        notes.append(f"default: {_unquoted(key.default)}")
    return f"{key.summary}  [{'; '.join(notes)}]" if notes else key.summary


def _unquoted(value: object) -> str:
    """A default as one types it after the option."""
    if isinstance(value, list):
        return " ".join(_unquoted(item) for item in value)
    return value if isinstance(value, str) else toml_text(value)
