import contextlib
import hashlib
import json
import multiprocessing
import os
import pickle
import random
import re
import signal
import time
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
import safetensors.numpy
import torch
from judges import posix
from scipy.signal import butter, hilbert, sosfiltfilt

from rnnsound import Frames, PhaseVocoder, Sound, presets, sine, sound_model
from rnnsound.config import TrainConfig
from rnnsound.dsp.phase import lock_phases
from rnnsound.nn.generate import generate
from rnnsound.nn.network import SoundRNN
from rnnsound.nn.train import train
from rnnsound.sound_model import SoundModel

TINY = presets.SINE.replace(n_components=7, hidden_size=3, epochs=1, batch_size=2, primer=4)


@pytest.fixture(scope="module")
def tone_model():
    started = time.perf_counter()
    model = SoundModel.fit(sine(440, 10), presets.SINE, progress=False)
    model.seconds_to_fit = time.perf_counter() - started
    return model


@pytest.fixture(scope="module")
def tiny():
    return SoundModel.fit(sine(440, 0.1), TINY, progress=False)


def parameters(model):
    """Of the network, as bytes."""
    return b"".join(p.numpy().tobytes() for p in model.network.state_dict().values())


def judge(sound, frequency=440.0):
    """Judge a tone by SciPy alone: pitch error in cents, level range in dB, energy beside the tone in dB."""
    rate = sound.sample_rate
    band = butter(2, [frequency - 40, frequency + 40], "bandpass", fs=rate, output="sos")
    edge, size = rate // 20, rate // 50
    analytic = hilbert(sosfiltfilt(band, sound.samples))[edge:-edge]
    n = (len(analytic) - 1) // size
    steps = np.diff(np.unwrap(np.angle(analytic)))[: n * size] * rate / (2 * np.pi)
    pitch = steps.reshape(n, size).mean(axis=1)
    off_pitch = np.percentile(np.abs(1200 * np.log2(pitch / frequency)), 95)
    power = np.mean(np.abs(analytic[: n * size].reshape(n, size)) ** 2, axis=1)
    spectrum = np.abs(np.fft.rfft(sound.samples[edge:-edge] * np.hanning(len(sound) - 2 * edge))) ** 2
    near = np.abs(np.fft.rfftfreq(len(sound) - 2 * edge, 1 / rate) - frequency) <= 20
    beside = 10 * np.log10(spectrum[~near].sum() / spectrum[near].sum())
    return off_pitch, 10 * np.log10(power.max() / power.min()), beside


def test_the_judge_itself_tells_a_clean_tone_from_a_detuned_wavering_and_noisy_one():
    clean = judge(sine(440, 3))
    assert clean[0] < 0.02
    assert clean[1] < 0.01
    assert clean[2] < -100
    assert judge(sine(441, 3))[0] == pytest.approx(3.93, abs=0.02)
    tone, time_ = sine(440, 3).samples, np.arange(132_300) / 44_100
    wavering = tone * (1 + 0.1 * np.sin(2 * np.pi * 3 * time_))
    assert judge(Sound(wavering, 44_100))[1] == pytest.approx(20 * np.log10(1.1 / 0.9), abs=0.05)
    noise = np.random.default_rng(0).standard_normal(132_300) * np.std(tone) * 0.01
    assert judge(Sound(tone + noise, 44_100))[2] == pytest.approx(-40, abs=0.2)


def test_twenty_takes_of_the_learned_tone_are_in_tune_steady_and_clean(tone_model):
    for seed in range(20):
        sound = tone_model.generate(10, variance_scale=1.0, seed=seed)
        assert len(sound) == 441_000
        off_pitch, level_range, beside = judge(sound)
        assert off_pitch < 1.0
        assert level_range < 0.5
        assert beside < -40


