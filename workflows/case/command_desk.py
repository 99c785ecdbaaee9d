"""The desk where commands arrive: declared once by message and stages, checked, handed to the stage that waits.

    class ForwardProcess(Process):
        forward_application = command(ForwardApplication, Stage.SUBMITTED)

A command is an update. Its payload is read with the message's own model, so that somebody who goes past the client
with plain Temporal also hears which field is wrong. A command with `act` is carried out at once; one without is handed
to the stage that waits for it (`case.decision()`), where the procedure says what follows.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from pydantic import ValidationError
from temporalio import workflow
from temporalio.exceptions import ApplicationError

from casework.standards.counting.plan import OWNER
from casework.workflows import errors
from casework.workflows.case.definition import ProcessDefinition, Stages
from casework.workflows.case.file import MOST_HELD, REPLIES_KEPT, CaseFile
from casework.workflows.case.receipts import unfit_receipt
from casework.workflows.messages.commands import Command, FromOutside, Rate
from casework.workflows.messages.events import EventType
from casework.workflows.messages.people import Actor
from casework.workflows.messages.views import AllowedCommand, CommandReply
from casework.workflows.names import CLOSED

if TYPE_CHECKING:
    from casework.workflows.case.case import Case

DESCRIPTIONS_AT_HAND = 256


class Where(Enum):
    """In which stages of any process a command is possible."""

    EVERY_STAGE = "any stage"
    OPEN_STAGES = "any open stage"
    BEFORE_THE_OUTCOME = "any stage before the outcome"


Act = Callable[["Case", Any], Awaitable[None] | None]
Check = Callable[[CaseFile, Any], str | None]


def _always(_: CaseFile) -> bool:
    return True


@dataclass(frozen=True)
class CommandDefinition:
    """One command of a process. `check` returns why the message is refused, or None. Commands by operators are given with
    the means of the system (casework calendar, casework standards migrate), not by a role of the standard."""

    message: type[Command]
    where: Where | tuple[Stages, ...]
    act: Act | None = None
    check: Check | None = None
    by_operators: bool = False
    offered: Callable[[CaseFile], bool] = _always  # whether it is worth offering now; the check has the last word

    @property
    def takes_further(self) -> bool:
        """Whether it takes a stage of the procedure further; commands of every stage do not."""
        return self.act is None and not isinstance(self.where, Where)

    @property
    def name(self) -> str:
        """The name of the update."""
        return self.message.command_name()

    @property
    def description(self) -> str:
        """What the operator reads in the Temporal UI before sending it."""
        where = self.where.value if isinstance(self.where, Where) else ", ".join(stage.value for stage in self.where)
        return described(self.message, where)

    def is_possible(self, file: CaseFile) -> bool:
        """Whether the stage of a case allows it."""
        match self.where:
            case Where.EVERY_STAGE:
                return True
            case Where.OPEN_STAGES:
                return file.stage != CLOSED
            case Where.BEFORE_THE_OUTCOME:
                return file.stage != CLOSED and file.outcome is None
            case stages:
                return file.stage in stages

    def stages(self, process: type[HoldsCase]) -> list[str]:
        """The open stages of a process in which it is possible."""
        if isinstance(self.where, tuple):
            return [stage.value for stage in self.where]
        rated = {stage for one in commands_of(process).values() if one.message is Rate for stage in one.stages(process)}
        return [
            stage.value
            for stage in process.definition.stages
            if self.where is not Where.BEFORE_THE_OUTCOME or stage.value not in rated
        ]

    def read(self, payload: Any, file: CaseFile) -> Command:
        """The message in a payload to this case; InvalidInput names each wrong field."""
        try:
            return self.message.model_validate(payload)
        except ValidationError as error:
            raise errors.invalid_input(self.name, error) from None


@lru_cache(maxsize=DESCRIPTIONS_AT_HAND)
def described(message: type[Command], stages: str) -> str:
    """What operators read of a command."""
    return f"{inspect.getdoc(message)} [in {stages}; JSON with {', '.join(message.model_fields)}]"


class HoldsCase(Protocol):
    """What a process class has."""

    definition: ClassVar[ProcessDefinition]
    case: Case


def command(
    message: type[Command],
    *stages: Stages,
    where: Where | None = None,
    act: Act | None = None,
    check: Check | None = None,
    by_operators: bool = False,
    offered: Callable[[CaseFile], bool] = _always,
) -> Any:
    """Declare a command: an update named after its message, possible in these stages.

    `act` carries it out at once; without it, it is handed to the stage that waits for a decision. `check` says why a message
    is refused, or None; `offered` whether it is worth offering now.
    """
    return update_of(CommandDefinition(message, where or stages, act, check, by_operators, offered))


def update_of(declared: CommandDefinition) -> Any:
    """The update, with its validator, that carries a declared command."""

    async def handler(self: HoldsCase, payload: Any = None) -> CommandReply:
        return await self.case.desk.obey(declared, payload, self.case)

    def validator(self: HoldsCase, payload: Any = None) -> None:
        self.case.desk.admit(declared, payload)

    handler.__name__ = validator.__name__ = declared.name
    handler.__doc__ = declared.description
    _describe(handler, CommandReply)
    _describe(validator, None)
    update = workflow.update(name=declared.name, description=declared.description)(handler)
    update.validator(validator)
    update.declaration = declared  # type: ignore[attr-defined]  # found again by commands_of
    return update


def _payload(self: HoldsCase, payload: Any = None) -> None: ...


SIGNATURE = inspect.signature(_payload)


def _describe(function: Any, returns: type | None) -> None:
    """Say what a handler takes, so that Temporal need not find out anew for every command of every case (half of the time
    that loading a process takes)."""
    function.__annotations__ = {"self": HoldsCase, "payload": Any, "return": returns}
    function.__signature__ = SIGNATURE


def commands_of(process: type) -> dict[str, CommandDefinition]:
    """Every command of a process, by name."""
    found = (getattr(process, name) for name in dir(process))
    return {member.declaration.name: member.declaration for member in found if hasattr(member, "declaration")}


def acts_as(file: CaseFile, actor: Actor, roles: Sequence[str]) -> bool:
    """Whether somebody has one of these roles, or acts today for one that is absent."""
    today = workflow.now().astimezone(file.zone).date()
    acting = file.terms.acting if file.terms else []
    held = {actor.role, *(each.role for each in acting if each.by == actor.role and each.first_day <= today <= each.last_day)}
    return bool(held & set(roles))


class Taken:
    """A command on its way to the stage that waits for it."""

    def __init__(self, message: Command) -> None:
        self.message = message
        self.done = False
        self.declined: str | None = None


class CommandDesk:
    """Admits commands to one case and sees that each is answered when it is decided."""

    def __init__(self, file: CaseFile, commands: Mapping[str, CommandDefinition]) -> None:
        self._file = file
        self._commands = commands
        self._in_hand: Taken | None = None
        self.inbox: Taken | None = None
        self.invalid: ApplicationError | None = None
        self._again = asyncio.Lock()
        self.reset_at = -1  # the length of history when an operator's reset took effect

    def admit(self, declared: CommandDefinition, payload: Any) -> None:
        """The validator of every command: may it be given now, by this role, with this content? Changes nothing."""
        if self.invalid:
            raise self.invalid
        if self._answered_before() is None and not self._reapplied:
            message = declared.read(payload, self._file)
            if self._file.terms is not None:
                self._check(declared, message)

    async def obey(self, declared: CommandDefinition, payload: Any, case: Case) -> CommandReply:
        """The handler of every command."""
        before = self._answered_before()
        if before is not None:
            return before
        case.resets.take_up()
        if self._reapplied:
            return await self._obey_again(declared, payload, case)
        if self._file.terms is not None:
            return await self._carry_out(declared, declared.read(payload, self._file), case)
        async with self._again:  # came with the first task: the standard was not known when it was admitted
            await self.opened()
            case.resets.take_up()
            message = declared.read(payload, self._file)
            self._check(declared, message)
            return await self._carry_out(declared, message, case)

    async def _carry_out(self, declared: CommandDefinition, message: Command, case: Case) -> CommandReply:
        if declared.act is not None:
            case.catch_up()
            if declared.check and (reason := declared.check(self._file, message)):
                case.commit()  # what came due in the meantime has changed that, and goes out
                raise errors.refused(reason)
            doing = declared.act(case, message)
            if doing is not None:
                await doing
            case.commit()
        else:
            taken = self.inbox = Taken(message)
            await workflow.wait_condition(lambda: taken.done or self._file.stage == CLOSED)
            if taken.declined:
                raise errors.refused(taken.declined)
            if not taken.done and self._in_hand is not taken:
                raise errors.refused("the case was closed before this could be done")
        return self._remember(self.reply())

    async def _obey_again(self, declared: CommandDefinition, payload: Any, case: Case) -> CommandReply:
        """A command that the server gives again after a reset, long after it was answered: it takes effect, or that it could
        not is an event."""
        try:
            async with self._again:  # one by one: each is checked against what the one before it decided
                if self._file.terms is None:
                    await self.opened()
                case.resets.take_up()
                message = declared.read(payload, self._file)
                self._check(declared, message)
                return await self._carry_out(declared, message, case)
        except ApplicationError as refusal:
            if self._file.terms is not None:  # else the case cannot be opened any more, and fails with the reason
                because = refusal.message.partition(". Possible now")[0]
                case.record(EventType.COMMAND_NOT_REAPPLIED, command=declared.name, because=because)
                case.commit()
            raise

    def admit_opened(self, digest: Any) -> None:
        """The validator of `opened`: is this the case of the request that its sender has?"""
        if self.invalid:
            raise self.invalid
        if isinstance(digest, str) and digest != self._file.request.digest:
            raise errors.other_request(self._file.case_id)

    async def opened(self) -> CommandReply:
        """Wait until the case is open and answer, or say why it cannot be opened."""
        existed, self._file.asked_for = self._file.asked_for, True
        await workflow.wait_condition(lambda: self._file.terms is not None or self.invalid is not None)
        if self.invalid:
            raise self.invalid
        return self.reply().model_copy(update={"existed": existed})

    def take(self) -> Taken | None:
        """The command that waits for the stage, if there is one; it is answered when the stage is done with it."""
        self._in_hand, self.inbox = self.inbox, None
        return self._in_hand

    def answer(self) -> None:
        """The stage is done with the command it took."""
        if self._in_hand is not None:
            self._in_hand.done, self._in_hand = True, None

    def decline(self, reason: str) -> None:
        """The command that the stage took came too late after all."""
        if self._in_hand is not None:
            self._in_hand.declined = reason
        self.answer()

    def allowed(self) -> list[AllowedCommand]:
        """The commands that are possible now, and who may give them."""
        file = self._file
        if file.terms is None:
            return []
        roles = self._roles()
        return [
            AllowedCommand(name=name, roles=roles[name], decides=declared.act is None and name != "withdraw")
            for name, declared in sorted(self._commands.items())
            if declared.is_possible(file)
            and roles.get(name)
            and declared.offered(file)
            and not (declared.act is None and file.ending)
            and not (declared.message is Rate and file.rated)
        ]

    def reply(self) -> CommandReply:
        """Where the case stands."""
        return CommandReply(case_id=self._file.case_id, stage=self._file.stage, event=self._file.seq)

    def _check(self, declared: CommandDefinition, message: Command) -> None:
        now = [f"{c.name} ({', '.join(c.roles)})" for c in self.allowed()]
        stage = self._file.stage
        if not declared.is_possible(self._file):
            raise errors.refused(f"{declared.name} is not possible in the stage {stage}", now)
        roles = self._roles().get(declared.name, [])
        if not acts_as(self._file, message.actor, roles) and not declared.by_operators:
            takes = " or ".join(roles) or "a role that the standard does not name in this stage"
            raise errors.refused(f"{declared.name} in the stage {stage} takes {takes}, not {message.actor.role}", now)
        owner, unit = self._file.agency, message.actor.unit
        if message.actor.role.startswith(OWNER) and owner and unit != owner:
            who = unit or f"{message.actor.role} without its unit"
            raise errors.refused(f"the case is with {owner}; {who} cannot give {declared.name} (unit: {owner})", now)
        busy = self.inbox or self._in_hand
        if declared.act is None and busy is not None:
            raise errors.refused(f"{busy.message.command_name()} is being carried out; look at the case again", now)
        held = self._file.held
        if declared.name != "withdraw" and held >= (MOST_HELD if declared.act is None else 1):
            raise errors.refused("records or mail are down and the case holds all it can; try again later", now)
        if declared.act is None and self._file.ending:
            raise errors.refused("the result was reported and is being told", now)
        reason = unfit_receipt(self._file, message) if isinstance(message, FromOutside) else None
        reason = reason or (declared.check(self._file, message) if declared.check else None)
        if reason:
            raise errors.refused(reason, now)

    @property
    def _reapplied(self) -> bool:
        """Whether this command came with the task in which a reset took effect: the server gives those again that came after
        the point of the reset."""
        return workflow.info().get_current_history_length() == self.reset_at

    def _roles(self) -> dict[str, list[str]]:
        assert self._file.terms is not None
        by_stage = self._file.terms.commands
        return {**by_stage.get("any", {}), **by_stage.get(self._file.stage, {})}

    def _answered_before(self) -> CommandReply | None:
        update = workflow.current_update_info()
        return self._file.replies.get(update.id) if update else None

    def _remember(self, reply: CommandReply) -> CommandReply:
        """Temporal forgets update ids when a case continues as new; the file does not."""
        update = workflow.current_update_info()
        if update is not None:
            kept = list(self._file.replies.items())[-(REPLIES_KEPT - 1) :]
            self._file.replies = dict([*kept, (update.id, reply)])
        return reply
