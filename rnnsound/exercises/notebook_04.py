"""Answers to the exercises of notebook 04."""

from rnnsound.exercises.checks import Check

CHECKS: dict[str, Check] = {}
