"""When a change of the clocks is refused, and with what words."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow

from casework.standards.counting.plan import OWNER, PROMISE
from casework.standards.pack.declared import stranded
from casework.workflows.case.file import CaseFile
from casework.workflows.messages.commands import ChangeStandard, Extend, Pause, Resume
from casework.workflows.ports import Terms

PAUSES_KEPT = 50  # of one clock: its ledger goes with the case wherever it goes


def may_extend(file: CaseFile, message: Extend) -> str | None:
    """An extension is refused unless the pack allows it, at most as often and as far as it says."""
    clock = file.clocks.get(message.step)
    if clock is None or not clock.running:
        return f"the step {message.step} is not running (running: {_running(file)})"
    assert file.terms is not None
    allowed = file.terms.extensions.get(message.step)
    if allowed is None:
        return f"the standard does not let {message.step} be extended"
    given = len(clock.ledger.extensions)
    if given >= allowed.times:
        return f"{message.step} was extended {given} time(s), as often as the standard allows"
    if message.by > allowed.up_to.n:
        return f"{message.step} may be extended by at most {allowed.up_to}"
    return None


def may_pause(file: CaseFile, message: Pause) -> str | None:
    """Clocks stand still only for a reason that the standard lists, for steps it lists there, and one pause at a time."""
    assert file.terms is not None
    rule = file.terms.rules.pauses.get(message.reason)
    if rule is None:
        return f"the standard has no pause for {message.reason}; it has {', '.join(sorted(file.terms.rules.pauses)) or 'none'}"
    if file.ending is not None:
        return "the result was reported and is being told"
    passed = next((clock for clock in file.running if clock.entry_closes_at and clock.due_at < workflow.now()), None)
    if passed is not None:
        return f"the time of {passed.step} has passed; only what came within it may still be entered"
    if file.pause is not None:
        return f"the clocks stand still already ({file.pause.reason}); resume first"
    if any(len(clock.ledger.pauses) >= PAUSES_KEPT for clock in file.running if clock.step in rule.steps):
        return f"it stood still {PAUSES_KEPT} times already"
    if message.actor.role.startswith(OWNER) and (left := owner_pause_left(file)) is not None and left <= timedelta():
        most = file.terms.owner_pauses
        return f"the owner agency has let the time stand still for {most} calendar days, the most it may; more takes the centre"
    if not any(clock.step in rule.steps for clock in file.running):
        return f"{message.reason} is for {', '.join(rule.steps)}; running: {_running(file)}"
    return None


def owner_pause_left(file: CaseFile) -> timedelta | None:
    """How long the owner agency may still let the time stand still by itself; None: as long as each pause may be."""
    if file.terms is None or file.terms.owner_pauses is None:
        return None
    pauses = [pause for clock in file.running for pause in clock.ledger.pauses if (pause.role or "").startswith(OWNER)]
    own = {pause.begun: pause.end - pause.begun for pause in pauses}  # one pause may stand on several clocks
    return timedelta(days=file.terms.owner_pauses) - sum(own.values(), timedelta())


def may_resume(file: CaseFile, _: Resume) -> str | None:
    """Only what stands still can go on."""
    return None if file.pause is not None else "no clock stands still"


def may_change_standard(file: CaseFile, message: ChangeStandard) -> str | None:
    """A case moves from the version that is named, and not while somebody's extension or pause would lose its meaning."""
    terms = file.terms
    assert terms is not None
    if (terms.standard_id, terms.standard_version) != (message.from_id, message.from_version):
        return f"the case is under {terms.standard_id} {terms.standard_version}, not {message.from_id} {message.from_version}"
    if file.pause is not None:
        return f"the clocks stand still ({file.pause.reason}); resume first"
    return None


def strands(file: CaseFile, terms: Terms) -> str | None:
    """Why a case of a declared service could not go on under other terms: its stage, or what follows a limit, is not there."""
    before, after = file.terms.declared if file.terms else None, terms.declared
    if reason := stranded(before, after, file.stage, [clock.step for clock in file.running]):
        return reason
    if after is None:
        return None
    if file.ending and file.ending.then and file.ending.then not in after.stages:
        return f"it has no stage {file.ending.then}, to which the case goes when everybody has been told"
    named = {*file.starts_when_told.values(), *(file.promise.chain.split("+") if file.promise else [])} - {PROMISE}
    if gone := sorted(named - set(terms.rules.steps)):
        return f"it has no step {', '.join(gone)}"
    return None


def something_to_extend(file: CaseFile) -> bool:
    """Whether a running step may be extended once more."""
    terms = file.terms
    return terms is not None and any(
        len(clock.ledger.extensions) < terms.extensions[clock.step].times
        for clock in file.running
        if clock.step in terms.extensions
    )


def something_to_pause(file: CaseFile) -> bool:
    """Whether the standard has a reason for which a running step may stand still."""
    steps = {step for rule in (file.terms.rules.pauses.values() if file.terms else ()) for step in rule.steps}
    return file.pause is None and any(clock.step in steps for clock in file.running)


def stands_still(file: CaseFile) -> bool:
    """Whether clocks stand still now."""
    return file.pause is not None


def _running(file: CaseFile) -> str:
    return ", ".join(clock.step for clock in file.running) or "none"