def test_generation_begins_with_the_recordings_phase_and_level(tone_model):
    generated, first = tone_model.generate(1.0, 1e-5), tone_model.config.render.primer
    tone = sine(440, 3).samples[
        first * 128 :
    ]  # frame 0 of an analysis is left out: primer ends at this frame
    inner = slice(512, 8_000)
    np.testing.assert_allclose(generated.samples[inner], tone[inner], atol=0.125 * 0.05)


@pytest.mark.parametrize("scale", [1e-5, 1.0, 4.0])
def test_a_hundred_takes_stay_finite_and_in_bounds(tone_model, scale):
    heard = tone_model.scaler.transform(tone_model.primer)
    takes = generate(tone_model.network, 3446, scale, range(100), heard)
    low, high = tone_model.scaler.frame_bounds
    for take in takes:
        frames = tone_model.scaler.inverse_transform(take, tone_model.primer[-1:], bounded=True)
        values = np.hstack([frames.magnitude, frames.frequency])
        assert (values >= low - 1e-9).all()
        assert (values <= high + 1e-9).all()
        assert np.isfinite(tone_model.vocoder.synthesize(frames).samples).all()


def test_a_delta_model_let_loose_stays_in_bounds_too():
    settings = presets.SINE.replace(representation="delta", epochs=3)
    model = SoundModel.fit(sine(440, 2), settings, progress=False)
    for scale in (1.0, 1e4):
        frames = model.generate_frames(3000, scale, seed=1)
        low, high = model.scaler.frame_bounds
        values = np.hstack([frames.magnitude, frames.frequency])
        assert (values >= low - 1e-9).all()
        assert (values <= high + 1e-9).all()


def test_phases_are_locked_where_the_settings_say_so(tiny):
    frames = tiny.generate_frames(20, seed=4)
    for locked, expected in ((True, lock_phases(frames)), (False, frames)):
        model = SoundModel(tiny.config.replace(lock_phases=locked), tiny.scaler, tiny.network, tiny.primer)
        sound = model.generate((19 * 128 + 512) / 44_100, seed=4)
        np.testing.assert_array_equal(sound.samples, model.vocoder.synthesize(expected).samples)


def test_a_curve_of_variance_scales_is_spread_over_the_sound(tiny):
    curve = tiny.generate(1.0, [0.0, 0.0], seed=3).samples
    np.testing.assert_array_equal(curve, tiny.generate(1.0, 0.0, seed=3).samples)
    half = tiny.generate_frames(300, np.repeat([0.0, 4.0], 150), seed=3)
    calm = tiny.generate_frames(300, 0.0, seed=3)
    np.testing.assert_array_equal(half.magnitude[:150], calm.magnitude[:150])
    assert not np.array_equal(half.magnitude[150:], calm.magnitude[150:])


def test_learning_goes_on_where_it_ended(tiny):
    more = SoundModel.fit(sine(440, 0.1), TINY.replace(epochs=21), resume=tiny, progress=False)
    assert more.history.losses[:1] == tiny.history.losses
    assert more.history.losses[1] < tiny.history.losses[0]
    with pytest.raises(ValueError, match="hidden_size=4, but the model to go on from has 3"):
        SoundModel.fit(sine(440, 0.1), TINY.replace(hidden_size=4), resume=tiny, progress=False)


def test_learning_on_leaves_the_old_model_as_it_was(tiny):
    before, sound = parameters(tiny), tiny.generate(0.1, seed=1).samples
    more = SoundModel.fit(sine(440, 0.1), TINY.replace(epochs=4), resume=tiny, progress=False)
    assert parameters(more) != before == parameters(tiny)
    assert len(tiny.history.losses) == 1
    np.testing.assert_array_equal(tiny.generate(0.1, seed=1).samples, sound)
    with pytest.raises(ValueError, match="epochs=1, but the training to go on from has done 1 already"):
        SoundModel.fit(sine(440, 0.1), TINY, resume=tiny, progress=False)


