"""The page's training computes what Keras computes: gradients, losses and steps, under every likelihood and mistake."""

import json

import numpy as np
import pytest
from training_page import assert_alike, in_keras, in_node, inputs_of, run_training

from vae_core.explorer.digits import packed_digits, worker_program
from vae_core.explorer.playground import BREAKS, DEFAULTS

# Every array of the library that is alive, by the records that its WebAssembly back end keeps.
COUNT_ARRAYS = """
const kept = new Set();
const set = Map.prototype.set;
Map.prototype.set = function (key, value) {
  if (value?.ptr !== undefined && value.ref !== undefined) kept.add(this);
  return set.call(this, key, value);
};
const alive = () => [...kept].reduce((sum, map) => sum + map.size, 0);
"""
MAKE = """
const open = async (settings) => {
  const digits = await M.unpackDigits(readFileSync(input.digits), settings.digits);
  const reports = [];
  const run = M.makeRun({ jax, digits, settings, backend: "wasm", onReport: (report) => reports.push(report) });
  const advance = async (count) => { for (let i = 0; i < count; i++) await run.advance(); };
  const numbers = async () => Array.from(new Float32Array(await run.weights()));
  return { run, digits, reports, advance, numbers };
};
"""


@pytest.fixture
def run(tmp_path):
    """A function that runs the body of a function of `open` in Node; `input` holds settings."""
    (tmp_path / "digits").write_bytes(packed_digits())

    def run(body: str, before: str = "", **settings):
        arguments = {"settings": DEFAULTS | {"batch_size": 16} | settings, "digits": str(tmp_path / "digits")}
        return run_training(before + MAKE + body, arguments, tmp_path)

    return run


@pytest.mark.parametrize(
    ("likelihood", "latent_dim", "mistake"),
    [
        ("bernoulli", 2, None),
        ("continuous_bernoulli", 2, None),
        ("gaussian", 1, None),
        *(("bernoulli", 2, mistake) for mistake in BREAKS[1:]),
        ("gaussian", 2, "mean_reduction"),
        ("continuous_bernoulli", 1, "no_half"),
    ],
)
def test_fifty_steps_are_those_of_keras(likelihood, latent_dim, mistake, tmp_path):
    inputs = inputs_of(likelihood, mistake, latent_dim=latent_dim, steps=50)
    assert_alike(in_node(inputs, tmp_path), in_keras(inputs))


def test_a_mistake_changes_the_gradient(tmp_path):
    first = {
        mistake: in_node(inputs_of("bernoulli", mistake, steps=1), tmp_path)["gradients"] for mistake in BREAKS[:4]
    }
    flat = {mistake: np.concatenate([np.array(part) for part in parts]) for mistake, parts in first.items()}
    sizes = [np.linalg.norm(flat[mistake] - flat[None]) / np.linalg.norm(flat[None]) for mistake in BREAKS[1:4]]
    assert min(sizes) > 1e-3


def test_a_seed_fixes_a_run_and_breaks_do_not_change_it(run):
    once, again, halting, other = run("""
    const ends = [];
    for (const [settings, parts] of [
      [input.settings, [12]], [input.settings, [12]], [input.settings, [5, 7]], [{ ...input.settings, seed: 1 }, [12]],
    ]) {
      const { run, advance, numbers } = await open(settings);
      for (const part of parts) {
        await advance(part);
        await run.show("paused");
      }
      ends.push(await numbers());
    }
    return ends;""")
    assert once == again == halting
    assert once != other


def test_no_array_is_forgotten(run):
    counts = run(
        """
    const { run, advance } = await open(input.settings);
    const counts = [];
    await advance(16);
    await run.show("paused");
    counts.push(alive());
    for (const mistake of [null, "no_half", "mean_reduction", "frozen_epsilon"]) {
      run.change({ ...input.settings, break: mistake, beta: 2, noise: mistake !== null });
      await advance(16);
      await run.show("paused");
      await run.weights();
      counts.push(alive());
    }
    run.change(input.settings);
    await advance(32);
    counts.push(alive());
    return counts;""",
        COUNT_ARRAYS,
    )
    assert counts[0] > 40  # weights and the two moments of Adam
    assert counts[0] == counts[1]
    assert counts[-1] <= counts[0] + 12  # constants of the three steps that were compiled


def test_reports_hold_what_the_view_draws(run):
    report = run(
        """
    const { run, advance, reports, digits } = await open(input.settings);
    await advance(8);
    await run.show("paused");
    const { history, codes, grid, pictures, ...rest } = reports.at(-1);
    const { train, heldOut } = history;
    const arrays = [codes.mean, codes.logVar, codes.labels, grid.codes, grid.images, pictures.originals];
    return {
      ...rest,
      counts: [digits.train.count, digits.heldOut.count],
      steps: Array.from(history.step),
      losses: [train.reconstruction, train.kl, heldOut.reconstruction, heldOut.kl].flatMap((one) => [...one]),
      labels: [...new Set(codes.labels)].sort(),
      sizes: [...arrays, pictures.reconstructions].map((array) => array.length),
      corners: [Array.from(grid.codes.slice(0, 2)), Array.from(grid.codes.slice(-2))],
      range: [Math.min(...grid.images), Math.max(...grid.images)],
    };""",
        digits=[1, 7],
    )
    train, held_out = report["counts"]
    assert 1_500 < train < 2_000
    assert 80 < held_out < 130
    assert (report["status"], report["step"], report["backend"]) == ("paused", 8, "wasm")
    assert report["epoch"] == pytest.approx(8 * 16 / train)
    assert report["steps"] == [1, 8]
    assert all(0 <= loss < 700 for loss in report["losses"])
    assert report["labels"] == [1, 7]
    assert report["sizes"] == [2 * held_out, 2 * held_out, held_out, 288, 144 * 784, 10 * 784, 10 * 784]
    np.testing.assert_allclose(report["corners"], [[-3, 3], [3, -3]], atol=1e-6)
    assert 0 <= report["range"][0] < report["range"][1] <= 1


