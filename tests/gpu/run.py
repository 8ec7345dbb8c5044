"""Runs on a machine with a GPU what `cargo xtask gpu-test` or `gpu-bench` built into .carry/: no Rust is needed there.

Usage: python3 tests/gpu/run.py test [NAME…]
       python3 tests/gpu/run.py bench [PART…]     parts: calibrate predictions losses speed operations
       python3 tests/gpu/run.py regimen ARGUMENTS…

Needs Python with torch 2.11.0 for CUDA 13. `bench` writes its figures to $OUT, or target/gpu if that is not set; the comparison with
nanoGPT needs its model.py at .peer/nanogpt_model.py.
"""
import json
import os
import pathlib
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
CARRY = ROOT / ".carry"
MODEL = ROOT / ".peer/nanogpt_model.py"
EXPERIMENT = "examples/gpt2_plays.exp"
OUT = pathlib.Path(os.environ.get("OUT", ROOT / "target/gpu"))
# The usual formula for the FLOPs of a token, and the card's dense bf16 peak.
LAYERS, WIDTH, CONTEXT, PEAK = 12, 768, 1_024, 989.4e12


def environment():
    """Where torch and the libraries that come with it lie."""
    import torch

    torch_folder = pathlib.Path(torch.__file__).parent
    folders = [torch_folder / "lib", torch_folder.parent / "nvidia/cu13/lib", torch_folder.parent / "nvidia/cudnn/lib"]
    return {**os.environ, "LD_LIBRARY_PATH": ":".join(map(str, folders))}


def run(*command, capture=False, quiet=False):
    if not quiet:
        print("$", *command, flush=True)
    out = subprocess.PIPE if capture or quiet else None
    err = subprocess.PIPE if quiet else None
    done = subprocess.run([str(part) for part in command], cwd=ROOT, env=environment(), text=True, stdout=out, stderr=err)
    if done.returncode != 0:
        sys.exit(f"error: exit status {done.returncode}\n{done.stderr or ''}")
    return done.stdout


def regimen(*arguments):
    return run(CARRY / "regimen", *arguments)


def test(names):
    run(CARRY / "cuda", "--ignored", "--nocapture", "--test-threads=1", *names)


def plan_for(batch, **changes):
    """The example's plan with another batch, and with other fields: `gpt2__layers` is the field `gpt2.layers`."""
    path = OUT / "plan.json" if changes else OUT / f"plan_{batch}.json"
    sets = {"pretrain__batch": f"{batch} sequences", **changes}
    sets = [part for name, value in sets.items() for part in ("--set", f"{name.replace('__', '.')}={value}")]
    run(CARRY / "regimen", "plan", EXPERIMENT, *sets, "--out", path, quiet=bool(changes))
    return path


def calibrate():
    regimen("calibrate", "--hardware", "h100_sxm")


def sizes(layers, heads, hidden, **more):
    return dict(gpt2__layers=layers, gpt2__heads=heads, gpt2__hidden=hidden, **more)


