"""What is known about a key: its name in each source, its kind, its documentation, its default."""

from dataclasses import dataclass
from enum import StrEnum
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

from sipcli.config.format import HIDDEN
from sipcli.config.settings import ANONYMOUS_HOST, Settings
from sipcli.config.types import Kind, whole
from sipcli.sip.uri import SipUri

ENV_PREFIX: Final = "SIPCLI_"
WHOLE_SECONDS: Final = whole("a whole number of seconds above 0, such as 60", "SECONDS")

_DEFAULTS: Final = Settings(uri=SipUri(host=ANONYMOUS_HOST), instance_id=UUID(int=0))


class Section(StrEnum):
    """Headings in the help and in the example file."""

    ACCOUNT = "Account"
    SECRETS = "Secrets"
    CONNECTION = "WebSocket connection"
    WIRE = "SIP on the wire"
    CALLS = "Calls and media"
    LOG = "Log"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key of the configuration."""

    name: str
    """As in the file; `table.key` for one inside a table."""
    kind: Kind[Any]
    section: Section
    doc: str
    """First sentence: what it is. The rest: what else its user should know."""
    example: str = ""
    """A value in TOML that shows the spelling, where there is no default to show it."""
    derived: str = ""
    """What the default is, in words, where it is not a constant."""
    effective: str = ""
    """The property of `Settings` that resolves a derived default."""
    secret: bool = False
    """Whether its value is a secret: never shown, and a warning where others can read it."""
    hidden: bool = False
    """Whether its value is never shown all the same, since a secret may stand in it."""
    other_option: str = ""
    """The option, where it is not the key in kebab-case."""

    @property
    def table(self) -> str:
        """The table that it stands in; empty for the top level."""
        return self.name.rpartition(".")[0]

    @property
    def identifier(self) -> str:
        """The name as an identifier: that of the option's parameter."""
        return self.name.replace(".", "_")

    @property
    def option(self) -> str:
        """The command-line option."""
        return self.other_option or "--" + self.identifier.replace("_", "-")

    @property
    def negative_option(self) -> str:
        """The option that sets a flag to false."""
        return "--no-" + self.option.removeprefix("--")

    @property
    def variable(self) -> str:
        """The environment variable."""
        return ENV_PREFIX + self.identifier.upper()

    @property
    def summary(self) -> str:
        """The first sentence of the documentation."""
        return self.doc.split(". ")[0].removesuffix(".") + "."

    @property
    def default(self) -> object:
        """The default as TOML and JSON can hold it; None where it is derived or there is none."""
        return None if self.derived else self.shown(_DEFAULTS)

    def plain(self, value: object) -> object:
        """`value` as TOML and JSON can hold it, secrets hidden; None for no value."""
        plain = None if value is None else self.kind.plain(value)
        return HIDDEN if (self.secret or self.hidden) and isinstance(plain, str) else plain

    def shown(self, settings: Settings) -> object:
        """The value in force as `plain` gives it."""
        return self.plain(attrgetter(self.effective or self.name)(settings))
