"""What a notebook shows: players, tables, plots, widgets.

Importing this package teaches the notebook to show a Sound as a player and axes as a picture with a text for
those who cannot see it. Notebook: 00_start_here.
"""

from rnnsound.exercises import answer
from rnnsound.show.bring import choose_file, read_file, recorder
from rnnsound.show.live import live_loss, plot_error, plot_loss, plot_training
from rnnsound.show.pipeline import plot_pipeline
from rnnsound.show.players import players, register_sound_formatter
from rnnsound.show.plots import (
    panels,
    plot_components,
    plot_frame,
    plot_level,
    plot_pitch,
    plot_preparation,
    plot_spectrogram,
    plot_waveform,
    register_axes_formatter,
)
from rnnsound.show.tables import check_table, component_table, table
from rnnsound.show.widgets import explore

__all__ = [
    "answer",
    "check_table",
    "choose_file",
    "component_table",
    "explore",
    "live_loss",
    "panels",
    "players",
    "plot_components",
    "plot_error",
    "plot_frame",
    "plot_level",
    "plot_loss",
    "plot_pipeline",
    "plot_pitch",
    "plot_preparation",
    "plot_spectrogram",
    "plot_training",
    "plot_waveform",
    "read_file",
    "recorder",
    "table",
]

register_sound_formatter()
register_axes_formatter()
