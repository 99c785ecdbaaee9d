"""The command line: `casework --help` teaches it.

Exit codes: 0 done, 2 wrong usage or invalid input, 3 refused by the case, 4 not found, 5 cannot reach the server.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer
from temporalio.service import RPCError

from casework.logs import leave
from casework.starter.cli import calendar, cases, drill, explain, letters, migrate, officers, operate, service, standard, story
from casework.starter.cli.printing import complain
from casework.starter.errors import CaseworkError
from casework.workflows.processes import NoProcess

app = typer.Typer(
    name="casework",
    help="Cases of a joint service centre: open them, act on them, see what they wait for.",
    epilog="Start with: casework up (a Temporal, a PostgreSQL and a worker on this machine), then casework open forward FILE.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
standards = typer.Typer(help="The published standard as data.", no_args_is_help=True)
CASES, STANDARD, OPERATE = "Cases", "The standard", "Operation"
app.add_typer(standards, name="standards", rich_help_panel=STANDARD)
app.add_typer(officers.app, name="officers", rich_help_panel=OPERATE)
app.add_typer(calendar.app, name="calendar", rich_help_panel=STANDARD)

app.command("open", rich_help_panel=CASES)(cases.open_case)
app.command("do", rich_help_panel=CASES)(cases.do)
app.command("show", rich_help_panel=CASES)(cases.show)
app.command("list", rich_help_panel=CASES)(cases.list_cases)
app.command("explain", rich_help_panel=CASES)(explain.explain_case)
app.command("watch", rich_help_panel=CASES)(cases.watch)
app.command("commands", rich_help_panel=CASES)(cases.commands)
app.command("letters", rich_help_panel=CASES)(letters.letters)
app.command("due", rich_help_panel=STANDARD)(standard.due)
standards.command("check")(standard.check)
standards.command("new")(service.new)
standards.command("chart")(service.chart)
standards.command("freeze")(standard.freeze)
standards.command("migrate")(migrate.migrate)
app.command("story", rich_help_panel=STANDARD)(story.story)
app.command("up", rich_help_panel=OPERATE)(operate.up)
app.command("demo", rich_help_panel=OPERATE)(operate.demo)
app.command("setup", rich_help_panel=OPERATE)(operate.setup)
app.command("migrate", rich_help_panel=OPERATE)(operate.migrate)
app.command("drill", rich_help_panel=OPERATE)(drill.drill)
app.command("doctor", rich_help_panel=OPERATE)(operate.doctor)


@app.command("worker", rich_help_panel=OPERATE)
def worker() -> None:
    """Serve cases: the production worker. Temporal's environment configuration says where the server is (TEMPORAL_ADDRESS,
    TEMPORAL_NAMESPACE, TEMPORAL_PROFILE), CASEWORK_* the rest: DATABASE_URL, PACKS, CHANNELS,
    SMTP_URL, MAIL_FROM, LINE_TOKEN, TASK_QUEUE,
    LOG_LEVEL, MAX_CACHED_CASES."""
    os.execv(sys.executable, [sys.executable, "-P", "-m", "casework.worker"])  # noqa: S606 - the same Python, no shell wanted


@app.callback(invoke_without_command=True)
def root(version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False) -> None:
    """Cases of a joint service centre."""
    if version:
        from importlib.metadata import version as installed

        print(f"casework {installed('casework')}")
        raise typer.Exit


def main() -> None:
    """Entry point of `casework`."""
    leave(_run())


def _run() -> int:
    try:
        app()
    except NoProcess as error:
        complain(str(error))
        return 2
    except CaseworkError as error:
        complain(str(error))
        return error.exit_code
    except RPCError as error:
        complain(f"Temporal answers: {error.message}. Look with: casework doctor")
        return 5
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else 0 if done.code is None else _said(done.code)
    return 0


def _said(words: object) -> int:
    complain(str(words))
    return 2


if __name__ == "__main__":
    main()
