"""Answers to the exercises of notebook 00."""

from rnnsound.exercises.checks import Check, Number

CHECKS: dict[str, Check] = {
    "00.1": Number(
        right=-27.09,  # 20 log10(0.0625 / sqrt(2))
        within=0.15,
        near=1.5,
        hint="half the amplitude is 20 log10(1/2) dB; add that to the level that the player of `tone` shows.",
        mistakes={
            -24.08: "that is the level of the peak; RMS is the amplitude divided by the square root of 2.",
            -21.07: "that is the level of `tone` itself; the new tone has half its amplitude.",
            -6.02: "that is how much quieter the new tone is; what is its level?",
            -33.11: "the octave changes nothing: only the amplitude counts, and it was halved once.",
            27.09: "quieter than full scale is a negative number of dB.",
        },
    ),
    "00.2": Number(
        right=3.0,
        within=0.1,
        near=0.6,
        hint="count how often the picture of one second is at its widest, the two ends together as one.",
        mistakes={
            441.5: "that is about the pitch you hear; how often per second does it swell?",
            1.5: "each half swing of the slow curve around the picture is one swell.",
            6.0: "you counted the quiet moments, too.",
            4.0: "the first second begins and ends with a loud moment; together they are one.",
        },
    ),
    "00.3": Number(
        right=146.8,
        within=3.0,
        near=8.0,
        hint="find the tallest peak of each repeat, and divide the number of gaps between the first and the "
        "last by the time between those two.",
        mistakes={
            160.0: "eight tall peaks have only seven gaps between them.",
            140.0: "seven repeats do not fill 0.05 s; take the time from the first tall peak to the last.",
            7.0: "that is how many repeats there are in 0.05 s; how many would there be in one second?",
            73.4: "that is an octave too low: is there a shorter piece that repeats?",
            293.7: "that is an octave too high: do the two halves really look alike?",
        },
    ),
}
