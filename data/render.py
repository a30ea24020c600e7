"""Render the bundled recordings again, note by note, from the FluidR3_GM soundfont.

Needs, besides this project's packages, the program `fluidsynth` and the soundfont; on Debian and Ubuntu:

    apt install fluidsynth fluid-soundfont-gm
    python data/render.py

Writes one FLAC file per note and recordings.json beside this script. The tutorial itself needs none of
this: the recordings come with it. data/README.md says why these notes were chosen.
"""

import argparse
import hashlib
import json
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile

DATA = Path(__file__).parent
SAMPLE_RATE = 44100
# Dry and in floating point; with no default soundfont, which would quietly stand in for one that is no good.
OPTIONS = f"-niq -R 0 -C 0 -g 0.5 -r {SAMPLE_RATE} -T wav -O float -o synth.default-soundfont="
PEAK = 0.4  # the one gain rule: every recording's largest sample is 0.4 (-8 dB full scale)
# A recording begins 5 ms before its first sample above ONSET times the peak and ends
# 5 ms after its last above END times the peak (-40 and -80 dB).
ONSET, END = 0.01, 0.0001
MARGIN = round(0.005 * SAMPLE_RATE)

# Held: seconds from note-on to note-off. Taper: the last seconds of those, over which the player's breath
# (MIDI expression) goes from full to none; 0 leaves the end to the soundfont.
COLUMNS = ("name", "instrument", "program", "note", "velocity", "held", "taper", "description")
NOTES = [
    ("clarinet", "clarinet", 71, 62, 100, 4.0, 0.15, "Clarinet, D4: a steady tone, no vibrato to speak of"),
    ("clarinet_high", "clarinet", 71, 67, 100, 4.0, 0.15, "Clarinet, G4: a fourth higher, as steady"),
    ("flute", "flute", 73, 71, 100, 4.0, 0.0, "Flute, B4: breath noise and a slow vibrato, 4.3 a second"),
    ("violin", "violin", 40, 65, 100, 4.0, 0.0, "Violin, F4: bow noise and a vibrato, 5.3 a second"),
    ("piano", "piano", 0, 60, 124, 2.55, 0.0, "Piano, C4: struck, left to decay, damped after 2.55 s"),
    ("piano_low", "piano", 0, 48, 124, 2.7, 0.0, "Piano, C3: an octave lower, damped after 2.7 s"),
    ("piano_high", "piano", 0, 72, 124, 2.9, 0.0, "Piano, C5: an octave higher, damped after 2.9 s"),
]
NOTE_NAMES = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"]


def midi_file(program, note, velocity, held, taper):
    """A standard MIDI file of one note, as bytes; 1000 ticks a beat, one beat a second: a tick is 1 ms."""
    on, off = 100, 100 + round(1000 * held)
    events = [(0, bytes([0xC0, program])), (on, bytes([0x90, note, velocity]))]
    for left in range(round(1000 * taper), 0, -5):  # expression, controller 11, in steps of 5 ms
        events.append((off - left, bytes([0xB0, 11, round(127 * left / (1000 * taper))])))
    events.append((off, bytes([0x80, note, 0])))
    events.append((off + 2000, b"\xff\x2f\x00"))  # the end of the track

    track = b"\x00\xff\x51\x03" + (1_000_000).to_bytes(3, "big")  # tempo: a beat is a million microseconds
    now = 0
    for time, event in events:
        wait = time - now  # as MIDI writes numbers: 7 bits a byte, 0x80 marks that more bytes follow
        track += bytes([0x80 | wait >> 14, 0x80 | wait >> 7 & 0x7F, wait & 0x7F]) + event
        now = time
    return b"MThd" + struct.pack(">IHHH", 6, 0, 1, 1000) + b"MTrk" + struct.pack(">I", len(track)) + track


def render(soundfont, program, note, velocity, held, taper):
    """One note as float64 samples (n,), mono, from just before its onset to where it has died away."""
    with tempfile.TemporaryDirectory() as folder:
        midi, wav = Path(folder, "note.mid"), Path(folder, "note.wav")
        midi.write_bytes(midi_file(program, note, velocity, held, taper))
        command = ["fluidsynth", *OPTIONS.split(), "-F", wav, soundfont, midi]
        subprocess.run(command, check=True, capture_output=True)
        stereo, _ = soundfile.read(wav, always_2d=True)
    mono = stereo.mean(axis=1)
    if not mono.any():
        raise ValueError("only silence came out")
    level = np.abs(mono) / np.abs(mono).max()
    onset, end = np.flatnonzero(level >= ONSET)[0], np.flatnonzero(level >= END)[-1]
    mono = mono[max(0, onset - MARGIN) : end + MARGIN]
    return mono * (PEAK / np.abs(mono).max())


def main():
    """Render every note, then write the manifest."""
    parser = argparse.ArgumentParser(description="Render the bundled recordings from a soundfont.")
    parser.add_argument("--soundfont", type=Path, default=Path("/usr/share/sounds/sf2/FluidR3_GM.sf2"))
    soundfont = parser.parse_args().soundfont
    if shutil.which("fluidsynth") is None:
        sys.exit("render.py: the program fluidsynth is not installed; on Debian: apt install fluidsynth")
    if not soundfont.is_file():
        sys.exit(f"render.py: {soundfont}: no such file; apt install fluid-soundfont-gm, or give --soundfont")

    manifest = {}
    for row in NOTES:
        entry = dict(zip(COLUMNS, row, strict=True))
        name, note = entry.pop("name"), entry["note"]
        try:
            samples = render(soundfont, *(entry[key] for key in COLUMNS[2:-1]))
        except (subprocess.CalledProcessError, OSError, ValueError, soundfile.SoundFileError) as error:
            sys.exit(f"render.py: {soundfont}: fluidsynth could not render {name} from it ({error})")
        file = DATA / f"{name}.flac"
        soundfile.write(file, samples, SAMPLE_RATE, subtype="PCM_16")
        entry["file"] = file.name
        entry["note_name"] = f"{NOTE_NAMES[note % 12]}{note // 12 - 1}"
        entry["frequency"] = round(440.0 * 2 ** ((note - 69) / 12), 3)  # equal-tempered, Hz
        entry["seconds"] = round(len(samples) / SAMPLE_RATE, 3)
        entry["sha256"] = hashlib.sha256(file.read_bytes()).hexdigest()
        manifest[name] = entry
        print(f"{file.name}: {entry['description']}")
    (DATA / "recordings.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
