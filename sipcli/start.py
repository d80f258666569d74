"""The console script. It delays Ctrl-C first, because importing the rest takes a while."""

from sipcli import interrupts

interrupts.hold()


def entry() -> None:
    """Run the command, and exit with its exit code."""
    from sipcli.cli.main import entry as run

    run()