def test_several_recordings_are_learned_each_by_itself(monkeypatch):
    learned = []

    def spy(network, sequences, *rest):
        learned.extend(sequences)
        return train(network, sequences, *rest)

    monkeypatch.setattr(sound_model, "train", spy)
    low, high = sine(300, 0.2), sine(900, 0.3)
    model = SoundModel.fit([low, high], TINY, progress=False)
    assert [sequence.name for sequence in learned] == ["300 Hz sine", "900 Hz sine"]
    for sequence, sound in zip(learned, (low, high), strict=True):
        frames = PhaseVocoder(512, 128, 7).analyze(sound)[1:-1]
        np.testing.assert_array_equal(
            sequence.vectors[:-1], model.scaler.transform(frames)[: len(sequence) - 1]
        )
    np.testing.assert_array_equal(
        model.primer.magnitude, PhaseVocoder(512, 128, 7).analyze(low).magnitude[1:5]
    )


def test_held_out_recordings_are_listened_to_and_kept_with_the_history(tmp_path):
    sound, config = sine(440, 0.2), TINY.replace(epochs=3)
    model = SoundModel.fit(sound, config, validation=[sine(440, 0.3), sine(441, 0.2)], progress=False)
    model.save(tmp_path / "m.pt")
    loaded = SoundModel.load(tmp_path / "m.pt").history
    for name in ("losses", "errors", "validation", "learning_rate", "unit", "seconds"):
        assert getattr(loaded, name) == getattr(model.history, name), name
    assert len(loaded.validation) == 3
    assert parameters(SoundModel.fit(sound, config, progress=False)) == parameters(model)
    with pytest.raises(ValueError, match="one sample rate"):
        SoundModel.fit(sound, config, validation=sine(440, 1, sample_rate=8_000), progress=False)


@pytest.mark.parametrize("optimizer", ["adagrad", "adam"])
def test_two_short_trainings_by_way_of_a_file_are_one_long_one(tmp_path, optimizer):
    sound, settings = sine(440, 0.2), TINY.replace(optimizer=optimizer, epochs=6)
    whole = SoundModel.fit(sound, settings, progress=False)
    half = SoundModel.fit(sound, settings.replace(epochs=3), progress=False)
    half.save(tmp_path / "half.pt")
    half = SoundModel.load(tmp_path / "half.pt")
    both = SoundModel.fit(sound, settings, resume=half, progress=False)
    np.testing.assert_allclose(both.history.losses, whole.history.losses, rtol=1e-5)
    assert parameters(both) == parameters(whole)


def test_recordings_that_cannot_be_learned_are_refused_in_a_sentence():
    with pytest.raises(ValueError, match="too short"):
        SoundModel.fit(sine(440, 0.013), progress=False)
    with pytest.raises(ValueError, match="one sample rate"):
        SoundModel.fit([sine(440, 1), sine(440, 1, sample_rate=8_000)], progress=False)


def test_lengths_that_are_none_are_refused(tiny):
    for seconds in (0.0, -1.0, 0.001, np.nan, np.inf, 1e308, 1e9, 3601):
        with pytest.raises(ValueError, match=r"seconds=.* is out of range; use 0\.012, one frame, to 3600"):
            tiny.generate(seconds)
    assert len(tiny.generate(512 / 44_100)) == 512


def test_settings_of_the_wrong_kind_or_range_are_refused_by_name():
    for wrong in (
        {"fft_size": 512.0},
        {"epochs": True},
        {"optimizer": "sgd"},
        {"learning_rate": float("nan")},
    ):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            presets.SINE.replace(**wrong)
    assert TrainConfig(learning_rate=1).learning_rate == 1.0


def test_a_loaded_model_makes_the_same_sound(tiny, tmp_path):
    tiny.save(tmp_path / "m.pt")
    loaded = SoundModel.load(tmp_path / "m.pt")
    assert loaded.config == tiny.config
    np.testing.assert_array_equal(loaded.generate(1.0, seed=2).samples, tiny.generate(1.0, seed=2).samples)


