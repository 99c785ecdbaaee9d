"""The public API to write a service with; our own three use nothing else (docs/processes.md tells how).

    @workflow.defn(name="licence")
    class LicenceProcess(Process[Licence]):
        definition = ProcessDefinition(service="licence", request=LicenceRequest, stages=Stage, outcomes=Outcome, own=Licence, …)
        report_inspection = command(ReportInspection, Stage.INSPECTING)

What stands in `__all__` keeps its meaning within a major version; modules below `casework.workflows.case` may change in any.
"""

from __future__ import annotations

from casework.standards.counting.plan import OFFICER, REQUESTER, SATISFACTION
from casework.standards.limits import Named
from casework.workflows.case.case import Case
from casework.workflows.case.command_desk import Where, acts_as, command
from casework.workflows.case.conversion import can_go_on, go_on_as
from casework.workflows.case.definition import Outcomes, OwnState, ProcessDefinition, SharedStage, Stages
from casework.workflows.case.endings import Expired
from casework.workflows.case.file import CaseFile
from casework.workflows.case.handlers import handlers_of, is_serious
from casework.workflows.case.opening import NO_REQUEST
from casework.workflows.case.papers import not_asked_for, still_missing
from casework.workflows.case.shared_commands import (
    Process,
    explain_delay,
    knows_agency,
    knows_point,
    knows_survey_items,
)
from casework.workflows.messages.commands import (
    Command,
    FromOutside,
    Rate,
    RecordNoShow,
    Redirect,
    Refuse,
    Reopen,
    ReportDelay,
    Settle,
    StartService,
    Withdraw,
)
from casework.workflows.messages.events import EventType
from casework.workflows.messages.fields import CitizenId, Code, Email, Line, Moment, Prose
from casework.workflows.messages.people import Actor, Document, Officer, Requester
from casework.workflows.messages.request import CaseRequest
from casework.workflows.messages.views import CaseResult

__all__ = [
    "NO_REQUEST", "OFFICER", "REQUESTER", "SATISFACTION", "Actor", "Case", "CaseFile", "CaseRequest", "CaseResult", "CitizenId",
    "Code", "Command", "Document", "Email", "EventType", "Expired", "FromOutside", "Line", "Moment", "Named", "Officer",
    "Outcomes", "OwnState", "Process", "ProcessDefinition", "Prose", "Rate", "RecordNoShow", "Redirect", "Refuse", "Reopen",
    "ReportDelay", "Requester", "Settle", "SharedStage", "Stages", "StartService", "Where", "Withdraw", "acts_as", "can_go_on",
    "command", "explain_delay", "go_on_as", "handlers_of", "is_serious", "knows_agency", "knows_point", "knows_survey_items",
    "not_asked_for", "still_missing",
]  # fmt: skip
