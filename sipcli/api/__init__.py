"""The softphone as a library: what a test or a program in Python has (docs/python.md)."""
