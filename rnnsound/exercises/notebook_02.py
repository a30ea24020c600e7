"""Answers to the exercises of notebook 02."""

from rnnsound.exercises.checks import Check

CHECKS: dict[str, Check] = {}
