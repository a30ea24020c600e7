"""Answers to the exercises of notebook 07."""

from rnnsound.exercises.checks import Between, Check, Number

CHECKS: dict[str, Check] = {
    "07.1": Between(
        8.0,
        40.0,
        "take the level of each from 10 to 11 s, in dB; then the sustained note's minus the struck one's",
    ),
    "07.2": Number(
        2.0,
        within=0.2,
        near=0.6,
        hint="measure strings(1) up to 1.2 s, strings(0.5, 2.5) up to 0.1 + 2 * 1.1 s; divide slow by usual",
        mistakes={
            0.5: "that is usual over slow; turn the fraction around.",
            1.0: "both seem to have the same speed; read one at half speed, over twice the time.",
        },
    ),
    "07.3": Number(
        10.5,
        within=1.0,
        near=4.0,
        hint="from every level take 10 * kHz * seconds * np.log(10) / 20, with the knots' times in seconds",
        mistakes={
            -10.5: "that is how much less it loses; subtract the other way around.",
            0.0: "the felt does nothing: is it in the model that you play?",
        },
    ),
}
