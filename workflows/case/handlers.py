"""Who handled another case, asked of the records."""

from __future__ import annotations

from temporalio import workflow

from casework.workflows.case.case import Case
from casework.workflows.options import PATIENT_RETRY, PATIENT_TIMEOUT
from casework.workflows.ports import HandlersQuery, JournalPort


async def handlers_of(case: Case, about: str) -> list[str]:
    """The ids of the officers who handled a case, by its id or registry number; empty if the records do not know it. Waits while
    the records are down."""
    return await workflow.execute_activity_method(
        JournalPort.read_handlers, HandlersQuery(case=about), start_to_close_timeout=PATIENT_TIMEOUT,
        retry_policy=PATIENT_RETRY, summary=f"who handled {about}",
    )  # fmt: skip


def is_serious(case: Case) -> bool:
    """Whether the standard has the matter of this case as a serious one."""
    terms, asked = case.file.terms, case.file.request.matter
    assert terms is not None, "asked of an open case"
    return (asked or next(iter(terms.checklists.get(case.file.request.service, {})), None)) in terms.serious_matters
