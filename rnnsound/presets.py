"""Configs by name: ARTICLE_SINE, ARTICLE_CLARINET, ARTICLE_PIANO; SINE, CLARINET, PIANO, INSTRUMENTS.

Notebook: 04_sine_model.
"""

from dataclasses import replace

from rnnsound.config import (
    CorpusConfig,
    FeatureConfig,
    ModelConfig,
    NetworkConfig,
    RenderConfig,
    TrainConfig,
    VocoderConfig,
)

# What the article's three experiments share: one mean and deviation for all components, small steps of
# AdaGrad; and what its software lacked: bounds, and phases in step.
_ARTICLE_TRAINING = TrainConfig(learning_rate=0.001, epochs=100)
_ARTICLE_DELTAS = FeatureConfig(representation="delta", per_component=False)
_ARTICLE_RENDERING = RenderConfig(bounded=False, lock_phases=False)

SINE = ModelConfig()
"""This project's best for a steady tone: absolute frames, standardized per component."""

ARTICLE_SINE = ModelConfig(
    features=FeatureConfig(per_component=False), train=_ARTICLE_TRAINING, render=_ARTICLE_RENDERING
)
"""The article's tone."""

ARTICLE_CLARINET = ModelConfig(
    vocoder=VocoderConfig(n_components=20),
    features=_ARTICLE_DELTAS,
    network=NetworkConfig(num_layers=2, n_mixtures=3),
    train=replace(_ARTICLE_TRAINING, sequence_length=20),
    render=_ARTICLE_RENDERING,
)
"""The article's clarinet: changes from frame to frame, two layers, three Gaussians."""

ARTICLE_PIANO = ModelConfig(
    vocoder=VocoderConfig(fft_size=2048, hop_size=512, n_components=20),
    features=_ARTICLE_DELTAS,
    network=NetworkConfig(hidden_size=150, num_layers=2, n_mixtures=5),
    train=ARTICLE_CLARINET.train,
    render=replace(_ARTICLE_RENDERING, primer=1),
)
"""The article's piano, from the stroke on. Its 20 components end at 409 Hz."""

CLARINET = ModelConfig(
    vocoder=VocoderConfig(fft_size=2048, hop_size=512, n_components=460),
    features=FeatureConfig(representation="pitch", note="sustained"),
    network=NetworkConfig(hidden_size=128),
    train=TrainConfig(
        epochs=180,
        sequence_length=20,
        batch_size=8,
        optimizer="adam",
        learning_rate=0.006,
        final_learning_rate=0.02,
        scheduled_sampling=0.8,
        input_noise=0.2,
        loss="beta_nll",
    ),
    render=RenderConfig(primer=1, griffin_lim_iterations=4),
)
"""This project's best for a sustained note, blown or bowed: a whole note of any length, without resets."""

PIANO = replace(
    CLARINET,
    features=FeatureConfig(representation="pitch", note="struck"),
    train=replace(CLARINET.train, epochs=160, batch_size=4, input_noise=0.1),
)
"""This project's best for a struck string: what dies away by itself is measured, the rest is learned."""

PRESETS = {
    "article-sine": ARTICLE_SINE,
    "article-clarinet": ARTICLE_CLARINET,
    "article-piano": ARTICLE_PIANO,
    "sine": SINE,
    "clarinet": CLARINET,
    "piano": PIANO,
}
"""Configs by the name that the command line knows them by."""

INSTRUMENTS = CorpusConfig(
    network=CLARINET.network,
    train=replace(CLARINET.train, epochs=700, batch_size=32, scheduled_sampling=0.5),
)
"""This project's best for a corpus: many notes of several instruments, learned by one network."""
