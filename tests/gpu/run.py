"""Runs on a machine with a GPU what `cargo xtask gpu-test` or `gpu-bench` built into .carry/: no Rust is needed there.

Usage: python3 tests/gpu/run.py test [NAME…]
       python3 tests/gpu/run.py bench [PART…]     parts: calibrate speed operations losses
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


def run(*command, capture=False):
    print("$", *command, flush=True)
    done = subprocess.run(
        [str(part) for part in command], cwd=ROOT, env=environment(), text=True, stdout=subprocess.PIPE if capture else None
    )
    if done.returncode != 0:
        sys.exit(f"error: exit status {done.returncode}")
    return done.stdout


def regimen(*arguments):
    return run(CARRY / "regimen", *arguments)


def test(names):
    run(CARRY / "cuda", "--ignored", "--nocapture", "--test-threads=1", *names)


def plan_for(batch):
    path = OUT / f"plan_{batch}.json"
    regimen("plan", EXPERIMENT, "--set", f"pretrain.batch={batch} sequences", "--out", path)
    return path


def calibrate():
    regimen("calibrate", "h100_sxm")


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
    for batch, ours, theirs in rows:
        middle = statistics.median(line["tokens_per_s"] for line in ours)
        share = utilisation(ours[0]["parameters"], middle)
        print(f"batch {batch}: {middle:,.0f} tokens/s, {share:.1%} of the card's peak", end="")
        if theirs:
            ratio = middle / statistics.median(line["tokens_per_s"] for line in theirs)
            print(f", {ratio:.3f} × nanoGPT under torch.compile", end="")
        print(flush=True)


def operations():
    run(CARRY / "gpu", "operations", plan_for(32))


def losses():
    """200 steps on the plays: a run of ours, and nanoGPT from the same weights on the same batches."""
    plan = plan_for(32)
    regimen("run", EXPERIMENT, "--fresh", "--set", "pretrain.batch=32 sequences")
    metrics = ROOT / "examples/runs/gpt2_plays/pretrain/metrics.jsonl"
    lines = [json.loads(line) for line in metrics.open()]
    ours = [line["loss"] for line in lines if "learning_rate" in line]
    folder = OUT.parent / "losses"
    run(CARRY / "gpu", "dump", plan, ROOT / "examples", len(ours), folder)
    peer = lambda *more: json.loads(
        run(sys.executable, "tests/gpu/peer.py", "losses", MODEL, folder, metrics, *more, capture=True)
    )
    half, single = peer(), peer("--tf32")
    (OUT / "losses.json").write_text(json.dumps(dict(regimen=ours, autocast=half, tf32=single)))
    print("step   regimen   autocast   TF32")
    for step in [0, 1, 2, 5, 10] + list(range(20, len(ours) - 1, 20)) + [len(ours) - 1]:
        print(f"{step + 1:4} {ours[step]:9.4f} {half[step]:10.4f} {single[step]:6.4f}")
    off = lambda a, b: (max(abs(x - y) for x, y in zip(a, b)), statistics.mean(abs(x - y) for x, y in zip(a, b)))
    for name, pair in (("regimen and autocast", (ours, half)), ("TF32 and autocast", (single, half))):
        print("%s: largest difference %.4f, mean %.4f" % (name, *off(*pair)))
    plot(ours, half, single)


def plot(ours, half, single):
    try:
        import matplotlib
    except ImportError:
        print("skipped: the picture of the curves; matplotlib is not installed")
        return
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 4), layout="constrained")
    left.plot(single, label="nanoGPT, f32 with TF32", color="0.7", linewidth=3)
    left.plot(half, label="nanoGPT, bf16 autocast")
    left.plot(ours, label="Regimen, bf16", linestyle="--")
    left.set(xlabel="step", ylabel="loss", title="GPT-2 124M on the plays")
    left.legend()
    right.plot([a - b for a, b in zip(single, half)], label="TF32 − autocast", color="0.7")
    right.plot([a - b for a, b in zip(ours, half)], label="Regimen − autocast")
    right.set(xlabel="step", ylabel="difference of losses")
    right.legend()
    figure.savefig(OUT / "losses.png", dpi=80)


PARTS = dict(calibrate=calibrate, speed=speed, operations=operations, losses=losses)


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
