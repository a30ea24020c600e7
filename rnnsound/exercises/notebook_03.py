"""Answers to the exercises of notebook 03."""

from rnnsound.exercises.checks import Check

CHECKS: dict[str, Check] = {}
