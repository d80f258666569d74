"""Requests outside dialogs: ours, and what theirs deserve."""
