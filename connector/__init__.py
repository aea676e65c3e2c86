"""Connector: legacy document systems on Vietnam's national document axis."""

__version__ = "0.1.0"
__all__ = ["__version__"]
