"""The reference network: what it must show, and what no scenario on it may do."""
