"""Events as lines of the log: the contract's at `info`, those for the program alone at `debug`."""

import logging
from typing import TYPE_CHECKING

from sipcli.core.describe import describe

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def log_event(logger: logging.Logger, event: "DataclassInstance") -> None:
    """Log one event; the contract's are those with a `name`."""
    level = logging.INFO if hasattr(event, "name") else logging.DEBUG
    if logger.isEnabledFor(level):
        logger.log(level, "%s", describe(event))
