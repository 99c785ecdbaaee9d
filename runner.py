"""How workflows run on a casework worker: in Temporal's sandbox, and every task in one order.

**One order, cold or warm.** When a command (an update) arrives in the same workflow task as a fired timer or a finished
activity, a worker that has the case in memory gets both in one activation, and the SDK runs the command first. A worker that has
to load the case first gets them in two, the event first. Replay is always the former, so a history that was written the
second way does not replay, and its case is stuck for ever. (temporalio/sdk-rust #1146 is open, a fix is proposed in #1597;
sdk-python sorts updates before events in `_WorkflowInstanceImpl.activate`. Seen with temporalio 1.35.0.) `OrderedRunner` hands
over an activation's events first, then its commands one by one: each sees what the one before it decided, so two commands of
one task are two transitions. It may go when the SDK gives one order by itself; tests/test_one_order.py shows when.

**No event before its task.** A query that finds a case in nobody's memory loads it with all of its history, and core then hands
over what happened since the last task (a timer that fired) although the task that is to handle it has not started, with the
time of the task before. What follows would be decided at a wrong time, and not so again on replay. Such an activation is
refused: the query fails, saying to ask again (`CaseClient` does), the case leaves the memory, and its next task comes whole.

**Only what is ours to order.** Workflows that are not casework processes run as they always did.

**Any input is a case's own business.** A process takes one raw payload. If a workflow was started with several arguments it gets
one that says so, since the SDK would otherwise decode them untyped and fail the task for ever.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from temporalio.api.common.v1 import Payload
from temporalio.bridge.proto.workflow_activation import WorkflowActivation, WorkflowActivationJob
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.converter import SerializationContext, StorageDriverStoreContext
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails, WorkflowRunner
from temporalio.worker._command_aware_visitor import CommandInfo
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions
from temporalio.workflow import Info

from casework.workflows.case.opening import SEVERAL_ARGUMENTS
from casework.workflows.case.shared_commands import Process
from casework.workflows.errors import ASK_AGAIN
from casework.workflows.service_queue import ServiceQueue

# The mechanism is loaded once, not anew for each case: measured 6 ms and 60 kB a case against 18 ms and 518 kB. What the
# sandbox then no longer catches in it, ruff bans (workflows/ruff.toml) and tests/test_sandbox.py looks for.
PLAIN_DATA = ("pydantic", "pydantic_core", "annotated_types", "stdnum", "zoneinfo", "casework.standards")
MECHANISM = (
    "casework.workflows.case",
    "casework.workflows.declared",
    "casework.workflows.errors",
    "casework.workflows.labels",
    "casework.workflows.messages",
    "casework.workflows.names",
    "casework.workflows.options",
    "casework.workflows.ports",
    "casework.workflows.process",
    "casework.workflows.queue",
)
NOTHING_STORED_OUTSIDE = StorageDriverStoreContext(target=None)
FULL_SANDBOX = "CASEWORK_FULL_SANDBOX"  # for tests: the mechanism in the sandbox too


def casework_runner(given: WorkflowRunner | None, contexts: bool = True) -> WorkflowRunner:
    """The runner of a casework worker, around the one that is given. `contexts` is False where neither codec nor
    storage asks for whose payload it has before it: then the sandbox need not be entered twice more for every payload to find
    that out (the first alone was an eighth of a worker's CPU)."""
    if given is None or isinstance(given, SandboxedWorkflowRunner):
        given = sandboxed(given)
    return given if isinstance(given, OrderedRunner) else OrderedRunner(given, contexts)


def sandboxed(given: SandboxedWorkflowRunner | None = None) -> SandboxedWorkflowRunner:
    """Temporal's sandbox, with plain data and the mechanism passed through."""
    restrictions = given.restrictions if given else SandboxRestrictions.default
    passed = PLAIN_DATA if os.environ.get(FULL_SANDBOX) else PLAIN_DATA + MECHANISM
    return SandboxedWorkflowRunner(restrictions=restrictions.with_passthrough_modules(*passed))


class RunnerAround(WorkflowRunner):
    """A runner around another one; `create_instance` is its own."""

    def __init__(self, inner: WorkflowRunner) -> None:
        self._inner = inner

    def prepare_workflow(self, defn: object) -> None:
        """See WorkflowRunner."""
        self._inner.prepare_workflow(defn)  # type: ignore[arg-type]  # the SDK's own definition, passed on as it is

    def set_worker_level_failure_exception_types(self, types: object) -> None:
        """See WorkflowRunner."""
        self._inner.set_worker_level_failure_exception_types(types)  # type: ignore[arg-type]  # passed on as it is


class InstanceAround(WorkflowInstance):
    """A workflow instance around another one; `activate` is its own."""

    def __init__(self, inner: WorkflowInstance) -> None:
        self._inner = inner

    def get_serialization_context(self, command_info: CommandInfo | None) -> SerializationContext | None:
        """See WorkflowInstance."""
        return self._inner.get_serialization_context(command_info)

    def get_external_store_context(self, command_info: CommandInfo | None) -> StorageDriverStoreContext:
        """See WorkflowInstance."""
        return self._inner.get_external_store_context(command_info)

    def get_info(self) -> Info:
        """See WorkflowInstance."""
        return self._inner.get_info()

    def get_thread_id(self) -> int | None:
        """See WorkflowInstance."""
        return self._inner.get_thread_id()


class OrderedRunner(RunnerAround):
    """Runs casework's processes and queues so that a task's events come before its commands, and the commands one by one."""

    def __init__(self, inner: WorkflowRunner, contexts: bool = True) -> None:
        super().__init__(inner)
        self._contexts = contexts

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """See WorkflowRunner."""
        instance = self._inner.create_instance(det)
        return _Ordered(instance, self._contexts) if issubclass(det.defn.cls, (Process, ServiceQueue)) else instance


class _Ordered(InstanceAround):
    def __init__(self, inner: WorkflowInstance, contexts: bool) -> None:
        super().__init__(inner)
        self._contexts = contexts
        self._at = self._length = -1  # of the last activation that was not a query

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        if self._comes_too_early(act):
            return _not_now()
        for job in act.jobs:
            if job.HasField("initialize_workflow") and len(job.initialize_workflow.arguments) > 1:
                del job.initialize_workflow.arguments[:]
                job.initialize_workflow.arguments.append(Payload(metadata={"encoding": SEVERAL_ARGUMENTS.encode()}))
        whole: WorkflowActivationCompletion | None = None
        for jobs in _in_order(list(act.jobs)):
            part = WorkflowActivation()
            part.CopyFrom(act)
            del part.jobs[:]
            part.jobs.extend(jobs)
            done = self._inner.activate(part)
            if whole is None:
                whole = done
            elif done.HasField("failed"):
                return done
            else:
                _add(whole, done)
            if done.HasField("failed") or _is_over(done):
                return whole  # the server answers commands that were not reached: the case is closed, or goes on as new
        return self._inner.activate(act) if whole is None else whole

    def _comes_too_early(self, act: WorkflowActivation) -> bool:
        """Whether these events belong to a task that has not started: newer history at the time of the task before."""
        if not any(job.WhichOneof("variant") not in ("query_workflow", "remove_from_cache") for job in act.jobs):
            return False
        at, length = act.timestamp.ToNanoseconds(), act.history_length
        early = not act.is_replaying and at == self._at and length > self._length
        self._at, self._length = at, length
        return early

    def get_serialization_context(self, command_info: CommandInfo | None) -> SerializationContext | None:
        return super().get_serialization_context(command_info) if self._contexts else None

    def get_external_store_context(self, command_info: CommandInfo | None) -> StorageDriverStoreContext:
        return super().get_external_store_context(command_info) if self._contexts else NOTHING_STORED_OUTSIDE


def _in_order(jobs: list[WorkflowActivationJob]) -> Iterator[list[WorkflowActivationJob]]:
    """What happened, together; then each command."""
    events = [job for job in jobs if not job.HasField("do_update")]
    if any(job.HasField("update_random_seed") for job in events):  # a reset: of its very first task, the case must be there
        begins = [job for job in events if job.HasField("initialize_workflow")]
        if begins:
            yield begins
        events = [job for job in events if not job.HasField("initialize_workflow")]
    if events:
        yield events
    for job in jobs:
        if job.HasField("do_update"):
            yield [job]


def _not_now() -> WorkflowActivationCompletion:
    completion = WorkflowActivationCompletion()
    completion.failed.failure.message = ASK_AGAIN
    completion.failed.failure.application_failure_info.SetInParent()
    return completion


def _add(whole: WorkflowActivationCompletion, more: WorkflowActivationCompletion) -> None:
    whole.successful.commands.extend(more.successful.commands)
    known = set(whole.successful.used_internal_flags)
    whole.successful.used_internal_flags.extend(flag for flag in more.successful.used_internal_flags if flag not in known)
    whole.successful.versioning_behavior = more.successful.versioning_behavior


def _is_over(completion: WorkflowActivationCompletion) -> bool:
    return any(
        command.HasField("complete_workflow_execution")
        or command.HasField("continue_as_new_workflow_execution")
        or command.HasField("fail_workflow_execution")
        or command.HasField("cancel_workflow_execution")
        for command in completion.successful.commands
    )
