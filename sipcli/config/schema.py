"""`Key`: the name in each source, the type, the documentation and the default of a key."""

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
    """Headings of the help and of the example file."""

    ACCOUNT = "Account"
    SECRETS = "Secrets"
    CONNECTION = "WebSocket connection"
    WIRE = "SIP on the wire"
    CALLS = "Calls"
    MEDIA = "Codecs, STUN, TURN and ICE"
    AUDIO = "Audio"
    LOG = "Log"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key of the configuration."""

    name: str
    """The name in the file; `table.key` for a key in a table."""
    kind: Kind[Any]
    section: Section
    doc: str
    """The first sentence says what it is; the rest, what else a user should know."""
    example: str = ""
    """An example value in TOML, for a key without a default."""
    derived: str = ""
    """The default in words, if it is not a constant."""
    effective: str = ""
    """The property of `Settings` that resolves a derived default."""
    secret: bool = False
    """True: the value is a secret. It is never shown; sipcli warns if other users can read it."""
    hidden: bool = False
    """True: the value is no secret itself, but may contain one, so it is never shown."""
    rare: bool = False
    """True: seldom needed. `-h` leaves it to `sipcli help settings`."""
    other_option: str = ""
    """The option, if it is not the key in kebab-case."""

    @property
    def table(self) -> str:
        """The table of the key; empty for the top level."""
        return self.name.rpartition(".")[0]

    @property
    def identifier(self) -> str:
        """The name as an identifier, used for the parameter of the option."""
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
        """The default as a plain value; None if it is derived or there is none."""
        return None if self.derived else self.shown(_DEFAULTS)

    def plain(self, value: object) -> object:
        """Return `value` as a plain value for TOML and JSON, secrets hidden; None for no value."""
        plain = None if value is None else self.kind.plain(value)
        return HIDDEN if (self.secret or self.hidden) and isinstance(plain, str) else plain

    def shown(self, settings: Settings) -> object:
        """Return the value in effect, as `plain` does."""
        return self.plain(attrgetter(self.effective or self.name)(settings))