SHORT = dict(gpt2__vocab=32_000, gpt2__context=2_048)
PREDICTIONS = [
    ("124M", 32, {}),
    ("124M", 64, {}),
    ("124M, micro-batches of 16", 64, dict(pretrain__micro_batch=16)),
    ("124M, recompute full", 64, dict(pretrain__recompute="full")),
    ("124M, reproducible", 32, dict(pretrain__reproducible="true")),
    ("124M, dropout 10 %", 8, dict(gpt2__dropout="10%")),
    ("124M, f32", 4, dict(pretrain__precision="f32")),
    ("355M", 16, sizes(24, 16, 1_024)),
    ("774M", 8, sizes(36, 20, 1_280)),
    ("1.5B", 4, sizes(48, 25, 1_600)),
    ("43M, context 2,048, 32,000 words", 16, sizes(8, 8, 512, **SHORT)),
    ("875M, context 2,048, 32,000 words", 4, sizes(16, 32, 2_048, **SHORT)),
    # The shapes of calibration were chosen with those above in view; two were added after these eight.
    ("196M, 14 heads", 24, sizes(15, 14, 896)),
    ("67M, context 512", 48, sizes(10, 10, 640, gpt2__context=512)),
    ("355M, recompute full", 32, sizes(24, 16, 1_024, pretrain__recompute="full")),
    ("355M, dropout 10 %", 8, sizes(24, 16, 1_024, gpt2__dropout="10%")),
    ("690M, 18 heads of 96", 6, sizes(18, 18, 1_728)),
    ("1.3B, context 4,096", 2, sizes(24, 16, 2_048, gpt2__context=4_096)),
    ("43M, reproducible", 32, sizes(8, 8, 512, pretrain__reproducible="true")),
    ("124M, 4 micro-batches of 4", 16, dict(pretrain__micro_batch=4)),
    # Two more were added after these.
    ("271M, context 768", 12, sizes(20, 16, 1_024, gpt2__context=768)),
    ("1.0B, 20 heads of 96", 4, sizes(20, 20, 1_920)),
    ("85M, 6 micro-batches of 12", 72, sizes(6, 12, 768, pretrain__micro_batch=12)),
    ("550M, context 4,096", 3, sizes(16, 24, 1_536, gpt2__context=4_096)),
    ("58M, context 256, dropout 10 %", 96, sizes(9, 9, 576, gpt2__context=256, gpt2__dropout="10%")),
    ("355M, f32", 2, sizes(24, 16, 1_024, pretrain__precision="f32")),
    ("1.5B, recompute full", 8, sizes(48, 25, 1_600, pretrain__recompute="full")),
    ("774M, reproducible", 8, sizes(36, 20, 1_280, pretrain__reproducible="true")),
    ("124M, 76 GiB", 190, {}),
    # Three were changed after these.
    ("140M, 11 heads", 36, sizes(13, 11, 704)),
    ("124M, context 512", 160, dict(gpt2__context=512)),
    ("230M, dropout 10 %", 16, sizes(14, 15, 960, gpt2__dropout="10%")),
    ("75M, context 256, dropout 10 %", 128, sizes(8, 10, 640, gpt2__context=256, gpt2__dropout="10%")),
    ("620M, context 1,536", 8, sizes(18, 25, 1_600, gpt2__context=1_536)),
    ("1.2B, 4 micro-batches of 3", 12, sizes(22, 16, 2_048, pretrain__micro_batch=3)),
    # The rule about tiles came after these.
    ("182M, 13 heads", 28, sizes(16, 13, 832)),
    ("124M, context 256", 200, dict(gpt2__context=256)),
    ("410M, 32,000 words", 20, sizes(22, 19, 1_216, gpt2__vocab=32_000)),
    ("85M, dropout 10 %, context 512", 40, sizes(12, 11, 704, gpt2__context=512, gpt2__dropout="10%")),
    ("950M, context 2,048", 3, sizes(30, 25, 1_600, gpt2__context=2_048)),
    ("210M, reproducible", 14, sizes(20, 13, 832, pretrain__reproducible="true")),
    # None of these had been measured before the table was made.
    ("315M, 15 heads", 16, sizes(22, 15, 960)),
    ("124M, 3 micro-batches of 24", 72, dict(pretrain__micro_batch=24)),
    ("82M, context 2,048", 12, sizes(6, 12, 768, gpt2__context=2_048)),
    ("1.0B, 27 heads", 4, sizes(26, 27, 1_728)),
    ("42M, 7 heads", 64, sizes(8, 7, 448)),
    ("198M, 17 heads, dropout 10 %", 12, sizes(10, 17, 1_088, gpt2__dropout="10%")),
]


def predictions():
    """Steps as `regimen calibrate` lets plans predict them, none of which it timed; and bytes."""
    print(f"{'plan':34}{'batch':>6}{'predicted':>12}{'measured':>12}{'off':>8}{'bytes off':>11}")
    for name, batch, changes in PREDICTIONS:
        line = json.loads(run(CARRY / "gpu", "speed", plan_for(batch, **changes), 15, quiet=True))
        predicted, measured = line["predicted_step_ms"], line["step_ms"]
        bytes_off = line["requested_bytes"] - line["planned_bytes"]
        off = predicted / measured - 1
        print(f"{name:34}{batch:6}{predicted:9.2f} ms{measured:9.2f} ms{off:+8.1%}{bytes_off:+11}", flush=True)


def utilisation(parameters, tokens_per_s):
    return tokens_per_s * (6 * parameters + 12 * LAYERS * WIDTH * CONTEXT) / PEAK


