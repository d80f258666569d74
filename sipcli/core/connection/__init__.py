"""Which server to be connected to, and keeping that connection."""
