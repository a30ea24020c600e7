"""Answers to the exercises of notebook 00."""

from rnnsound.exercises.checks import Check

CHECKS: dict[str, Check] = {}