def speed():
    """In turns, so that whatever happens to the card meets both."""
    rows = []
    for batch in (32, 64):
        plan = plan_for(batch)
        ours, theirs = [], []
        for _ in range(3):
            ours.append(json.loads(run(CARRY / "gpu", "speed", plan, 30, capture=True)))
            print("  regimen", json.dumps(ours[-1]), flush=True)
            if MODEL.exists():
                theirs.append(json.loads(run(sys.executable, "tests/gpu/peer.py", "speed", MODEL, batch, 30, capture=True)))
                print("  nanoGPT, torch.compile", json.dumps(theirs[-1]), flush=True)
        rows.append((batch, ours, theirs))
        (OUT / "speed.json").write_text(json.dumps(rows, indent=1))
    print(f"plan of batch 32: {rows[0][1][0]['plan']}; of the run whose losses were compared: {plan_of_run()}")
    for batch, ours, theirs in rows:
        middle = statistics.median(line["tokens_per_s"] for line in ours)
        share = utilisation(ours[0]["parameters"], middle)
        print(f"batch {batch}: {middle:,.0f} tokens/s, {share:.1%} of the card's peak", end="")
        if theirs:
            ratio = middle / statistics.median(line["tokens_per_s"] for line in theirs)
            print(f", {ratio:.3f} × nanoGPT under torch.compile", end="")
        print(flush=True)


def plan_of_run():
    """The hash of the plan that `losses` ran; its checkpoints hold it."""
    plans = sorted((ROOT / "examples/runs/gpt2_plays").rglob("plan.json"))
    return json.loads(plans[-1].read_text())["hash"] if plans else "none yet"


def operations():
    run(CARRY / "gpu", "operations", plan_for(32))


def losses():
    """200 steps on the plays: a run of ours, and nanoGPT from the same weights on the same batches."""
    regimen("run", EXPERIMENT, "--fresh", "--set", "pretrain.batch=32 sequences")
    metrics = ROOT / "examples/runs/gpt2_plays/pretrain/metrics.jsonl"
    lines = [json.loads(line) for line in metrics.open()]
    ours = [line["loss"] for line in lines if "learning_rate" in line]
    folder = OUT.parent / "losses"
    # Made after the run, which prepared its data: a plan says how much there is.
    plan = plan_for(32)
    run(CARRY / "gpu", "dump", plan, ROOT / "examples", len(ours), folder)
    found = {"Regimen, bf16": ours}
    for name, precision in PRECISIONS:
        text = run(sys.executable, "tests/gpu/peer.py", "losses", MODEL, folder, metrics, precision, capture=True)
        found[name] = json.loads(text)
        compare(found)


def compare(found):
    """After each precision, so that what is there is there."""
    (OUT / "losses.json").write_text(json.dumps(found))
    steps = len(next(iter(found.values())))
    print("step  " + "  ".join(f"{name:>22}" for name in found))
    for step in [0, 1, 2, 5, 10] + list(range(20, steps - 1, 20)) + [steps - 1]:
        print(f"{step + 1:4}  " + "  ".join(f"{curve[step]:22.4f}" for curve in found.values()))
    reference = found[PRECISIONS[0][0]]
    for name, curve in found.items():
        apart = [abs(a - b) for a, b in zip(curve, reference)]
        print(f"{name} against {PRECISIONS[0][0]}: {max(apart):.4f} at most, {statistics.mean(apart):.4f} in the mean", flush=True)
    plot(found, reference)


PRECISIONS = [("nanoGPT, bf16 autocast", "autocast"), ("nanoGPT, bf16", "bf16"), ("nanoGPT, TF32", "tf32")]


def plot(found, reference):
    try:
        import matplotlib
    except ImportError:
        print("skipped: the picture of the curves; matplotlib is not installed")
        return
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for index, (name, curve) in enumerate(found.items()):
        style = dict(color=f"C{index}", linestyle="-" if index else "--", zorder=-index)
        left.plot(curve, label=name, **style)
        if curve is not reference:
            right.plot([a - b for a, b in zip(curve, reference)], label=name, **style)
    left.set(xlabel="step", ylabel="loss", title="GPT-2 124M on the plays")
    right.set(xlabel="step", title="less that of " + PRECISIONS[0][0])
    left.legend()
    right.legend()
    figure.savefig(OUT / "losses.png", dpi=80)


PARTS = dict(calibrate=calibrate, predictions=predictions, losses=losses, speed=speed, operations=operations)


def main():
    what, *rest = sys.argv[1:] or ["help"]
    if what == "test":
        test(rest)
    elif what == "bench" and all(part in PARTS for part in rest):
        OUT.mkdir(parents=True, exist_ok=True)
        for part in rest or PARTS:
            PARTS[part]()
    elif what == "regimen":
        regimen(*rest)
    else:
        sys.exit(__doc__)


main()
