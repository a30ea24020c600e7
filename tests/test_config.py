"""What a config refuses, and how presets are changed."""

from dataclasses import fields, replace

import pytest

from rnnsound import config, presets
from rnnsound.config import (
    FeatureConfig,
    ModelConfig,
    NetworkConfig,
    RenderConfig,
    TrainConfig,
    VocoderConfig,
    check_resumable,
)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: VocoderConfig(hop_size=300), "hop_size=300 does not divide fft_size=512; try 128"),
        (lambda: VocoderConfig(n_components=258), "n_components=258 is out of range"),
        (lambda: VocoderConfig(fft_size="512"), "fft_size='512' is of the wrong type; use int"),
        (
            lambda: FeatureConfig(note="held"),
            "note='held' is not known; use 'none' or 'sustained' or 'struck'",
        ),
        (lambda: FeatureConfig(per_component=1), "per_component=1 is of the wrong type; use bool"),
        (
            lambda: NetworkConfig(hidden_size=0),
            "hidden_size=0 is out of range; use 1 to 4096",
        ),
        (lambda: TrainConfig(final_learning_rate=1.5), "final_learning_rate=1.5 is out of range"),
        (lambda: TrainConfig(scheduled_sampling=-0.1), "scheduled_sampling=-0.1 is out of range"),
        (lambda: TrainConfig(input_noise=float("nan")), "input_noise=nan is out of range"),
        (lambda: TrainConfig(learning_rate=0), "learning_rate=0 is out of range"),
        (lambda: TrainConfig(seed=2**32), "seed=4294967296 is out of range"),
        (lambda: RenderConfig(primer=0), "primer=0 is out of range"),
    ],
)
def test_a_value_that_does_not_do_is_refused_where_it_is_given(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"loss": "beta_nll", "n_mixtures": 3}, "loss='beta_nll' needs n_mixtures=1, not 3; use loss='mdn'"),
        ({"note": "sustained"}, "primer=100 does not go with note='sustained'.*use primer=1"),
        ({"note": "struck", "primer": 2}, "primer=2 does not go with note='struck'"),
        ({"hop_size": 300}, "hop_size=300"),
        ({"n_mixture": 3}, "n_mixture is not a setting; the settings are fft_size, hop_size"),
    ],
)
def test_settings_that_contradict_each_other_are_refused_before_anything_is_trained(changes, message):
    with pytest.raises(ValueError, match=message):
        presets.SINE.replace(**changes)


def test_the_limits_themselves_may_be_used():
    lowest, highest = {}, {}
    for part in config.PARTS:
        for known in fields(part):
            if known.type in (int, float) and "low" in known.metadata:
                lowest[known.name], highest[known.name] = known.metadata["low"], known.metadata["high"]
    assert presets.SINE.replace(**lowest).flat().items() >= lowest.items()
    assert presets.SINE.replace(**highest).flat().items() >= highest.items()
    assert len(lowest) == 13


def test_a_setting_is_changed_in_the_part_that_has_it_and_nowhere_else():
    changed = presets.CLARINET.replace(epochs=3, hidden_size=7, primer=1)
    assert changed.train == replace(presets.CLARINET.train, epochs=3)
    assert changed.network == NetworkConfig(hidden_size=7)
    assert (changed.vocoder, changed.features) == (presets.CLARINET.vocoder, presets.CLARINET.features)
    assert presets.CLARINET.train.epochs == 180
    assert changed.flat() == presets.CLARINET.flat() | {"epochs": 3, "hidden_size": 7}


def test_a_flat_config_makes_the_same_again():
    for preset in presets.PRESETS.values():
        assert ModelConfig().replace(**preset.flat()) == preset


def test_a_model_goes_on_learning_with_other_training_and_nothing_else():
    check_resumable(presets.CLARINET, presets.CLARINET.replace(epochs=9, batch_size=2, seed=3, loss="mdn"))
    for name, value in {
        "n_components": 459,
        "magnitude_scale": "log",
        "hidden_size": 64,
        "bounded": False,
    }.items():
        with pytest.raises(ValueError, match=f"{name}={value}, but the model to go on from has"):
            check_resumable(presets.CLARINET, presets.CLARINET.replace(**{name: value}))


def test_the_articles_presets_are_what_the_article_and_its_software_used():
    sine, clarinet, piano = (
        presets.PRESETS[f"article-{name}"].flat() for name in ("sine", "clarinet", "piano")
    )
    sizes = (
        "fft_size",
        "hop_size",
        "n_components",
        "num_layers",
        "hidden_size",
        "n_mixtures",
        "sequence_length",
    )
    assert [sine[name] for name in sizes] == [512, 128, 10, 1, 100, 1, 10]
    assert [clarinet[name] for name in sizes] == [512, 128, 20, 2, 100, 3, 20]
    assert [piano[name] for name in sizes] == [2048, 512, 20, 2, 150, 5, 20]
    for preset in (sine, clarinet, piano):
        assert (preset["optimizer"], preset["learning_rate"], preset["per_component"]) == (
            "adagrad",
            1e-3,
            False,
        )
        assert not preset["bounded"]
        assert not preset["lock_phases"]
