"""Logs events: those of the contract at `info`, internal ones at `debug`."""

import logging
from typing import TYPE_CHECKING

from sipcli.core.describe import describe

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def log_event(logger: logging.Logger, event: "DataclassInstance") -> None:
    """Log one event; those of the contract have a `name`."""
    level = logging.INFO if hasattr(event, "name") else logging.DEBUG
    if logger.isEnabledFor(level):
        logger.log(level, "%s", describe(event))
