"""What all tests share."""

import signal

import pytest


@pytest.fixture(autouse=True)
def _ctrl_c_is_heard():
    """A shell's background jobs ignore Ctrl-C, and so would the trainings that the tests stop."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
