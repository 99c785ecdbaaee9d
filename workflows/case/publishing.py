"""What operators see: search attributes (only what changed) and the current details, together, once per transition."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from temporalio import workflow
from temporalio.common import SearchAttributeKey, SearchAttributeUpdate

from casework.workflows import names
from casework.workflows.case.definition import ProcessDefinition
from casework.workflows.case.details import current_details
from casework.workflows.case.file import CaseFile
from casework.workflows.messages.views import AllowedCommand


class Publisher:
    """Keeps what Temporal shows of a case in step with its file."""

    def __init__(self, file: CaseFile, definition: ProcessDefinition, allowed: Callable[[], list[AllowedCommand]]) -> None:
        self._file = file
        self._definition = definition
        self._allowed = allowed
        known = workflow.info().typed_search_attributes
        self._shown: dict[str, Any] = {key.name: known.get(key) for key in names.SEARCH_ATTRIBUTES}

    def publish(self) -> None:
        """Show the case as it is now."""
        file = self._file
        wanted: list[tuple[SearchAttributeKey[Any], Any]] = [
            (names.CASE_SERVICE, file.request.service),
            (names.CASE_STAGE, file.stage),
            (names.CASE_STAGE_SINCE, file.stage_since if file.stage_since != file.opened_at else None),  # else it is the start
            (names.CASE_CENTRE, file.request.centre),
            (names.CASE_NUMBER, file.case_no),
            (names.CASE_UNIT, file.agency),
            (names.CASE_ASSIGNEE, file.officer.id if file.officer else None),
            (names.CASE_DUE_AT, file.due_at),
            (names.CASE_OVERDUE, file.overdue),
            (names.CASE_ESCALATION, file.escalation or None),
            (names.CASE_PAUSED, file.pause.reason if file.pause else None),
        ]
        updates: list[SearchAttributeUpdate[Any]] = []
        for key, value in wanted:
            if self._shown.get(key.name) != value:
                updates.append(key.value_set(value) if value is not None else key.value_unset())
                self._shown[key.name] = value
        if updates:
            workflow.upsert_search_attributes(updates)
        workflow.set_current_details(current_details(file, self._definition, self._allowed()))
