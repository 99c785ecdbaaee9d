"""casework story: play stories and print what happened beside what was expected."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from datetime import datetime
from pathlib import Path

from rich.markup import escape

from casework.leaving import leave
from casework.standards.pack.loader import PackError
from casework.starter.cli.printing import complain, console, note, say, table
from casework.starter.dev.embedded import NotInstalled
from casework.stories.queue_runner import QueueRunner
from casework.stories.queue_story import QueueStory, kind_of
from casework.stories.runner import Played, StoryRunner
from casework.stories.servers import story_servers
from casework.stories.story import ONE, Story, StoryError, read_as
from casework.workflows.processes import NoProcess


async def play(files: list[Path], timeline: bool, texts: bool) -> int:
    """Play them all; 0 when everything came out as told, 1 when not, 2 when a story cannot be read."""
    stories: list[tuple[Path, Story | QueueStory]] = []
    problems = 0
    for file in files:
        try:
            stories.append((file, read_as(file, kind_of)))
        except StoryError as error:
            problems += 1
            complain(str(error))
    failed = 0
    if not stories:
        return 2
    async with story_servers() as servers:
        runner = StoryRunner(servers.environment, servers.records)
        counter = QueueRunner(servers.environment, servers.records)
        for file, story in stories:
            began = time.monotonic()
            try:
                played = await (
                    counter.play(story, file.parent) if isinstance(story, QueueStory) else runner.play(story, file.parent)
                )
            except (PackError, StoryError, NoProcess, ValueError) as error:
                complain(f"{file}: {error}")
                problems += 1
                continue
            failed += not played.ok
            show(file, played, time.monotonic() - began, timeline or not played.ok, texts)
    if len(files) > 1:
        console.print(f"{len(stories) - failed} of {len(files)} stories came out as told")
    return 2 if problems else 1 if failed else 0


def show(file: Path, played: Played, seconds: float, timeline: bool, texts: bool) -> None:
    """One story: what happened, beside what was expected."""
    mark = "[green]✓[/]" if played.ok else "[red]✗[/]"
    source = f"  [dim]{escape(played.story.source)}[/]" if played.story.source else ""
    console.print(f"{mark} [bold]{escape(played.story.story)}[/]{source}  [dim]{file.name}, {seconds:.1f} s[/]")
    if timeline:
        width = max((len(told.case) for told in played.timeline), default=0) + 2
        for told in played.timeline:
            case = "" if told.case == ONE else f"{told.case:<{width}}"
            console.print(f"    {_clock(told.event.at.astimezone(played.zone))}  {case}{say(told.event)}")
    if texts:
        for message in played.messages:
            note(f"    to {message.address}: {message.body}")
    found = table("    ", "", "expected", "happened")
    for each in played.checks:
        case = "" if each.case == ONE else f"{each.case}: "
        happened = escape(each.happened) if each.ok else f"[red]{escape(each.happened)}[/]"
        found.add_row(
            "    [green]✓[/]" if each.ok else "    [red]✗[/]", escape(f"{case}{each.what}"), escape(each.expected), happened
        )
    console.print(found)


def _clock(at: datetime) -> str:
    return f"{at:%a %Y-%m-%d %H:%M:%S}" if at.second else f"{at:%a %Y-%m-%d %H:%M}   "


def main() -> None:
    """Entry point of `casework story`; the options come from there."""
    words = sys.argv[1:]
    files = [Path(word) for word in words if not word.startswith("--")]
    try:
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the servers of a story end with it
        code = asyncio.run(play(files, "--timeline" in words, "--texts" in words))
    except NotInstalled as missing:
        complain(str(missing))
        code = 2
    except KeyboardInterrupt:
        code = 130
    leave(code)


if __name__ == "__main__":
    main()
