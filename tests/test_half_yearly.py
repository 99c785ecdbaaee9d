"""The half-yearly report: scheduled once, sent once, to whom the pack names."""

from __future__ import annotations

from datetime import UTC, datetime

from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from casework.activities.reports import ReportActivities
from casework.adapters.notify.smtp import SmtpNotifier
from casework.adapters.postgres.records import PostgresRecords
from casework.standards.pack.loader import StandardsLibrary, default_pack
from casework.starter.setup import SCHEDULE, schedule_reports
from casework.workflows.half_yearly_report import HALF_YEARLY_REPORT, HalfYearlyReport, ReportRound
from tests.mailbox import Mailbox


async def test_it_is_sent_to_whom_the_pack_names_in_both_languages(
    temporal: WorkflowEnvironment, records: PostgresRecords, mailbox: Mailbox
) -> None:
    pack = default_pack()
    activities = ReportActivities(StandardsLibrary([pack]), records, SmtpNotifier(mailbox.url, "casework@jsc.example"), {})
    before = len(mailbox.to("deputy@ops.example"))
    async with Worker(
        temporal.client,
        task_queue="reports",
        workflows=[HalfYearlyReport],
        activities=[activities.readers_of_report, activities.send_half_yearly_report],
    ):
        told = await temporal.client.execute_workflow(
            HALF_YEARLY_REPORT, ReportRound(at=datetime(2026, 7, 2, 2, 0, tzinfo=UTC)), id="half", task_queue="reports"
        )
    assert told == pack.reports.half_yearly
    [mail] = mailbox.to("deputy@ops.example")[before:]
    assert "มกราคม 2569 ถึง มิถุนายน 2569" in mail["Subject"]
    assert "casework report --half 2026-H1 --pdf" in mail.get_content()
    assert "January 2026 to June 2026" in mail.get_content() or "reached the centre" in mail.get_content()


async def test_the_schedule_is_set_up_once_and_replaced(temporal: WorkflowEnvironment) -> None:
    for zone in ("UTC", "Asia/Bangkok"):
        await schedule_reports(temporal.client, zone, "reports")
    described = await temporal.client.get_schedule_handle(SCHEDULE).describe()
    assert described.schedule.spec.time_zone_name == "Asia/Bangkok"
    following = described.info.next_action_times[:2]
    assert [(at.month, at.day, at.hour) for at in sorted(following)] in ([(1, 2, 2), (7, 2, 2)], [(7, 2, 2), (1, 2, 2)])
    await temporal.client.get_schedule_handle(SCHEDULE).delete()
