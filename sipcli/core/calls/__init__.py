"""INVITE, the dialogs that come of it, and all that happens in them."""
