"""The people of a drill: they open cases and give seeded random commands, some of them wrong, some twice, whatever happens
to the servers meanwhile; and they remember what they were answered."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import Any

from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from casework.starter.client import CaseClient, CaseHandle
from casework.starter.errors import CaseworkError
from casework.stories import defaults
from casework.workflows import errors
from casework.workflows.messages.request import CaseRequest
from casework.workflows.messages.views import CaseView
from casework.workflows.processes import installed

SERVICES = ("information_request", "forward", "one_stop")
UNITS = {"owner_agency": "DOEB", "owner_supervisor": "DOEB", "owner_director": "DOEB"}
PAYLOADS: dict[str, list[dict[str, Any]]] = {
    "extend": [{"step": "owner_act", "by": 2, "reason": "รอผล"}],
    "pause": [{"reason": "awaiting_requester"}, {"reason": "force_majeure"}, {"reason": "awaiting_third_party"}],
    "convert": [{"into": "information_request"}],
    "assign_to_owner": [{"agency": "DOEB", "reason": "ตามอำนาจ"}, {"agency": "DEDE", "reason": "ตามอำนาจ"}],
    "rate": [
        {"scores": {"overall": 5}, "how": "slip"},
        {"scores": {"overall": 1}, "dissatisfaction": "ช้า", "how": "telephone"},
    ],
    "record_call_back": [{"reached": True}, {"reached": False}],
    "withdraw": [{"how": "เป็นหนังสือ"}],
    "record_service": [{"how": "handed_over"}, {"how": "read_out"}, {"how": "posted", "receipt": "EE 1"}],
}
RARE = {"withdraw", "record_no_show", "redirect", "settle", "refuse", "convert"}


class Answer(StrEnum):
    """What became of a command, as far as who gave it knows."""

    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"  # no answer: it may have been taken or not


@dataclass
class Given:
    """A command that was given. `by` is an actor's id that no other command has."""

    case_id: str
    command: str
    by: str
    answer: Answer = Answer.UNKNOWN


@dataclass
class Account:
    """Everything the people remember."""

    cases: list[str] = field(default_factory=list)
    given: list[Given] = field(default_factory=list)

    def count(self, answer: Answer) -> int:
        """How many commands were answered so."""
        return sum(each.answer is answer for each in self.given)


class People:
    """So many cases, so many at once."""

    def __init__(self, client: CaseClient, seed: int, cases: int, at_once: int) -> None:
        self._client = client
        self._seed, self._cases, self._at_once = seed, cases, at_once
        self.account = Account()
        self.done = 0

    async def work(self) -> None:
        """Open every case and act on it for a while."""
        slots = asyncio.Semaphore(self._at_once)

        async def one(number: int) -> None:
            async with slots:
                await self._case(number)
                self.done += 1

        await asyncio.gather(*(one(number) for number in range(self._cases)))

    async def _case(self, number: int) -> None:
        random = Random(f"{self._seed}/{number}")  # noqa: S311 - a drill is to be repeated, not to be secret
        service = random.choice(SERVICES)
        requester = {**defaults.REQUESTER, "email": f"citizen-{number}@home.example"}
        if random.random() < 0.15:
            del requester["email"]
        request = installed()[service].definition.request.model_validate(
            {
                "service": service,
                "centre": "JSC",
                "request_id": f"drill-{self._seed}-{number}",
                "requester": requester,
                "subject": defaults.SUBJECT,
                **defaults.REQUESTS[service],
            }
        )
        case = await self._open(request)
        for step in range(random.randint(3, 12)):
            await asyncio.sleep(random.uniform(0.0, 1.5))
            view = await self._view(case)
            if view is None:
                continue
            if view.stage == "closed":
                break
            await self._act(case, view, random, f"c{number}-{step}")

    async def _open(self, request: CaseRequest) -> CaseHandle:
        while True:
            try:
                case = await self._client.open(request)
                break
            except CaseworkError:  # nobody answered: the same request again is the same case
                await asyncio.sleep(0.5)
        if case.case_id not in self.account.cases:
            self.account.cases.append(case.case_id)
        return case

    async def _view(self, case: CaseHandle) -> CaseView | None:
        try:
            return await case.view()
        except CaseworkError:
            await asyncio.sleep(0.5)
            return None

    async def _act(self, case: CaseHandle, view: CaseView, random: Random, by: str) -> None:
        allowed = {each.name: each.roles for each in view.allowed_commands}
        usual = [name for name in allowed if name not in RARE]
        name = random.choice(usual if usual and random.random() < 0.85 else sorted(allowed) or ["add_note"])
        role = random.choice(allowed.get(name) or ["centre_officer"])
        if random.random() < 0.1:
            role = "requester" if role != "requester" else "centre_officer"  # not theirs to give, mostly
        actor = {"id": by, "role": role, **({"unit": view.agency or UNITS[role]} if role in UNITS else {})}
        payload = {**defaults.COMMANDS.get(name, {}), **random.choice(PAYLOADS.get(name, [{}])), "actor": actor}
        given = Given(case.case_id, name, by)
        self.account.given.append(given)
        for _ in range(2 if random.random() < 0.1 else 1):  # some are sent twice
            given.answer = await self._answer(case, name, payload, by, given.answer)

    async def _answer(self, case: CaseHandle, name: str, payload: Any, command_id: str, before: Answer) -> Answer:
        try:
            await case.send(name, payload, command_id)
        except CaseworkError as error:
            if before is Answer.DONE:
                return before
            return Answer.REFUSED if _said_no(error) else Answer.UNKNOWN
        return Answer.DONE


def _said_no(error: CaseworkError) -> bool:
    """Whether the case itself refused: not that nobody answered, or that it closed over an accepted command."""
    cause = error.__cause__
    no = cause.cause if isinstance(cause, WorkflowUpdateFailedError) else None
    return isinstance(no, ApplicationError) and no.type in (errors.REFUSED, errors.INVALID_INPUT)
