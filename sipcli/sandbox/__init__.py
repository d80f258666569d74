"""A SIP server in this process, for trying out and for tests: registrar, proxy, extensions."""
