"""A group of commands that imports one when it is run, or when the group's help says what it does."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click


class LazyGroup(click.Group):
    """``lazy``: modules by the name of the command, in the help's order; each holds its command under that name."""

    def __init__(self, *arguments: Any, lazy: dict[str, str], **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, also of commands that nobody has imported."""
        return list(self._lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, imported now."""
        if cmd_name in self._lazy and cmd_name not in self.commands:
            self.add_command(getattr(import_module(self._lazy[cmd_name]), cmd_name))
        return super().get_command(ctx, cmd_name)
