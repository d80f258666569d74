"""`python -m sipcli`."""

from sipcli.cli.main import entry

if __name__ == "__main__":
    entry()
