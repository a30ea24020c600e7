"""What a notebook shows: players, tables, plots, widgets.

Importing this package teaches the notebook to show a Sound as a player and axes as a picture with a text for
those who cannot see it. Notebook: 00_start_here.
"""

from rnnsound.exercises import answer
from rnnsound.show.breakpoints import Breakpoints
from rnnsound.show.bring import choose_file, read_file, recorder
from rnnsound.show.cell import plot_lstm_cell
from rnnsound.show.dials import plot_opposite_arrows, plot_phase_dial
from rnnsound.show.fourier import plot_products
from rnnsound.show.keyboard import keyboard
from rnnsound.show.live import live_loss, plot_error, plot_loss, plot_training
from rnnsound.show.memory import plot_gates, plot_streams
from rnnsound.show.mixtures import fit_by_hand, mixture_nats, plot_mixture, plot_outputs
from rnnsound.show.overlap import plot_overlap
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
from rnnsound.show.reach import plot_reach
from rnnsound.show.sliders import explore_plot
from rnnsound.show.tables import check_table, component_table, table
from rnnsound.show.variance import plot_drawn, plot_root, plot_scale, plot_sigma, plot_takes
from rnnsound.show.widgets import explore

__all__ = [
    "Breakpoints",
    "answer",
    "check_table",
    "choose_file",
    "component_table",
    "explore",
    "explore_plot",
    "fit_by_hand",
    "keyboard",
    "live_loss",
    "mixture_nats",
    "panels",
    "players",
    "plot_components",
    "plot_drawn",
    "plot_error",
    "plot_frame",
    "plot_gates",
    "plot_level",
    "plot_loss",
    "plot_lstm_cell",
    "plot_mixture",
    "plot_opposite_arrows",
    "plot_outputs",
    "plot_overlap",
    "plot_phase_dial",
    "plot_pipeline",
    "plot_pitch",
    "plot_preparation",
    "plot_products",
    "plot_reach",
    "plot_root",
    "plot_scale",
    "plot_sigma",
    "plot_spectrogram",
    "plot_streams",
    "plot_takes",
    "plot_training",
    "plot_waveform",
    "read_file",
    "recorder",
    "table",
]

register_sound_formatter()
register_axes_formatter()
