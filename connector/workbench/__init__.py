"""The integrator's workbench: from a sample export to a first adapter with its tests."""
