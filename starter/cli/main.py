"""The command line: `casework --help` teaches it.

Exit codes: 0 done, 2 wrong usage or invalid input, 3 refused by the case, 4 not found, 5 cannot reach the server.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated, ClassVar

import typer

from casework.leaving import leave
from casework.starter.cli.lazy import Lazy, LazyGroup

CASES, STANDARD, OPERATE = "Cases", "The standard", "Operation"


class Standards(LazyGroup):
    """casework standards."""

    commands_at: ClassVar = {
        "check": Lazy("standard:check", "Check an agency's own pack: every error with file, line, path and reason."),
        "new": Lazy("service:new", "Write a commented example of a service without Python."),
        "chart": Lazy("service:chart", "Draw a service: its published steps, or the ways between its stages."),
        "freeze": Lazy("standard:freeze", "Write the closed days of a pack year by year, each with its source."),
        "migrate": Lazy("migrate:migrate", "Move open cases from one version of the standard to another."),
    }


class Casework(LazyGroup):
    """casework."""

    commands_at: ClassVar = {
        "open": Lazy("cases:open_case", "Open a case from a JSON request and print its id.", CASES),
        "do": Lazy("cases:do", "Give a command to a case, from JSON if it needs any.", CASES),
        "show": Lazy("cases:show", "Show a case: where it stands, what is possible now and by whom.", CASES),
        "desk": Lazy("desk:desk", "A person's day: what is late, what waits for them, what is theirs.", CASES),
        "list": Lazy("cases:list_cases", "List open cases, newest first.", CASES),
        "explain": Lazy("explain:explain_case", "Count a case's due times and its promise day by day.", CASES),
        "watch": Lazy("cases:watch", "Follow a case until it closes: every event as it happens.", CASES),
        "commands": Lazy("cases:commands", "List a service's commands, each with its JSON schema.", CASES),
        "queue": Lazy("queue:app", "The counter's queue: tickets, points, calls, the board.", CASES),
        "report": Lazy("report:report_command", "A period in sentences, figures and plots: in time, late, how content.", OPERATE),
        "events": Lazy("events:events", "What happened, as CloudEvents: everything, or from where you stopped.", OPERATE),
        "webhooks": Lazy("events:webhooks", "Endpoints that are sent every event, signed.", OPERATE),
        "voice": Lazy("voice:app", "What people say before, during and after a service; questions and answers.", CASES),
        "improve": Lazy("improve:app", "Improvement tasks: what should be better, who answers for it, has it helped?", CASES),
        "letters": Lazy("letters:letters", "List what must be told on paper, and print it.", CASES),
        "due": Lazy("standard:due", "When a step is due that starts then, and every rung of its ladder.", STANDARD),
        "story": Lazy("story:story", "Play stories: when people act and time passes, then dates, events and notices.", STANDARD),
        "standards": Lazy(Standards, "The published standard as data.", STANDARD),
        "calendar": Lazy("calendar:app", "Holidays added, moved or withdrawn while cases are open.", STANDARD),
        "up": Lazy("operate:up", "Start everything on this machine: Temporal with its UI, PostgreSQL, a worker.", OPERATE),
        "demo": Lazy("operate:demo", "Play one case of each service on real servers, one of them unanswered.", OPERATE),
        "setup": Lazy("operate:setup", "Prepare the namespace and the database that the settings name.", OPERATE),
        "migrate": Lazy("operate:migrate", "Bring the schema of the records up to date.", OPERATE),
        "drill": Lazy("drill:drill", "Let everything fail while people work, then compare all that was written.", OPERATE),
        "doctor": Lazy("operate:doctor", "Is everything reachable and in order, the servers and every open case?", OPERATE),
        "officers": Lazy("officers:app", "Who answers for matters: names on notices, and who stands in.", OPERATE),
        "worker": Lazy("operate:worker", "Serve cases: the production worker.", OPERATE),
    }


app = typer.Typer(
    name="casework",
    cls=Casework,
    help="Cases of a joint service centre: open them, act on them, see what they wait for.",
    epilog="Start with: casework up (a Temporal, a PostgreSQL and a worker on this machine), then casework open forward FILE.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


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
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else 0 if done.code is None else _said(str(done.code), 2)
    except Exception as error:  # noqa: BLE001 - told in a line where it is one of ours; raised again where nobody foresaw it
        return _told(error)
    return 0


def _told(error: Exception) -> int:
    from temporalio.service import RPCError

    from casework.starter.errors import CaseworkError
    from casework.workflows.processes import NoProcess

    if isinstance(error, CaseworkError):
        return _said(str(error), error.exit_code)
    if isinstance(error, NoProcess):
        return _said(str(error), 2)
    if isinstance(error, RPCError):
        return _said(f"Temporal answers: {error.message}. Look with: casework doctor", 5)
    raise error


def _said(words: str, exit_code: int) -> int:
    from casework.starter.cli.printing import complain

    complain(words)
    return exit_code


if __name__ == "__main__":
    main()