def test_every_preset_survives_a_file(tmp_path):
    for settings in presets.PRESETS.values():
        model = SoundModel.fit(sine(440, 1), settings.replace(epochs=1), progress=False)
        model.save(tmp_path / "m.pt")
        loaded = SoundModel.load(tmp_path / "m.pt")
        np.testing.assert_array_equal(loaded.generate(0.5).samples, model.generate(0.5).samples)


def one_sentence(error, path):
    text = str(error.value)
    return text.startswith(str(path)) and "\n" not in text and len(text) < 500


def test_ten_thousand_damaged_files_give_one_sentence_and_nothing_else(tiny, tmp_path):
    path = tmp_path / "m.pt"
    tiny.save(path)
    whole, rng = path.read_bytes(), random.Random(0)
    for _ in range(10_000):
        data = bytearray(whole)
        kind = rng.randrange(4)
        if kind == 0:
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        elif kind == 1:
            del data[rng.randrange(len(data)) :]
        elif kind == 2:
            data[rng.randrange(len(data)) : rng.randrange(len(data))] = rng.randbytes(rng.randrange(1, 40))
        else:
            data += rng.randbytes(rng.randrange(1, 40))
        if data == whole:
            continue
        path.write_bytes(data)
        with pytest.raises(ValueError, match=r"model|damaged") as error:
            SoundModel.load(path)
        assert one_sentence(error, path)


def signed(content):
    return b"rnnsound model 3\n" + hashlib.sha256(content).digest() + content


def test_files_forged_with_a_good_checksum_give_the_error_or_a_model_that_works(tiny, tmp_path):
    path = tmp_path / "m.pt"
    tiny.save(path)
    content, rng = path.read_bytes()[len(signed(b"")) :], random.Random(0)
    accepted = 0
    for _ in range(3_000):
        data = bytearray(content)
        for _ in range(rng.randrange(1, 4)):
            data[rng.choice([rng.randrange(min(3_000, len(data))), rng.randrange(len(data))])] = (
                rng.randrange(256)
            )
        path.write_bytes(signed(bytes(data)))
        try:
            model = SoundModel.load(path)
        except ValueError:
            continue
        accepted += 1
        assert np.isfinite(model.generate(0.05, seed=1).samples).all()
    assert 0 < accepted < 3_000


def forge(tensors, **described):
    settings = TINY.flat() | described.pop("settings", {})
    text = json.dumps(
        {"settings": settings, "sample_rate": 44_100, "start": 128, "peak": 0.125, **described}
    ).encode()
    return signed(safetensors.numpy.save({**tensors, "description": np.frombuffer(text, np.uint8)}))


def test_a_strangers_file_takes_a_few_times_its_own_size_in_memory_at_most(tiny, tmp_path):
    path = tmp_path / "m.pt"
    tiny.save(path)
    good = safetensors.numpy.load(path.read_bytes()[len(signed(b"")) :])
    lists = np.frombuffer(b"[" + b"[]," * 7_000_000 + b"[]]", np.uint8)  # each would take 56 bytes and more
    long = {name: np.tile(good[name], (300_000, 1)) for name in ("primer.magnitude", "primer.frequency")}
    header = json.dumps({f"tensor {n}": {} for n in range(2_000_000)}).encode()
    files = {
        "a description of nothing but lists": signed(safetensors.numpy.save({"description": lists})),
        "a primer of hours": forge({**good, **long}),
        "millions of names": signed(len(header).to_bytes(8, "little") + header),
        "nothing but holes": b"rnnsound model 3\n" + bytes(30_000_000),
    }
    for what, content in files.items():
        path.write_bytes(content)
        tracemalloc.start()
        with contextlib.suppress(ValueError):
            SoundModel.load(path)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 4 * len(content), what


