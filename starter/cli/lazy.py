"""A group of commands whose modules are loaded when they are called: `casework --help` needs none of them."""

from __future__ import annotations

import importlib
from difflib import get_close_matches
from typing import Any, ClassVar, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup

PLAIN: dict[str, Any] = {"rich_markup_mode": "rich", "add_completion": False, "pretty_exceptions_enable": False}


class Lazy(NamedTuple):
    """Where a command is (a module of this package and a name in it, or a group), its first line of help, its panel."""

    where: str | type[TyperGroup]
    help: str
    panel: str | None = None


class LazyGroup(TyperGroup):
    """Lists its commands from what is said of them, and loads the one that is called."""

    commands_at: ClassVar[dict[str, Lazy]] = {}

    def list_commands(self, ctx: Any) -> list[str]:
        """See click.Group."""
        return list(self.commands_at)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A command as the list shows it: its name and first line."""
        if cmd_name not in self.commands_at:
            return None
        lazy = self.commands_at[cmd_name]
        return TyperCommand(cmd_name, help=lazy.help, rich_help_panel=lazy.panel, rich_markup_mode=self.rich_markup_mode)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """See click.Group: the command itself."""
        if args and args[0] in self.commands_at:
            return args[0], self.loaded(args[0]), args[1:]
        if args and (meant := get_close_matches(args[0], self.commands_at, 1)):
            ctx.fail(f"No such command '{args[0]}'. Did you mean {meant[0]}?")
        return super().resolve_command(ctx, args)

    def loaded(self, name: str) -> Any:
        """The command with everything it needs."""
        where = self.commands_at[name].where
        if isinstance(where, str):
            module, _, attribute = where.partition(":")
            found = getattr(importlib.import_module(f"casework.starter.cli.{module}"), attribute)
            app = found if isinstance(found, typer.Typer) else typer.Typer(**PLAIN)
            if app is not found:
                app.command(name)(found)
        else:
            app = typer.Typer(cls=where, help=self.commands_at[name].help, no_args_is_help=True, **PLAIN)
            app.callback()(lambda: None)
        command = typer.main.get_command(app)
        command.name = name
        return command
