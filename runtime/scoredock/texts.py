"""Texts that several rooms write."""

from __future__ import annotations

import os


def printable(text: str, besides: str = "") -> str:
    r"""``text`` with ``\x0a`` and the like for what is not printed, and for the characters in ``besides``.

    So nothing that others have written ends a line, steers a terminal or changes the direction of writing. With a space
    in ``besides``, it does not pass for another field of the line either. Other text is returned as it is.
    """
    if text.isprintable() and not any(one in text for one in besides):
        return text
    return "".join(one if one.isprintable() and one not in besides else _escaped(ord(one)) for one in text)


def why_unreadable(error: OSError) -> str:
    """Why a file cannot be read, and what to do: the end of a sentence that begins with its path."""
    if isinstance(error, PermissionError):
        user = os.geteuid()
        return (
            f"may not be read by user {user}, as whom the server runs. Give it to that user (chown {user}), or the "
            "right to read it and to enter its folders."
        )
    return f"cannot be read: {error.strerror}."


def _escaped(code: int) -> str:
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
