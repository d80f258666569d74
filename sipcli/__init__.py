"""A command-line softphone: SIP over WebSocket, audio over WebRTC."""

__version__ = "0.1.0"