def test_a_loss_that_is_no_number_stops_the_run(run):
    message = run(
        """
    const { advance } = await open(input.settings);
    try { await advance(16); } catch ({ message }) { return message; }""",
        learning_rate=1e20,
    )
    assert message.startswith("A loss is no longer a finite number at step ")


def test_the_worker_answers_whatever_comes_while_it_opens(run, tmp_path):
    (tmp_path / "program.js").write_text(worker_program())
    statuses, kinds, weights, sentence = run("""
    const sent = [];
    globalThis.postMessage = (message) => sent.push(message);
    new Function(read(input.digits.replace("digits", "program.js")))();
    const tell = (kind, content) => onmessage({ data: { kind, ...content } });
    const until = async (done) => { while (!done()) await new Promise((go) => setTimeout(go, 5)); };
    const digits = readFileSync(input.digits);
    tell("open", { digits, settings: input.settings, backend: "wasm" });
    tell("change", { settings: { ...input.settings, beta: 2 } });
    tell("weights");
    tell("step", { count: 3 });
    const last = () => sent.findLast(({ kind }) => kind === "report")?.report;
    const answer = () => sent.find(({ kind }) => kind === "weights");
    await until(() => answer() && last()?.status === "paused");
    const before = sent.flatMap(({ report }) => (report ? [[report.status, report.step]] : []));
    const weights = answer().weights.byteLength;
    tell("change", { settings: { ...input.settings, learning_rate: 1e20 } });
    tell("start");
    await until(() => sent.at(-1).kind === "failure");
    return [before, [...new Set(sent.map(({ kind }) => kind))], weights, sent.at(-1).sentence];""")
    assert statuses[0] == ["ready", 0]
    assert statuses[-1] == ["paused", 3]
    assert set(kinds) == {"report", "weights", "failure"}
    assert weights == 4 * 235_540
    assert sentence.startswith("A loss is no longer a finite number at step ")


def test_digits_come_out_as_they_went_in(run):
    from vae_core.data import mnist_split

    split = mnist_split(8_192)
    first = run("""
    const { digits: { train, heldOut } } = await open(input.settings);
    const images = (part) => Array.from(M.imagesAt(part, Uint32Array.of(0, part.count - 1)));
    return [train, heldOut].map((part) => [images(part), Array.from(part.labels.slice(-3))]);""")
    for (images, labels), part, last in zip(first, split, (8_192, 512), strict=True):
        expected = np.rint(15 * part.x[[0, last - 1]]) / 15
        np.testing.assert_allclose(np.reshape(images, expected.shape), expected, atol=1e-6)
        assert labels == part.y[last - 3 : last].tolist()


def test_random_numbers_are_what_they_should_be(tmp_path):
    batches, numbers, uniform, noise = run_training(
        """
    const next = M.makeBatches(10, 4, M.makeRandom(3, 1));
    const batches = Array.from({ length: 5 }, () => Array.from(next()));
    const random = M.makeRandom(2 ** 32 - 1, 2);
    const uniform = Array.from({ length: 4000 }, random);
    const noise = (settings) => {
      const draw = M.makeNoise(3, 2, M.makeRandom(0, 3));
      return [draw(settings), draw(settings), draw({ noise: true, break: null })].map((one) => Array.from(one));
    };
    const kinds = [[true, null], [false, null], [true, "one_epsilon"], [true, "frozen_epsilon"]];
    const noises = kinds.map(([on, mistake]) => noise({ noise: on, break: mistake }));
    return [batches, Array.from(M.normals(4001, random)), uniform, noises];""",
        None,
        tmp_path,
    )
    order = [image for batch in batches for image in batch]
    assert sorted(order[:10]) == sorted(order[10:]) == list(range(10))
    assert order[:10] != order[10:]
    assert abs(np.mean(numbers)) < 0.06
    assert abs(np.std(numbers) - 1) < 0.05
    assert 0 <= min(uniform) < 0.01 < 0.99 < max(uniform) < 1
    assert abs(np.mean(uniform) - 0.5) < 0.02
    plain, silent, one, frozen = noise
    assert plain[0] != plain[1]
    assert silent[:2] == [[0] * 6] * 2
    assert one[0] == plain[0][:2] * 3
    assert frozen[0] == frozen[1] == plain[0]
    assert silent[2] == one[2] == frozen[2] == plain[2]  # whatever was made of the noise, the next is the same


def test_the_copied_program_is_that_of_python(tmp_path):
    from vae_core.explorer.front_end import FOLDER
    from vae_core.explorer.program import TEMPLATE, program

    choices = [DEFAULTS | {"break": mistake, "noise": noise} for mistake in BREAKS for noise in (True, False)]
    choices += [DEFAULTS | {"digits": [3], "likelihood": name} for name in ("gaussian", "continuous_bernoulli")]
    copied = run_training(
        f"""
    const {{ programOf }} = await import({json.dumps((FOLDER / "program.js").as_uri())});
    return input.choices.map((settings) => programOf(input.template, settings));""",
        {"choices": choices, "template": TEMPLATE},
        tmp_path,
    )
    for text, settings in zip(copied, choices, strict=True):
        expected = program(settings)
        assert text.replace("beta=1,", "beta=1.0,") == expected  # JavaScript has one kind of number
        compile(expected, "program", "exec")
        assert ("epsilon" not in expected) or settings["noise"]
        assert ("/ 784" in expected) == (settings["break"] == "mean_reduction")
