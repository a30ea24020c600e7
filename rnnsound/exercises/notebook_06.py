"""Answers to the exercises of notebook 06."""

from rnnsound.exercises.checks import Check

CHECKS: dict[str, Check] = {}
