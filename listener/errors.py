"""Exceptions of the listener."""


class ListenerRefused(Exception):
    """The listener cannot start; the message says why in one line."""
