"""`python -m sipcli`."""

from sipcli.start import entry

if __name__ == "__main__":
    entry()
