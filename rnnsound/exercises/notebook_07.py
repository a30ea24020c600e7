"""Answers to the exercises of notebook 07."""

from rnnsound.exercises.checks import Check

CHECKS: dict[str, Check] = {}
