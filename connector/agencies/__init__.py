"""The catalogue of agencies: codes of both schemes, validity dates, successors, routes."""
