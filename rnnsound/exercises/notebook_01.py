"""Answers to the exercises of notebook 01."""

from rnnsound.exercises.checks import Check

CHECKS: dict[str, Check] = {}
