"""The credentials of an account, from its settings."""

from sipcli.config.settings import Settings
from sipcli.core.requests.credentials import Credentials
from sipcli.errors import ConfigError
from sipcli.sip.grammar import Malformed


def credentials_of(settings: Settings) -> Credentials | None:
    """Return the credentials in the settings; None without a secret. Raises `ConfigError`."""
    if settings.password is None and settings.ha1 is None:
        return None
    try:
        return Credentials(settings.username, settings.password, settings.ha1)
    except Malformed as fault:
        raise ConfigError(f"the credentials cannot be used: {fault.reason}") from None
