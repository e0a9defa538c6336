"""The state of the explorer, in Node: what is chosen, what follows from it, and who is told."""

import numpy as np
import pytest
from explorer_node import run_node

HEIGHT, WIDTH = 3, 4
PIXELS = HEIGHT * WIDTH
CLASSES = ["oak", "elm"]
# A model in Node as Python packs it: `model.saved` counts the messages to Python.
SETUP = """
const bytes = (numbers) => new DataView(new Uint8Array(numbers).buffer);
const content = { ...input.content };
for (const name of ["labels", "pictures"]) content[name] = bytes(content[name]);
content.snapshots = content.snapshots.map((one) => ({
  ...one,
  ...Object.fromEntries(["encoder", "decoder", "codes", "posteriors"].map((name) => [name, bytes(one[name])])),
}));
const model = M.makeModel({ z: [0.5, -0.25], model_name: "vae", epoch: 9, picked: null, glide: false, ...input.traits,
  model_names: { vae: ["VAE", true], autoencoder: ["autoencoder", false] }, epochs: [0, 4, 9],
  picture_names: ["oak, no. 1", "elm, no. 1"], _content: content });
model.saved = 0;
model.save_changes = () => model.saved++;
const store = M.storeOf(model);
let told = 0;
store.subscribe(() => told++);
const pause = (ms) => new Promise((resume) => setTimeout(resume, ms));
const put = (z) => Array.from(z, (value) => Number(value.toFixed(6)));
"""


def octets(array, dtype) -> list[int]:
    return list(np.asarray(array).astype(dtype).tobytes())


def dense(outputs: int, inputs: int) -> dict:
    return {"op": "dense", "in": [inputs], "out": [outputs], "activation": "linear"}


@pytest.fixture(scope="module")
def content() -> dict:
    """Two models after three epochs, of two dimensions and images of 3 x 4, with networks of one layer."""
    rng = np.random.default_rng(0)
    snapshots = [
        {
            "model": name,
            "epoch": epoch,
            "dtype": "float32",
            "decoder": octets(rng.normal(size=3 * PIXELS), "<f4"),
            "encoder": octets(0.3 * rng.normal(size=(PIXELS + 1) * 4), "<f4") if epoch == 9 else [],
            "codes": octets([[100, 0], [0, 200], [-300, 50]], "<i2"),
            "unit": 0.01,
            "posteriors": octets([[0.4, 0.2, -3, -4], [-1, 0.5, -2, -5]], "<f4"),
        }
        for name in ("vae", "autoencoder")
        for epoch in (0, 4, 9)
    ]
    about = {"likelihood": {"name": "bernoulli"}, "offset": [0, 0], "axes": [[1, 0], [0, 1]], "share": 1}
    window = {"centre": [0, 0], "half": 3.5}
    return {
        "layers": {"decoder": [dense(PIXELS, 2)], "encoder": [dense(4, PIXELS)]},
        "models": {
            "vae": {**about, **window, "variational": True},
            "autoencoder": {**about, **window, "variational": False},
        },
        "snapshots": snapshots,
        "image_shape": [HEIGHT, WIDTH, 1],
        "labels": octets([0, 1, 1], "<u2"),
        "class_names": CLASSES,
        "colors": ["#000", "#fff"],
        "pictures": octets(np.arange(2 * PIXELS), np.uint8),
        "pictures_dtype": "uint8",
        "preparation": {"width": 1, "extent": None, "centre": None, "levels": [0, 1]},
        "noun": "picture",
        "reproducible": False,
    }


@pytest.fixture
def run(content):
    return lambda script, **traits: run_node(SETUP + script, {"content": content, "traits": traits})


def test_every_view_of_a_model_has_one_store(run):
    """Each view is given a `model` of its own, on the same traits; another model has another store."""
    script = """
    const view = { ...model };
    const names = ["z", "model_name", "epoch", "picked", "glide", "model_names", "epochs", "picture_names"];
    const traits = Object.fromEntries(names.map((name) => [name, model.get(name)]));
    const other = M.makeModel({ ...traits, _content: { ...content } });
    return [M.storeOf(view) === store, M.storeOf(other) === store];"""
    assert run(script) == [True, False]


