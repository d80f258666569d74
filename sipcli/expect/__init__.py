"""Expectations of a call, judged by the audio and signalling that sipcli received and sent."""
