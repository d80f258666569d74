"""The WebSocket to the SIP server: the only importer of `websockets`."""
