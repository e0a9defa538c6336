"""The playground's training beside Keras: the same weights, batches and noise for both, and what each makes of them."""

import json
import subprocess
from pathlib import Path

import jax
import keras
import numpy as np
from explorer_node import NODE

from vae_core import networks, objectives
from vae_core.data import mnist_split
from vae_core.explorer.digits import HELD_OUT_IMAGES, LIBRARY, TRAIN_IMAGES
from vae_core.explorer.front_end import FOLDER, joined
from vae_core.explorer.playground import DEFAULTS, IMAGE_SHAPE, LIKELIHOODS, WIDTH
from vae_core.models import VAE
from vae_core.objectives import ElboTerms

BATCH = 32
ADAM_RATE = 0.001
# What of a run is looked at: the gradient of the first step, the loss and its terms at every step.
COMPARE = """async ({ jax, makeVae, layersOf }, { settings, weights, x, epsilon, beta, rate }) => {
  const { numpy: np, tree } = jax;
  const vae = makeVae(jax, settings);
  const shapes = layersOf(settings.latent_dim);
  const numbers = Float32Array.from(weights);
  let used = 0;
  const array = (shape) => {
    const size = shape.reduce((a, b) => a * b, 1);
    return np.array(numbers.slice(used, (used += size))).reshape(shape);
  };
  const layer = ([inputs, outputs]) => ({ kernel: array([inputs, outputs]), bias: array([outputs]) });
  const start = { encoder: shapes.encoder.map(layer), decoder: shapes.decoder.map(layer) };
  const batch = (i, all, width) => np.array(Float32Array.from(all[i].flat(Infinity))).reshape([all[i].length, width]);
  const inputs = (i) => [batch(i, x, 784), batch(i, epsilon, settings.latent_dim)];
  const [[value, terms], gradient] = vae.gradient(tree.ref(start), ...inputs(0), beta, settings.break);
  terms.dispose();
  const losses = [(await value.data())[0]];
  const leaves = [...gradient.encoder, ...gradient.decoder].flatMap(({ kernel, bias }) => [kernel, bias]);
  const gradients = await Promise.all(leaves.map(async (leaf) => Array.from(await leaf.data())));
  let state = vae.initialState(start);
  const steps = [];
  for (let i = 0; i < x.length; i++) {
    state = vae.step(state, ...inputs(i), { beta, learning_rate: rate, break: settings.break });
    const sums = state.sums;
    state = { ...state, sums: np.zeros([2]) };
    steps.push(Array.from(await sums.data()));
  }
  tree.dispose(state);
  return { loss: losses[0], gradients, steps };
}"""


def modules_in_page() -> str:
    """Return a script that defines `modules`, the library and the training, as the worker has them."""
    return f"{LIBRARY.read_text('utf-8')}\n{joined('training.js')}\nconst modules = {{ jax, makeVae, layersOf }};"


def inputs_of(likelihood: str, mistake: str | None, *, latent_dim: int = 2, steps: int, seed: int = 0) -> dict:
    """Return what both are given. The two mistakes that lie in the noise are made here."""
    rng = np.random.default_rng(seed)
    keras.utils.set_random_seed(seed)
    vae = VAE(*networks.dense((28, 28, 1), latent_dim, width=WIDTH), likelihood=LIKELIHOODS[likelihood])
    weights = [np.asarray(weight) for weight in (*vae.encoder.weights, *vae.decoder.weights)]
    x = rng.integers(0, 16, (steps, BATCH, 784)) * (rng.random((steps, BATCH, 784)) < 0.2) / 15
    epsilon = rng.normal(size=(steps, BATCH, latent_dim))
    if mistake == "one_epsilon":
        epsilon[:] = epsilon[:, :1]
    if mistake == "frozen_epsilon":
        epsilon[:] = epsilon[:1]
    return {
        "settings": {"likelihood": likelihood, "latent_dim": latent_dim, "break": mistake},
        "weights": np.concatenate([weight.ravel() for weight in weights]).astype(np.float32),
        "x": x.astype(np.float32),
        "epsilon": epsilon.astype(np.float32),
        "beta": 1.5,
        "rate": ADAM_RATE,
    }


