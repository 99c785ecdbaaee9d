"""The agency's own workflows. The name is theirs: casework keeps its own under casework.workflows."""
