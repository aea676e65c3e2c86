"""The demonstration's material: real and sample documents as three legacy exports."""