def in_keras(inputs: dict) -> dict:
    """Return what Keras' networks and Adam, and this package's likelihoods and objectives, make of the inputs."""
    settings, mistake = inputs["settings"], inputs["settings"]["break"]
    likelihood = LIKELIHOODS[settings["likelihood"]]
    encoder, decoder = networks.dense((28, 28, 1), settings["latent_dim"], width=WIDTH)
    variables = [*encoder.trainable_variables, *decoder.trainable_variables]
    start = 0
    for variable in variables:
        size = int(np.prod(variable.shape))
        variable.assign(inputs["weights"][start : start + size].reshape(variable.shape))
        start += size

    def loss(values, x, epsilon):
        count = len(encoder.trainable_variables)
        (mean, log_var), _ = encoder.stateless_call(values[:count], [], x)
        if mistake == "log_var_as_sigma":
            z = mean + log_var * epsilon
        elif mistake == "no_half":
            z = mean + jax.numpy.exp(log_var) * epsilon
        else:
            z = objectives.reparameterize(mean, log_var, epsilon)
        parameters, _ = decoder.stateless_call(values[count:], [], z)
        elbo = objectives.elbo(x, parameters, mean, log_var, likelihood=likelihood)
        log_prob, divergence = elbo.reconstruction_log_likelihood, elbo.kl_divergence
        scale = 784 if mistake == "mean_reduction" else 1
        terms = ElboTerms(elbo.elbo, log_prob / scale, divergence)
        value = -objectives.beta_elbo(terms, inputs["beta"]).mean()
        return value, jax.numpy.stack([-log_prob.mean(), divergence.mean()])

    optimizer = keras.optimizers.Adam(inputs["rate"])
    optimizer.build(variables)
    of_loss = jax.value_and_grad(loss, has_aux=True)

    @jax.jit
    def step(state, x, epsilon):
        values, moments = state
        (value, terms), gradients = of_loss(values, x, epsilon)
        return optimizer.stateless_apply(moments, gradients, values), value, terms, gradients

    state = [variable.value for variable in variables], [variable.value for variable in optimizer.variables]
    steps, first = [], {}
    for x, epsilon in zip(inputs["x"], inputs["epsilon"], strict=True):
        state, value, terms, gradients = step(state, x.reshape(-1, 28, 28, 1), epsilon)
        first = first or {"loss": float(value), "gradients": [np.ravel(gradient) for gradient in gradients]}
        steps.append(np.asarray(terms))
    return {**first, "steps": np.array(steps)}


def bound_in_keras(seed: int, steps: int) -> list[float]:
    """Return minus the reconstruction log-likelihood and the KL divergence of the held-out images after training.

    The settings and images are those of the playground, with Keras' own random numbers.
    """
    split = mnist_split(TRAIN_IMAGES)
    train, held_out = (np.rint(15 * x) / np.float32(15) for x in (split.train.x, split.held_out.x[:HELD_OUT_IMAGES]))
    keras.utils.set_random_seed(seed)
    vae = VAE(*networks.dense(IMAGE_SHAPE, DEFAULTS["latent_dim"], width=WIDTH), seed=seed)
    vae.compile(keras.optimizers.Adam(DEFAULTS["learning_rate"]))
    size = DEFAULTS["batch_size"]
    epochs, rest = divmod(steps * size, len(train))
    vae.fit(train, batch_size=size, epochs=epochs, verbose=0)
    vae.fit(train[np.random.default_rng(seed).permutation(len(train))[:rest]], batch_size=size, verbose=0)
    output = vae(held_out)
    terms = objectives.elbo(held_out, output.parameters, output.posterior_mean, output.posterior_log_var)
    return [-float(terms.reconstruction_log_likelihood.mean()), float(terms.kl_divergence.mean())]


def run_training(body: str, arguments: object, folder: Path) -> object:
    """Run the body of an async function of `input` in Node; it sees `jax` on WebAssembly and all modules as `M`."""
    given, program = folder / "input.json", folder / "program.mjs"
    given.write_text(json.dumps(arguments, default=lambda array: array.tolist()))
    addresses = [(FOLDER / name).as_uri() for name in ("randomness.js", "training.js", "training_run.js")]
    program.write_text(f"""
    import {{ readFileSync }} from "node:fs";
    const read = (path) => readFileSync(path, "utf8");
    const jax = new Function(`${{read({json.dumps(str(LIBRARY))})}}; return jax`)();
    await jax.init("wasm");
    jax.defaultDevice("wasm");
    const input = JSON.parse(read({json.dumps(str(given))}));
    const M = Object.assign({{}}, ...(await Promise.all({json.dumps(addresses)}.map((address) => import(address)))));
    const result = await (async () => {{ {body} }})();
    process.stdout.write(JSON.stringify(result), () => process.exit(0));""")
    done = subprocess.run([NODE, "--no-warnings", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def in_node(inputs: dict, folder: Path) -> dict:
    """Return what the page's code makes of the inputs in Node."""
    return run_training(f"return ({COMPARE})({{ jax, ...M }}, input);", inputs, folder)


def assert_alike(page: dict, expected: dict) -> None:
    """The first gradient to 1e-4 of its size, layer by layer; the terms of the loss at every step to 1e-3."""
    np.testing.assert_allclose(page["loss"], expected["loss"], rtol=1e-5, atol=0.01)  # a sum of 784 that may cancel
    assert len(page["gradients"]) == len(expected["gradients"]) == 14
    for received, wanted in zip(page["gradients"], expected["gradients"], strict=True):
        assert np.linalg.norm(np.array(received) - wanted) <= 1e-4 * np.linalg.norm(wanted)
    assert np.shape(page["steps"]) == expected["steps"].shape
    np.testing.assert_allclose(page["steps"], expected["steps"], rtol=1e-3, atol=0.05)
