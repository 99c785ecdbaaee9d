"""What is counted of one service, as plain data: its steps, ladders, promise and pauses, taken out of a pack.

A case carries this with its terms, so that it counts by itself for life.
"""

from __future__ import annotations

from casework.standards.counting.plan import LETTERS, OFFICER, PROMISE, REQUESTER, SATISFACTION, SATISFACTION_REMINDER
from casework.standards.limits import Action, BeforeDue, Frozen, Limit
from casework.standards.pack.model import PauseRule, Rung, Service, ServiceStandards, Step

WALK_IN = "walk_in"  # the channel of those who stand at the counter


class StepRules(Frozen):
    """The limit of a step and its ladder. `ladder` is the name that the keys of its rungs begin with."""

    limit: Limit | None = None
    binds_requester: bool = False
    ladder: str = "default"
    rungs: list[Rung] = []
    soft: bool = False  # it warns and never breaches
    expires: bool = False  # when its limit passes, the stage ends
    starts_with_service: bool = False  # not with the receipt: when the requester is served
    progress: list[int] = []  # the working days at whose end the requester hears that the matter is in our care


class PauseRules(Frozen):
    """A reason for which clocks may stand still: how long at most, who is reminded, and how it ends."""

    th: str
    en: str
    steps: list[str]
    longest: Limit
    remind_before: BeforeDue
    remind: list[str]
    waits_for_requester: bool = False
    restarts: bool = False
    outcome: str | None = None  # how the case ends when the longest pause passes; None: the clocks run again
    tell_at_end: list[str] = []


class ServiceRules(Frozen):
    """Everything that the clocks of one service follow from, beside the calendar."""

    service: str
    standard: str  # id and version
    steps: dict[str, StepRules]
    promise: list[str]
    promise_remote: list[str] = []  # what is promised to those who do not stand at the counter, if it is another chain
    pauses: dict[str, PauseRules] = {}

    def step(self, name: str) -> StepRules:
        """The step of this name; KeyError names the known ones."""
        if name not in self.steps:
            raise KeyError(f"unknown step {name}; steps are {', '.join(self.steps)}")
        return self.steps[name]

    def chain(self, name: str) -> list[str]:
        """The steps that a chain is made of ("promise", or names joined by +); empty for a single step."""
        if "+" in name:
            return name.split("+")
        return self.promise if name == PROMISE else []

    def promised_on_receipt(self, channel: str) -> str | None:
        """The chain that the requester is promised when a request is received by this channel, or None if the promise is
        made only when somebody is served."""
        if channel != WALK_IN and self.promise_remote:
            return "+".join(self.promise_remote)
        return None if self.step(self.promise[0]).starts_with_service else PROMISE


def service_rules(pack: ServiceStandards, service: str) -> ServiceRules:
    """The rules of one service of a pack. Raises KeyError for an unknown service."""
    offered = pack.service(service)
    steps = {step.id: _step_rules(pack, offered, step) for step in offered.steps}
    letters = pack.letters
    steps[LETTERS] = StepRules(limit=letters.limit, ladder=letters.escalation, rungs=pack.escalations[letters.escalation])
    return ServiceRules(
        service=service,
        standard=f"{pack.id} {pack.version}",
        steps=steps,
        promise_remote=offered.promise_remote,
        promise=offered.promise or [name for name, step in steps.items() if step.limit][:1],
        pauses={reason: _pause_rules(rule, steps) for reason, rule in pack.pauses.items() if set(rule.steps) & set(steps)},
    )


def _step_rules(pack: ServiceStandards, service: Service, step: Step) -> StepRules:
    told = service.progress_notice if service.progress_notice and service.progress_notice.step == step.id else None
    rungs = [Rung(at="due", do=Action.WARN, to=[OFFICER])] if step.warn_only else []
    if step.id == SATISFACTION and pack.satisfaction.remind:
        rungs = [Rung(at=pack.satisfaction.remind, do=Action.REMIND, to=[REQUESTER], text=SATISFACTION_REMINDER)]
    return StepRules(
        limit=step.limit or (pack.satisfaction.link_valid if step.id == SATISFACTION else None),
        binds_requester=step.actor == REQUESTER,
        soft=step.warn_only,
        expires=step.id in service.expiring or step.id == SATISFACTION,
        starts_with_service=step.start_on == "service_started",
        ladder=step.escalation or "default",
        rungs=pack.escalations[step.escalation] if step.escalation else rungs,
        progress=told.at_working_days if told else [],
    )


def _pause_rules(rule: PauseRule, steps: dict[str, StepRules]) -> PauseRules:
    return PauseRules(
        th=rule.th,
        en=rule.en,
        steps=[step for step in rule.steps if step in steps],
        longest=rule.longest,
        remind_before=rule.remind.limit,
        remind=rule.remind.to,
        waits_for_requester=rule.waits_for == REQUESTER,
        restarts=rule.then == "restart",
        outcome=rule.outcome,
        tell_at_end=rule.tell_at_end,
    )
