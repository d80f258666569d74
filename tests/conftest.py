"""What all tests need of the process that they run in."""

import signal

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts what runs in its background deaf to SIGINT, and programs inherit that: those
    # that the tests start and interrupt would never hear of it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
