"""Command-line options made from the table of settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from scoredock.settings import Declaration, groups

_NAMES = {"int": "NUMBER", "path": "PATH", "str": "TEXT"}


class OptionsCommand(click.Command):
    """A command without arguments, which says so to who names the script as one."""

    allow_extra_args = True

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the options. Raises UsageError for what is none."""
        rest = super().parse_args(ctx, args)
        if rest and not ctx.resilient_parsing:
            ctx.fail(
                f"Expected options alone, got {rest[0]}. Name the script with its option: --entry_script {rest[0]}"
            )
        return rest


class GroupedCommand(OptionsCommand):
    """A command whose help shows its options under the headings of the settings' groups."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, grouped; those that are no settings come last."""
        records = {parameter.name: parameter.get_help_record(ctx) for parameter in self.get_params(ctx)}
        for group, declarations in groups():
            rows = [records.pop(one.name) for one in declarations if one.name in records]
            found = [row for row in rows if row]
            if found:
                with formatter.section(group):
                    formatter.write_dl(found)
        rest = [row for row in records.values() if row]
        if rest:
            with formatter.section("Other"):
                formatter.write_dl(rest)


def setting_options(*, only: tuple[str, ...] = ()) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add an option for every setting that has a flag; ``only`` limits them to these names.

    Each option has the spelling with dashes as well.
    """

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        chosen = [one for _, group in groups() for one in group if one.flag and (not only or one.name in only)]
        for declaration in reversed(chosen):
            command = _option(declaration)(command)
        return command

    return add


def _option(declaration: Declaration) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    flag = declaration.flag or ""
    spellings = list(dict.fromkeys([flag, "--" + flag[2:].replace("_", "-")]))
    default = "" if declaration.default in (None, False) else f" Default: {declaration.default}."
    text = f"{declaration.meaning}{default} [{declaration.variable}]"
    if declaration.kind in ("bool", "bool_or_off"):
        return click.option(*spellings, declaration.name, is_flag=True, default=None, help=text)
    return click.option(*spellings, declaration.name, metavar=_NAMES[declaration.kind], help=text)
