"""Timeouts and retries, one named constant for each way an activity is called, and why."""

from __future__ import annotations

from datetime import timedelta

from temporalio.common import RetryPolicy

# Reading packs and the calendar at hand. It fails only when something is wrong with the worker; it is tried until somebody
# has corrected that.
READ_TIMEOUT = timedelta(seconds=20)
READ_RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1))

# Records and mail may be away for as long as they like. The timeout decides how fast a crash heals.
PATIENT_TIMEOUT = timedelta(seconds=30)
PATIENT_RETRY = RetryPolicy(
    initial_interval=timedelta(milliseconds=500), backoff_coefficient=2, maximum_interval=timedelta(minutes=1)
)

# An operator may give a write up (temporal activity fail); what was decided is written all the same.
GIVEN_UP_AGAIN = timedelta(minutes=1)

# Of the notices that a case owes so many are tried at once; if more wait, each has its turn.
DELIVERIES_AT_ONCE = 10
DELIVERY_TURN = timedelta(hours=1)

# A change of the calendar that a worker could not read yet is looked for again, less and less often.
FOLLOW_AGAIN, FOLLOW_AT_LEAST_EVERY = timedelta(minutes=1), timedelta(hours=1)
