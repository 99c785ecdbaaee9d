"""JSON logs. Every line about a case carries its workflow id, added by Temporal's own loggers; personal data never does.

configure("info")     # once, at an entry point
"""

from __future__ import annotations

import logging
import os
import sys
from typing import Any, NoReturn

import structlog

SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def configure(level: str) -> None:
    """Send all logging, ours and the libraries', to stderr as one JSON object a line."""
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*SHARED, _temporal_ids],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    structlog.configure(
        processors=[*SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def leave(exit_code: int) -> NoReturn:
    """End the process now, with everything printed.

    The threads of Temporal's native core sometimes crash CPython before 3.14 while it tears itself down, after all work is
    done (temporalio/sdk-python #300, python/cpython #87135; seen as exit codes 134 and 139 in about one run of ten): an
    exit code must say what happened, so nothing is torn down.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(exit_code)


def _temporal_ids(_: Any, __: str, event: Any) -> Any:
    record = event.get("_record")
    for source in ("temporal_workflow", "temporal_activity"):
        ids = getattr(record, source, None)
        if isinstance(ids, dict):
            wanted = ("workflow_id", "workflow_type", "run_id", "activity_type", "attempt")
            event.update({key: ids[key] for key in wanted if key in ids})
            if "workflow_id" in ids:
                event["case_id"] = ids["workflow_id"]
    return event