def test_strangers_files_are_refused_without_being_believed_or_run(tiny, tmp_path):
    class Bomb:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "ran"),)

    path = tmp_path / "m.pt"
    tiny.save(path)
    good = safetensors.numpy.load(path.read_bytes()[len(signed(b"")) :])
    some = next(name for name in good if name.startswith("network."))
    promise = json.dumps({"x": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]}}).encode()
    deep = b"[" * 100_000
    strangers = {
        "empty": b"",
        "text": b"hello",
        "pickle": pickle.dumps(Bomb()),
        "zip": b"PK\x03\x04" + bytes(100),
        "no content": signed(b""),
        "pickle inside": signed(pickle.dumps(Bomb())),
        "a promise of terabytes": signed(len(promise).to_bytes(8, "little") + promise),
        "no tensors": signed(safetensors.numpy.save({})),
        "deep description": signed(safetensors.numpy.save({"description": np.frombuffer(deep, np.uint8)})),
        "a tensor more": forge({**good, "network.extra": np.zeros(3, np.float32)}),
        "a tensor less": forge({k: v for k, v in good.items() if k != some}),
        "no number": forge({**good, some: np.full_like(good[some], np.nan)}),
        "wrong shape": forge({**good, some: good[some][:1]}),
        "whole numbers": forge({**good, some: good[some].astype(np.int64)}),
        "whole numbers for means": forge({**good, "scaler.mean": good["scaler.mean"].astype(np.int64)}),
        "primer of the wrong kind": forge({**good, "primer.extra": np.zeros(3, np.float32)}),
        "unknown group": forge({**good, "code.run": np.zeros(3, np.float32)}),
        "deviation of zero": forge({**good, "scaler.std": np.zeros_like(good["scaler.std"])}),
        "a vast network": forge(good, settings={"hidden_size": 4096, "num_layers": 16}),
        "a vaster network": forge(good, settings={"hidden_size": 10**12}),
        "unknown setting": forge(good, settings={"execute": "rm"}),
        "sample rate": forge(good, sample_rate=-1),
        "sample rate of the wrong kind": forge(good, sample_rate="fast"),
        "a peak that is no number": forge(good, peak="loud"),
        "a peak below nothing": forge(good, peak=-1.0),
        "a peak of nothing": forge(good, peak=0.0),
        "deviations that a smaller kind makes infinite": forge(
            {**good, "scaler.std": np.full_like(good["scaler.std"], np.inf, np.float16)}
        ),
        "a start that is no number": forge(good, start=None),
        "losses of the wrong shape": forge({**good, "history.losses": np.zeros((2, 2))}),
        "more errors than losses": forge({**good, "history.errors": np.zeros(9)}),
        "a history without times": forge({k: v for k, v in good.items() if k != "history.numbers"}),
        "a time that ran backwards": forge({**good, "history.numbers": np.array([-1.0, 0.01])}),
        "odd frames": forge(good, settings={"fft_size": 511}),
    }
    assert SoundModel.load(path).config == TINY
    path.write_bytes(forge(good))
    assert SoundModel.load(path).config == TINY  # what forge makes is refused for what was changed
    for name, data in strangers.items():
        path.write_bytes(data)
        with pytest.raises(ValueError, match=r"model|damaged") as error:
            SoundModel.load(path)
        assert one_sentence(error, path), name
    assert not (tmp_path / "ran").exists()


