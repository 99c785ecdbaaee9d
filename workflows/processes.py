"""The processes of the house, by the service they carry out."""

from __future__ import annotations

from casework.workflows.forward import ForwardProcess
from casework.workflows.information_request import InformationRequestProcess
from casework.workflows.one_stop import OneStopProcess

PROCESSES: dict[str, type] = {
    "information_request": InformationRequestProcess,
    "forward": ForwardProcess,
    "one_stop": OneStopProcess,
}
