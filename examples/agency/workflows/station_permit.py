"""The agency's own process: a permit, of which casework's `forward` is one part."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from casework.workflows.messages.forward import ForwardRequest
    from casework.workflows.messages.views import CaseResult
    from casework.workflows.names import case_id


@workflow.defn
class StationPermit:
    """Runs the published service as a child and goes on with its outcome."""

    @workflow.run
    async def run(self, application: ForwardRequest) -> str:
        case = await workflow.execute_child_workflow(
            "forward",
            application,
            id=case_id("forward", application.centre, application.request_id),
            result_type=CaseResult,
        )
        return f"permit {application.request_id}: {case.outcome} as {case.case_no}"
