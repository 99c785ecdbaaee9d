"""Timeouts and retries, one named constant for each way an activity is called, and why."""

from __future__ import annotations

from datetime import timedelta

from temporalio.common import RetryPolicy

# Planning is arithmetic on loaded data. It fails only when a pack is missing from the worker; then every clock of the
# case waits, so it is tried until somebody adds the pack.
PLAN_TIMEOUT = timedelta(seconds=10)
# What can never be counted (CannotPlan) is not tried again.
PLAN_RETRY = RetryPolicy(
    initial_interval=timedelta(seconds=1),
    maximum_interval=timedelta(seconds=30),
    non_retryable_error_types=["CannotPlan"],
)

# The first try at the records rides along with the workflow task; it must give up soon, the case goes on without it.
FIRST_TRY_TIMEOUT = timedelta(seconds=8)
FIRST_TRY_RETRY = RetryPolicy(maximum_attempts=1)

# After that a durable activity tries for as long as it takes. The timeout decides how fast a crash heals.
PATIENT_TIMEOUT = timedelta(seconds=30)
PATIENT_RETRY = RetryPolicy(initial_interval=timedelta(seconds=2), backoff_coefficient=2, maximum_interval=timedelta(minutes=1))
