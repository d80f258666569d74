"""What went wrong in one call, as the error that ends this call and no other."""

from sipcli.errors import MediaError, Phase, SipcliError


def explained(error: Exception) -> SipcliError | None:
    """What `error` means for its call; None for what is a bug of ours.

    The machine may be out of files, memory or a module; that is no bug, and may have passed by
    the next call.
    """
    if isinstance(error, SipcliError):
        return error
    if isinstance(error, OSError):
        return MediaError(f"the system refused: {error.strerror or error}", Phase.ICE)
    if isinstance(error, ImportError | MemoryError):
        return MediaError(f"{error or 'out of memory'}", Phase.ICE)
    return None
