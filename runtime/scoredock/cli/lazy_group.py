"""A group of commands that imports one when it is run, or when the group's help says what it does."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click


class LazyGroup(click.Group):
    """``lazy``: modules by the name of the command, in the help's order; each holds its command under that name.

    ``extras``: what a command needs to be installed beside scoredock itself, by its name.
    """

    def __init__(self, *arguments: Any, lazy: dict[str, str], extras: dict[str, str], **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._lazy = lazy
        self._extras = extras

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was asked for; a package of its extra that is missing is said in one line."""
        try:
            return super().invoke(ctx)
        except ModuleNotFoundError as error:
            extra = self._extras.get(ctx.invoked_subcommand or "")
            if extra is None or (error.name or "scoredock").partition(".")[0] == "scoredock":
                raise
            raise click.ClickException(
                f"{ctx.invoked_subcommand} needs a package that is not installed, {error.name!r}: "
                f"pip install 'scoredock[{extra}]'"
            ) from None

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, also of commands that nobody has imported."""
        return list(self._lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, imported now."""
        if cmd_name in self._lazy and cmd_name not in self.commands:
            self.add_command(getattr(import_module(self._lazy[cmd_name]), cmd_name))
        return super().get_command(ctx, cmd_name)
