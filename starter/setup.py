"""What a namespace needs: the search attributes of cases, and the schedule of the half-yearly report."""

from __future__ import annotations

from datetime import timedelta

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleCalendarSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)

from casework.workflows.half_yearly_report import HALF_YEARLY_REPORT, ReportRound
from casework.workflows.names import SEARCH_ATTRIBUTES

SCHEDULE = "casework-half-yearly-report"
MONTHS, DAY, HOUR = (1, 7), 2, 9  # when the half year before has been over for a day
CATCH_UP = timedelta(days=60)  # a server that was down for so long sends it when it is back


async def missing_search_attributes(client: Client) -> list[str]:
    """The names that the namespace does not know; those of another type count as missing."""
    known = await client.operator_service.list_search_attributes(ListSearchAttributesRequest(namespace=client.namespace))
    return [key.name for key in SEARCH_ATTRIBUTES if known.custom_attributes.get(key.name) != int(key.indexed_value_type)]


async def add_search_attributes(client: Client) -> list[str]:
    """Add what is missing; returns the names added. Raises RPCError if a name is taken by another type."""
    missing = await missing_search_attributes(client)
    if missing:
        types = {key.name: IndexedValueType.ValueType(key.indexed_value_type) for key in SEARCH_ATTRIBUTES if key.name in missing}
        await client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(namespace=client.namespace, search_attributes=types)
        )
    return missing


async def schedule_reports(client: Client, timezone: str, task_queue: str) -> None:
    """Have the half-yearly report sent, in the office's time zone; what was scheduled before is replaced."""
    schedule = Schedule(
        action=ScheduleActionStartWorkflow(
            HALF_YEARLY_REPORT, ReportRound(), id=HALF_YEARLY_REPORT.replace("_", "-"), task_queue=task_queue
        ),
        spec=ScheduleSpec(
            calendars=[
                ScheduleCalendarSpec(
                    month=[ScheduleRange(month) for month in MONTHS],
                    day_of_month=[ScheduleRange(DAY)],
                    hour=[ScheduleRange(HOUR)],
                    comment="at least twice a year",
                )
            ],
            time_zone_name=timezone,
        ),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.BUFFER_ONE, catchup_window=CATCH_UP),
    )

    async def replace(_: ScheduleUpdateInput) -> ScheduleUpdate:
        return ScheduleUpdate(schedule)

    try:
        await client.create_schedule(SCHEDULE, schedule)
    except ScheduleAlreadyRunningError:
        await client.get_schedule_handle(SCHEDULE).update(replace)