def test_a_picked_picture_is_encoded_and_the_point_goes_to_its_mean(run):
    script = """
    store.pick(1);
    const { mean, logVar, kl, cloud } = store.posterior;
    const z = put(model.get("z"));
    return { z, mean: put(mean), logVar: put(logVar), kl, cloud: cloud.length, x: put(store.x), told };"""
    found = run(script)
    assert found["z"] == found["mean"] == [-1, 0.5]
    assert found["logVar"] == [-2, -5]
    assert found["kl"] == pytest.approx(0.5 * (np.exp(-2) + 1 + 2 - 1 + np.exp(-5) + 0.25 + 5 - 1))
    assert (found["cloud"], found["told"] > 0) == (30, True)
    np.testing.assert_allclose(found["x"], np.arange(PIXELS, 2 * PIXELS) / 255, atol=1e-6)


def test_the_cloud_is_of_the_posterior_and_the_same_every_time(run):
    script = """
    store.pick(1);
    const first = store.posterior.cloud.map(put);
    store.pick(0);
    store.pick(1);
    return [first, store.posterior.cloud.map(put)];"""
    first, again = run(script)
    assert first == again
    noise = (np.array(first) - [-1, 0.5]) / np.exp(np.array([-2, -5]) / 2)
    assert np.abs(noise.mean(axis=0)).max() < 3 / np.sqrt(30)
    assert np.abs(noise).max() < 4
    assert 0.6 < noise.std() < 1.4


def test_a_sample_joins_the_cloud_and_is_where_the_point_is(run):
    script = """
    store.pick(0);
    store.sample(() => 0.5);
    const z = put(store.z), last = put(store.posterior.cloud.at(-1));
    store.toMean();
    return { z, last, count: store.posterior.cloud.length, back: put(store.z) };"""
    found = run(script)
    radius = np.sqrt(-2 * np.log(0.5))  # Box and Muller at an angle of pi
    assert found["z"] == pytest.approx([0.4 - radius * np.exp(-1.5), 0.2], abs=1e-5)
    assert found["last"] == found["z"]
    assert (found["count"], found["back"]) == (31, [0.4, 0.2])


def test_an_autoencoder_has_neither_cloud_nor_prior_in_anything_it_says(run):
    script = """
    store.pick(0);
    const say = () =>
      [M.factsIn(store), ...M.encodedLines(store), ...M.legendOf(store).flat(), M.lensLabel(store)].join(" ");
    const vae = say();
    store.chooseModel("autoencoder");
    store.toggleExact();
    const { logVar, kl, cloud } = store.posterior;
    return { logVar, kl, cloud, words: say(), vae, exact: store.hasExact, busy: store.isComputing };"""
    found = run(script)
    assert (found["logVar"], found["kl"], found["cloud"]) == (None, None, [])
    assert (found["exact"], found["busy"]) == (False, False)
    for word in ("prior", "KL", "\u03c3", "r =", "q(z|x)"):
        assert word in found["vae"]
        assert word not in found["words"]


def test_nothing_is_left_of_a_picture_that_python_takes_away(run):
    script = """
    model.set("picked", 1);
    const before = M.klIn(store);
    model.set("picked", null);
    return [before !== "", store.x, store.posterior, M.klIn(store), store.hasExact, store.picked];"""
    assert run(script) == [True, None, None, "", False, None]


def test_a_drawing_replaces_a_picture_and_is_taken_back(run):
    script = """
    store.pick(1);
    store.beginStroke([0.5, 1.5]);
    store.extendStroke([[3.5, 1.5]]);
    const one = put(store.z), picked = [store.picked, model.get("picked")];
    store.beginStroke([2, 0.5]);
    store.extendStroke([[2, 2.5]]);
    const two = put(store.z);
    store.undo();
    const undone = put(store.z);
    store.undo();
    return { one, two, undone, picked, x: store.x, strokes: store.strokes.length };"""
    found = run(script)
    assert found["one"] == found["undone"] != found["two"]
    assert (found["picked"], found["x"], found["strokes"]) == ([None, None], None, 0)


def test_a_drawing_needs_the_last_epoch_and_says_so_at_the_others(run):
    script = """
    store.chooseEpoch(0);
    store.beginStroke([1, 1]);
    const epoch = model.get("epoch"), encoded = store.posterior !== null;
    store.chooseEpoch(4);
    return { epoch, encoded, posterior: store.posterior, words: M.encodedLines(store), seen: store.x !== null };"""
    found = run(script)
    assert (found["epoch"], found["encoded"], found["posterior"], found["seen"]) == (9, True, None, True)
    assert "encoder of epoch 9 only" in found["words"][0]


