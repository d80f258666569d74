"""What all tests need of the process that they run in."""

import signal

from hypothesis import HealthCheck, settings

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts what runs in its background deaf to SIGINT, and programs inherit that: those
    # that the tests start and interrupt would never hear of it.
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A limit of 200 ms an example says how busy the machine is. What hangs meets pytest's timeout.
settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")
