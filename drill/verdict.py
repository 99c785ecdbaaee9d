"""What must be true after a drill, looked for in three places that know nothing of each other: histories, records, mailbox."""

from __future__ import annotations

import itertools
import json
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHistory
from temporalio.converter import DataConverter
from temporalio.worker import Replayer

from casework.activities.composing import message_key
from casework.adapters.postgres.records import PostgresRecords
from casework.drill.faults import Happened
from casework.drill.mailbox import Mail
from casework.drill.people import Account, Answer
from casework.payloads import CaseworkPayloadConverter
from casework.runner import casework_runner
from casework.starter.client import CaseClient
from casework.starter.errors import CaseworkError
from casework.workflows.processes import installed


class Finding(NamedTuple):
    """Something that must not be."""

    what: str
    case_id: str
    detail: str


class Verdict(NamedTuple):
    """The findings, and the figures of a table."""

    findings: list[Finding]
    figures: dict[str, int]


class Judge:
    """Compares what cases decided with what the records say and what people were told."""

    def __init__(
        self,
        client: CaseClient,
        records: PostgresRecords,
        mails: Sequence[Mail],
        happened: Sequence[Happened],
        calls: Mapping[str, str] | None = None,
    ) -> None:
        """`calls` are the keys of messages that may be there: calls at the counter, which nobody waits for."""
        self._client = client
        self._temporal: Client = client.temporal
        self._records = records
        self._mails = mails
        self._happened, self._calls = happened, calls or {}
        self._findings: list[Finding] = []
        self._figures: Counter[str] = Counter()

    async def judge(self, account: Account) -> Verdict:
        """Look at every case."""
        cases = await self._all_cases(account)
        told: dict[str, str] = {}
        for case_id in cases:
            histories = [history async for history in self._histories(case_id)]
            await self._replay(case_id, histories)
            await self._compare(case_id, histories)
            told |= await self._notices(case_id)
        self._mailbox(told)
        self._answers(account, await self._actors(cases))
        self._figures["cases"] = len(cases)
        return Verdict(self._findings, dict(self._figures))

    async def _all_cases(self, account: Account) -> list[str]:
        """Those that were opened, and those they went on as."""
        found = dict.fromkeys(account.cases)
        for case_id in account.cases:
            try:
                view = await self._client.case(case_id).view()
            except CaseworkError as error:
                self._say("cannot be shown", case_id, str(error)[:300])
                continue
            found |= dict.fromkeys(link.case_id for link in view.links)
        return list(found)

    async def _histories(self, case_id: str) -> AsyncIterator[WorkflowHistory]:
        """Of every run of a case, the first first."""
        runs = [run async for run in self._temporal.list_workflows(f"WorkflowId = '{case_id}'")]
        for run in sorted(runs, key=lambda run: run.start_time):
            yield await self._temporal.get_workflow_handle(case_id, run_id=run.run_id).fetch_history()

    async def _replay(self, case_id: str, histories: Sequence[WorkflowHistory]) -> None:
        for history in histories:
            self._figures["histories"] += 1
            self._figures["history events"] += len(history.events)
            try:
                await replayer().replay_workflow(history)
            except Exception as error:  # noqa: BLE001 - whatever it is, this history does not replay
                self._say("does not replay", case_id, str(error)[:300])

    async def _compare(self, case_id: str, histories: Sequence[WorkflowHistory]) -> None:
        """Event by event: what the case decided, as its history has it and as it says itself, and what the records hold."""
        decided = {
            (event["seq"], event["key"]): (event["type"], _instant(event["at"]), event.get("data", {}))
            for batch in _batches(histories)
            for event in batch.get("events", [])
        }
        recorded = {(e.seq, e.key): (e.type, e.at.timestamp(), e.data) for e in await self._records.events(case_id)}
        try:
            itself = {(event.seq, event.key) for event in (await self._client.case(case_id).view()).events}
        except CaseworkError:
            itself = set(decided)  # said already
        self._figures["events"] += len(decided)
        for key in sorted(decided.keys() | recorded.keys() | itself):
            if key not in recorded:
                self._say("decided and not recorded", case_id, f"{key} {decided.get(key, ('?',))[0]}")
            elif key not in decided or (key not in itself and len(itself) < 100):
                self._say("recorded and not decided", case_id, f"{key} {recorded[key][0]}")
            elif decided[key] != recorded[key]:
                self._say("recorded otherwise", case_id, f"{key} {decided[key][0]}")
        seqs = [seq for seq, _ in sorted(recorded)]
        if seqs != list(range(1, len(seqs) + 1)):
            self._say("numbers of events have gaps or doubles", case_id, str(seqs))

    async def _notices(self, case_id: str) -> dict[str, str]:
        """The Message-IDs that must be in the mailbox, by the notice they stand for."""
        sent = {}
        for notice in await self._records.notices(case_id):
            self._figures["notices"] += 1
            if notice["status"] == "owed":
                self._say("still owed", case_id, notice["notice_id"])
            if notice["status"] == "sent":
                sent[message_key(case_id, notice["notice_id"])] = f"{case_id} {notice['notice_id']}"
        return sent

    def _mailbox(self, told: dict[str, str]) -> None:
        copies: dict[str, list[Mail]] = defaultdict(list)
        for mail in self._mails:
            copies[mail.message_id.partition("@")[0]].append(mail)
        self._figures["mails"] = len(self._mails)
        for key, notice in told.items():
            if not copies[key]:
                self._say("noted as sent and never received", notice, key)
        for key, mails in copies.items():
            if key not in told and key not in self._calls and any(mail.acknowledged for mail in mails):
                self._say("told without a notice in the records that was sent", mails[0].to, key)
            if len(mails) > 1:
                self._figures["mails doubled in the window, same Message-ID"] += len(mails) - 1
                for first, second in itertools.pairwise(mails):
                    if first.acknowledged and not self._in_window(first, second):
                        self._say("told twice outside the window", told.get(key, first.to), key)
        texts = Counter((mail.to, mail.text) for mail in {mail.message_id: mail for mail in self._mails}.values())
        for (to, _text), times in texts.items():
            if times > 1 and "citizen-" in to:
                self._figures["the same text under different Message-IDs"] += times - 1

    def _in_window(self, first: Mail, second: Mail) -> bool:
        """Whether a crash or an outage of the records lay between the mail server's 250 and our note of it."""
        return any(
            first.at - 1 <= fault.ended and fault.began <= second.at for fault in self._happened if "mail" not in fault.name
        )

    async def _actors(self, cases: Sequence[str]) -> Counter[tuple[str, str]]:
        found: Counter[tuple[str, str]] = Counter()
        for case_id in cases:
            found.update((case_id, event.actor.id) for event in await self._records.events(case_id) if event.actor is not None)
        return found

    def _answers(self, account: Account, recorded: Counter[tuple[str, str]]) -> None:
        for given in account.given:
            self._figures[f"commands {given.answer.value}"] += 1
            times = recorded[given.case_id, given.by]
            if given.answer is Answer.REFUSED and times:
                self._say("refused to its giver, and in the records", given.case_id, f"{given.command} by {given.by}")
            if given.answer is Answer.DONE and not times and given.command != "recount":
                self._say("answered, and not in the records", given.case_id, f"{given.command} by {given.by}")
            if times > 1:
                self._say("taken more than once", given.case_id, f"{given.command} by {given.by}")

    def _say(self, what: str, case_id: str, detail: str) -> None:
        self._findings.append(Finding(what, case_id, detail))


def replayer(*more: type) -> Replayer:
    """Replays as a casework worker would, `more` workflows beside the processes."""
    return Replayer(
        workflows=[*installed().values(), *more],
        data_converter=DataConverter(payload_converter_class=CaseworkPayloadConverter),
        workflow_runner=casework_runner(None),
    )


def _batches(histories: Sequence[WorkflowHistory]) -> list[dict[str, Any]]:
    """The input of every `record` activity."""
    return [
        json.loads(event.activity_task_scheduled_event_attributes.input.payloads[0].data)
        for history in histories
        for event in history.events
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
        and event.activity_task_scheduled_event_attributes.activity_type.name == "record"
    ]


def _instant(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