def test_the_epochs_play_to_the_last_and_a_hand_stops_them(run):
    script = """
    const seen = [];
    model.on("change:epoch", () => seen.push(model.get("epoch")));
    store.play();
    const playing = store.isPlaying;
    await pause(900);
    store.chooseEpoch(4);
    const stopped = store.isPlaying;
    store.play();
    await pause(900);
    return { seen, playing, stopped, end: store.isPlaying };"""
    found = run(script)
    assert (found["playing"], found["stopped"], found["end"]) == (True, False, False)
    assert found["seen"][0] == 0
    assert found["seen"][-1] == 9


def test_the_point_glides_until_anybody_takes_it(run):
    script = """
    const start = put(store.z);
    for (let i = 0; i < 200; i++) store.glide(0.05);
    const on = put(store.z), trail = store.trail.length, silent = put(model.get("z"));
    store.rest();
    const still = put(store.z);
    store.glide(1);
    const [after, kept] = [put(store.z), put(model.get("z"))];
    return { start, on, trail, silent, still, after, kept, glide: model.get("glide") };"""
    found = run(script, glide=True)
    assert found["start"] == found["silent"] == [0.5, -0.25]  # Python hears nothing on the way
    assert np.hypot(*np.subtract(found["on"], found["start"])) > 0.3
    assert 2 <= found["trail"] <= 9
    assert found["on"] == found["still"] == found["after"] == found["kept"]
    assert found["glide"] is False


@pytest.mark.parametrize(
    "action",
    ["store.moveTo([1, 1])", 'model.set("z", [1, 1])', "store.pick(0)", "store.zoom()", 'model.set("glide", false)'],
)
def test_every_input_ends_the_glide(run, action):
    assert run(f"store.glide(0.05); {action}; return [store.isGliding, store.trail];", glide=True) == [False, []]


def test_a_glide_ends_by_itself(run):
    assert run("for (let i = 0; i < 1300; i++) store.glide(0.05); return store.isGliding;", glide=True) is False


def test_pins_zoom_and_strip_belong_to_the_model(run):
    script = """
    const names = [];
    for (let i = 0; i < 8; i++) { names.push(store.nextPin); store.pin(); store.moveBy([0.1, 0]); }
    const full = store.nextPin, ends = store.stretch.map(({ name }) => name);
    store.chooseEnd(0, 2);
    const chosen = store.stretch.map(({ name }) => name);
    store.unpin();
    store.zoom();
    const close = store.window.half;
    store.chooseEpoch(0);
    return { names, full, ends, chosen, none: store.stretch, close, whole: store.window.half };"""
    found = run(script)
    assert "".join(found["names"]) == "ABCDEFGH"
    assert (found["full"], found["none"]) == (None, None)
    assert (found["ends"], found["chosen"]) == (["G", "H"], ["C", "H"])
    assert found["close"] < 1 < found["whole"]


def test_points_stay_in_reach_and_what_is_none_becomes_the_origin(run):
    script = """
    store.moveTo([1e6, -3]);
    const far = model.get("z");
    model.set("z", [NaN, 1]);
    return [far, model.get("z")];"""
    assert run(script) == [[100, -3], [0, 0]]


def test_python_is_told_once_in_a_while(run):
    script = """
    for (let i = 0; i < 50; i++) store.moveTo([i / 50, 0]);
    const soon = model.saved;
    await pause(100);
    return [soon, model.saved];"""
    assert run(script) == [0, 1]


def test_the_exact_posterior_is_that_of_bayes_rule_under_the_magnifier(run, content):
    script = """
    store.pick(1);
    store.toggleExact();
    const busy = store.isComputing;
    while (store.isComputing) await pause(5);
    const { shares, count, window } = store.exact;
    return { busy, shares: [...shares], count, window, lens: store.lens, note: M.exactNote(store) };"""
    found = run(script)
    assert found["busy"]
    assert found["window"] == found["lens"]
    count, (a, b), half = found["count"], found["window"]["centre"], found["window"]["half"]
    steps = (2 * np.arange(count) + 1) / count - 1
    z = np.stack(np.meshgrid(a + half * steps, b - half * steps), axis=-1).reshape(-1, 2)
    weights = np.frombuffer(bytes(content["snapshots"][2]["decoder"]), "<f4").astype(float)
    logits = z @ weights[: 2 * PIXELS].reshape(2, PIXELS) + weights[2 * PIXELS :]
    x = np.arange(PIXELS, 2 * PIXELS) / 255
    joint = (x * logits - np.logaddexp(0, logits)).sum(axis=1) - (z**2).sum(axis=1) / 2
    expected = np.exp(joint - joint.max())
    np.testing.assert_allclose(found["shares"], expected / expected.sum(), atol=1e-9)
    assert "Orange: p(z|x)" in found["note"]


