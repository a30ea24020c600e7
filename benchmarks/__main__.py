"""Print one table of ratios, ours against a peer's, measured side by side in this run."""

from benchmarks import clarinet, generation, loss, piano, scaling, stretch, training_step, vocoder

print(f"{'':<52} {'ours':>11} {'peer':>11} {'ratio':>7}")
for suite in (vocoder, stretch, loss, training_step, scaling, generation, clarinet, piano):
    for row in suite.rows():
        print(row, flush=True)
