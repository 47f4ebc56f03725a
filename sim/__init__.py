"""Rare-earth supply-chain simulator: how many days does each manufacturer keep building?"""

__version__ = "0.1.0"
