"""Keys of the configuration: what a setting is called in each source, its type and its help.

A field of `Settings` or of a table declares its key with `key`, next to the default. `keys_of`
collects them. The readers, the options, `config show` and the example file are made from that.
"""

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from enum import StrEnum
from operator import attrgetter
from typing import Any, Final, TypedDict, TypeVar, Unpack

from sipcli.config.format import HIDDEN
from sipcli.config.types import Kind

T = TypeVar("T")

ENV_PREFIX: Final = "SIPCLI_"

_KEY: Final = "key"
"""Under which the metadata of a field holds its key."""


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
    EVIDENCE = "Evidence"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key of the configuration."""

    name: str = ""
    """The name in the file: that of the field; `table.key` for a key in a table."""
    initial: object = None
    """The default of the field."""
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
        return None if self.derived else self.plain(self.initial)

    def plain(self, value: object) -> object:
        """Return `value` as a plain value for TOML and JSON, secrets hidden; None for no value."""
        plain = None if value is None else self.kind.plain(value)
        return HIDDEN if (self.secret or self.hidden) and isinstance(plain, str) else plain

    def shown(self, settings: object) -> object:
        """Return the value in effect, as `plain` does."""
        return self.plain(attrgetter(self.effective or self.name)(settings))


class _More(TypedDict, total=False):
    """The fields of `Key` that most keys do not need."""

    example: str
    derived: str
    effective: str
    secret: bool
    hidden: bool
    rare: bool
    other_option: str


def key(default: T, kind: Kind[Any], section: Section, doc: str, **more: Unpack[_More]) -> T:
    """Declare a key, and its default, as the default of a dataclass field."""
    declaration = Key(kind=kind, section=section, doc=doc, **more)
    is_shown = not (declaration.secret or declaration.hidden)
    return field(default=default, metadata={_KEY: declaration}, repr=is_shown)


def declared(
    kind: Kind[Any], section: Section, doc: str, **more: Unpack[_More]
) -> Mapping[str, Key]:
    """Declare a key as the metadata of a field that has no default."""
    return {_KEY: Key(kind=kind, section=section, doc=doc, **more)}


def keys_of(settings: type, table: str = "") -> Iterator[Key]:
    """Yield the keys that the fields of a dataclass declare, and those of its tables.

    `table` comes before their names: `audio.`.
    """
    for each in fields(settings):
        if _KEY in each.metadata:
            initial = None if each.default is MISSING else each.default
            yield replace(each.metadata[_KEY], name=table + each.name, initial=initial)
        else:
            yield from keys_of(type(each.default), f"{each.name}.")