def test_the_atlas_is_what_the_decoder_draws_at_the_middle_of_each_cell(run):
    script = """
    const { atlas } = store;
    atlas.show(store.snapshot, store.window);
    const first = atlas.isComplete;
    while (!atlas.isComplete) atlas.work(5);
    const { columns, rows, width, height } = atlas;
    const half = store.window.half;
    const cells = [[0, 0], [columns - 1, 0], [3, rows - 2]];
    return { first, columns, rows, isInk: atlas.isInk, wrong: cells.map(([column, row]) => {
      const z = [half * ((2 * column + 1) / columns - 1), -half * ((2 * row + 1) / rows - 1)];
      const image = store.snapshot.picture(z);
      const at = (i, j) => 4 * ((3 * row + i) * width + 4 * column + j);
      return Math.max(...image.map((value, k) =>
        Math.abs(255 * value - atlas.pixels[at(Math.floor(k / 4), k % 4) + (atlas.isInk ? 3 : 0)])));
    }), size: [height, width] };"""
    found = run(script)
    assert found["first"] is False
    assert found["size"] == [3 * found["rows"], 4 * found["columns"]]
    assert found["columns"] < found["rows"]  # wide images, so fewer fit side by side
    assert max(found["wrong"]) <= 0.51


def test_the_atlas_works_in_slices_from_the_middle_and_keeps_its_images_until_new_ones_come(run):
    script = """
    const { atlas } = store;
    let time = 0;
    const clock = () => (time += 1);
    atlas.show(store.snapshot, store.window);
    atlas.work(5, clock);
    const { done, order, columns, rows } = atlas;
    while (!atlas.isComplete) atlas.work(50);
    const before = atlas.pixels.slice();
    store.chooseEpoch(0);
    atlas.show(store.snapshot, store.window);
    const kept = before.every((value, i) => value === atlas.pixels[i]) && !atlas.isComplete;
    store.zoom();
    atlas.show(store.snapshot, store.window);
    const first = [order[0] % columns, Math.floor(order[0] / columns)];
    return { done, total: order.length, first, columns, rows, kept,
      cleared: atlas.pixels.every((value) => value === 0) };"""
    found = run(script)
    assert 1 <= found["done"] < 10 < found["total"]
    assert abs(found["first"][0] - (found["columns"] - 1) / 2) <= 0.5
    assert abs(found["first"][1] - (found["rows"] - 1) / 2) <= 0.5
    assert (found["kept"], found["cleared"]) == (True, True)


def test_names_are_moved_apart_and_others_left_alone():
    places = run_node("return M.spreadOut(input, 18)", [[0, 0], [3, 1], [100, 50]])
    assert np.hypot(*np.subtract(places[0], places[1])) >= 17.9
    assert places[2] == [100, 50]
    same = run_node("return M.spreadOut(input, 18)", [[5, 5], [5, 5]])
    assert np.hypot(*np.subtract(*same)) >= 17.9


@pytest.mark.parametrize("middles", [[[0, 0]] * 4, [[0, 0], [30, 2], [12, -3], [-20, 5]]])
def test_long_names_do_not_cover_each_other(middles):
    widths, least = np.array([62, 46, 55, 36]), 18
    places = np.array(run_node("return M.spreadOut(...input)", [middles, least, widths]))
    for i in range(4):
        for j in range(i):
            across, down = np.abs(places[i] - places[j])
            wide = (widths[i] + widths[j]) / 2
            assert np.hypot(across / wide, down / least) > 0.99


def test_names_of_one_letter_stand_as_names_without_a_width():
    middles = [[0, 0], [3, 1], [9, 4]]
    alone, narrow = (run_node("return M.spreadOut(...input)", [middles, 18, *more]) for more in ([], [[10, 9, 12]]))
    assert alone == narrow


@pytest.mark.parametrize(("z", "towards"), [([50, 0], 0), ([0, 50], -np.pi / 2), ([-50, 0], np.pi)])
def test_a_point_beyond_the_window_is_shown_at_its_edge(z, towards):
    script = "return M.placeOf(M.makeView([0, 0], 4, 400), input)"
    place = run_node(script, z)
    assert place["beyond"] is True
    assert all(0 < value < 400 for value in place["at"])
    assert place["towards"] == pytest.approx(towards)
    inside = run_node(script, [1, 1])
    assert (inside["beyond"], inside["at"]) == (False, [250, 150])
