"""The console script: before anything else it sees to Ctrl-C, for loading takes its time."""

from sipcli import interrupts

interrupts.hold()


def entry() -> None:
    """Run the command, and exit with its code."""
    from sipcli.cli.main import entry as run

    run()
