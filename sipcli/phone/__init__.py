"""The Python API of the softphone: `Phone` and `Call` (docs/python.md)."""
