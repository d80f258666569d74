"""Maps an exception raised inside a call to the error that ends this call only."""

from sipcli.errors import MediaError, Phase, SipcliError


def explained(error: Exception) -> SipcliError | None:
    """Return the error to end the call with; None if `error` is a bug in sipcli.

    Running out of file descriptors or memory, or a missing module, is not a bug, and the next
    call may succeed.
    """
    if isinstance(error, SipcliError):
        return error
    if isinstance(error, OSError):
        return MediaError(f"the system refused: {error.strerror or error}", Phase.ICE)
    if isinstance(error, ImportError | MemoryError):
        return MediaError(f"{error or 'out of memory'}", Phase.ICE)
    return None