def test_missing_files_and_folders_are_named(tiny, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere\.pt"):
        SoundModel.load(tmp_path / "nowhere.pt")
    with pytest.raises(OSError, match="not a file"):
        SoundModel.load(tmp_path)
    with pytest.raises(OSError, match="does not exist"):
        tiny.save(tmp_path / "no" / "m.pt")


def save_in_turn(models, path):
    while True:
        for model in models:
            model.save(path)


@posix
def test_fifty_kills_while_saving_leave_the_old_file_or_the_new_one(tmp_path):
    torch.set_num_threads(1)
    settings = TINY.replace(hidden_size=60)
    models = [SoundModel.fit(sine(440, 0.1), settings.replace(seed=s), progress=False) for s in (1, 2)]
    path, rng = tmp_path / "m.pt", random.Random(0)
    models[0].save(path)
    expected = {m.network.head.bias.detach().numpy().tobytes() for m in models}
    fork = multiprocessing.get_context("fork")
    found = set()
    for _ in range(50):
        child = fork.Process(target=save_in_turn, args=(models, path))
        child.start()
        time.sleep(rng.uniform(0.005, 0.05))
        os.kill(child.pid, signal.SIGKILL)
        child.join()
        found.add(SoundModel.load(path).network.head.bias.detach().numpy().tobytes())
    assert found == expected  # both were seen, whole


def test_nothing_is_more_than_6_db_louder_than_its_recording_whatever_is_drawn(tiny):
    assert tiny.peak == pytest.approx(0.125, rel=1e-3)
    loud = SoundModel(*tiny.parts._replace(config=TINY.replace(bounded=False)))
    loud.network = SoundRNN(14, 3)
    for scale in (1e4, 1e8, 1e12):
        take = loud.generate(0.3, variance_scale=scale, seed=1)
        assert re.fullmatch(
            r"turned down by [\d.]+ dB: the network went far beyond its recording", take.remark
        )
        assert take.peak == pytest.approx(2 * tiny.peak)
        assert np.isfinite(take.samples).all()
        heard = loud.synthesize(loud.generate_frames(100, variance_scale=scale, seed=1))
        assert heard.remark
        assert heard.peak == pytest.approx(2 * tiny.peak)
    for seed in range(5):
        assert tiny.generate(0.3, seed=seed).remark == ""


def test_what_sticks_out_of_the_end_alone_is_cut_off_and_the_sound_before_it_left_as_it_is(tiny):
    loose = SoundModel(*tiny.parts._replace(config=TINY.replace(lock_phases=False)))
    rng, vocoder, end = np.random.default_rng(0), PhaseVocoder(512, 128), 50 * 128
    n_cut = 0
    for _ in range(20):
        wild = Frames(np.ones((50, 7)), rng.uniform(0, 800, (50, 7)), 44_100, 512, 128)
        before = np.abs(vocoder.synthesize(wild).samples[:end]).max()
        wild = replace(wild, magnitude=wild.magnitude * (1.99 * tiny.peak / before))
        expected, heard = vocoder.synthesize(wild), loose.synthesize(wild)
        assert heard.remark == ""
        np.testing.assert_array_equal(heard.samples[:end], expected.samples[:end])
        np.testing.assert_array_equal(heard.samples, expected.samples.clip(-2 * tiny.peak, 2 * tiny.peak))
        n_cut += expected.peak > 2 * tiny.peak
        twice = loose.synthesize(replace(wild, magnitude=2 * wild.magnitude))
        assert twice.remark.startswith("turned down by ")
        assert twice.peak == pytest.approx(2 * tiny.peak)
    assert n_cut > 0


@pytest.mark.filterwarnings("error")
def test_silence_is_not_turned_down(tiny):
    silent = replace(tiny.generate_frames(20), magnitude=np.zeros((20, 7)))
    for peak in (0.125, 8.0, np.inf):
        heard = SoundModel(*tiny.parts._replace(peak=peak)).synthesize(silent)
        assert (heard.peak, heard.remark) == (0, "")


def test_the_limit_is_kept_in_the_file(tiny, tmp_path):
    tiny.save(tmp_path / "m.pt")
    assert SoundModel.load(tmp_path / "m.pt").peak == tiny.peak
    SoundModel(*tiny.parts._replace(peak=np.inf)).save(tmp_path / "m.pt")
    assert SoundModel.load(tmp_path / "m.pt").peak == np.inf
