"""Code of the chapter, cell by cell; names starting with # %% name"""
# %% imports
import vae_core  # first: it selects the JAX backend

import json
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
from scipy.special import logsumexp, rel_entr
from scipy.stats import norm

from vae_core import evaluation, figures, linear_gaussian, objectives
from vae_core.evaluation import BareModel
from vae_core.files import read_arrays
from vae_core.pretrained import provenance

SEED = 0
jax.config.update("jax_enable_x64", True)
plt.style.use("vae_core.house")
# %% results
RESULTS = Path("../benchmarks/results")


def read(name):
    return json.loads((RESULTS / f"{name}.json").read_text())


def standard_error(values):
    return np.std(values, ddof=1) / np.sqrt(len(values))
# %% toy
rng = np.random.default_rng(SEED)
axes, lengths, _ = np.linalg.svd(rng.normal(size=(6, 2)), full_matrices=False)
c = 0.5
model = linear_gaussian.LinearGaussian(
    jnp.array(axes * lengths), jnp.zeros(6), jnp.array(c)
)
x = linear_gaussian.sample(model, 1, jax.random.key(SEED)).x
exact = linear_gaussian.posterior(model, x)
true_mean, true_variance = exact.mean, jnp.diag(exact.covariance)[None]
# %% log_ratio
def log_ratio(r, epsilon):  # log w - log p(x), at a draw from q
    z = np.sqrt(r) * epsilon  # measured in deviations of the posterior
    log_q = norm.logpdf(epsilon) - 0.5 * np.log(r)
    return (norm.logpdf(z) - log_q).sum(axis=-1)


def gap(log_w, num_samples):
    groups = log_w.reshape(-1, num_samples)
    mean = np.exp(logsumexp(groups, axis=1)) / num_samples
    return (mean - 1 - np.log(mean)).mean()  # E[mean - 1] is 0
# %% check_ratio
epsilon = rng.standard_normal((50, 1, 2))
log_var = jnp.log(2.0 * true_variance)
z = objectives.reparameterize(true_mean, log_var, epsilon)
error = ((x - z @ model.weights.T) ** 2).sum(axis=2)
log_likelihood = -0.5 * (error / c + 6 * np.log(2 * np.pi * c))
log_w = objectives.log_weights(log_likelihood, z, true_mean, log_var)
ours = log_ratio(2.0, epsilon) + linear_gaussian.log_evidence(model, x)
np.testing.assert_allclose(log_w, ours, atol=1e-9)
np.testing.assert_allclose(exact.covariance[0, 1], 0, atol=1e-12)
# %% gaps
noise = rng.standard_normal((2**19, 2))
sizes = 4 ** np.arange(6)
ratios = (2.0, 0.75, 0.3)
gaps = {r: [gap(log_ratio(r, noise), size) for size in sizes] for r in ratios}


def predicted(r, num_samples):
    return ((r / np.sqrt(2 * r - 1)) ** 2 - 1) / (2 * num_samples)
# %% print_gaps
print("millinats missing        K = 16   K = 256")
for r in (2.0, 0.75):
    for name, at in (("measured", gaps[r]), ("predicted", predicted(r, sizes))):
        print(f"r = {r:4}, {name:9} {1e3 * at[2]:10.0f} {1e3 * at[4]:9.1f}")
for r in ratios:
    slope = np.polyfit(np.log(sizes[2:]), np.log(gaps[r][2:]), 1)[0]
    print(f"r = {r}: from K = 16 on like K to the power {slope:.1f}")
# %% fig_gap
fig, ax = plt.subplots(figsize=(5.5, 3))
for i, r in enumerate(ratios):
    ax.plot(sizes, gaps[r], "o", color=f"C{i}", ms=5)
    if r > 0.5:
        ax.plot(sizes, predicted(r, sizes), "--", color=f"C{i}")
    ax.text(1200, gaps[r][-1], f"r = {r}", color=f"C{i}", va="center")
ax.set(xscale="log", yscale="log", xlim=(0.8, 4000))
ax.set(xlabel="samples $K$", ylabel="missing, nats")
ax.set_xticks(sizes, sizes)
ax.minorticks_off();
# %% bound
def bound(encoder, weights, epsilon, doubly):
    mean, log_var = encoder
    z = objectives.reparameterize(mean, log_var, epsilon)
    zeros = 0.0
    if doubly:
        z, zeros = objectives.doubly_reparameterized(z)
    error = ((x - z @ weights.T) ** 2).sum(axis=2)
    log_w = objectives.log_weights(
        -error / (2 * c), z, mean, log_var, stick_the_landing=doubly
    )
    return objectives.importance_weighted_bound(log_w + zeros)[0]
# %% gradients
@partial(jax.jit, static_argnums=(0, 1, 2))
def gradients(num_samples, doubly, repeats, encoder):
    shape = repeats, num_samples, 1, 2
    epsilon = jax.random.normal(jax.random.key(SEED), shape)
    slope = jax.grad(bound, argnums=(0, 1))
    of_each = jax.vmap(lambda e: slope(encoder, model.weights, e, doubly))
    of_encoder, of_decoder = of_each(epsilon)
    return jnp.concatenate(of_encoder, axis=-1)[:, 0], of_decoder
# %% snr
def signal_to_noise(values, signal):
    values = np.asarray(values).reshape(len(values), -1)
    return np.linalg.norm(signal) / np.sqrt(values.var(axis=0).sum())


displaced = true_mean + 0.3, jnp.log(1.5 * true_variance)
sizes = 4 ** np.arange(5)
found = {"decoder": [], "encoder": [], "encoder, doubly": []}
for size in sizes:
    plain, decoder = gradients(int(size), False, 1000, displaced)
    doubly, _ = gradients(int(size), True, 1000, displaced)
    signals = decoder.mean(axis=0), doubly.mean(axis=0)
    found["decoder"].append(signal_to_noise(decoder, signals[0]))
    found["encoder"].append(signal_to_noise(plain, signals[1]))
    found["encoder, doubly"].append(signal_to_noise(doubly, signals[1]))
# %% print_snr
for name, values in found.items():
    slope = np.polyfit(np.log(sizes[2:]), np.log(values[2:]), 1)[0]
    print(f"{name:16} slope {slope:+.1f}")
# %% fig_snr
fig, ax = plt.subplots(figsize=(5.5, 3))
styles = ("o-", figures.DECODER), ("o-", figures.ENCODER)
styles += (("s--", figures.ENCODER),)
for (name, values), (style, color) in zip(found.items(), styles, strict=True):
    ax.plot(sizes, values, style, color=color, ms=5)
    place = 310, values[-1] * {"decoder": 1.3, "encoder": 1}.get(name, 0.8)
    ax.text(*place, name, color=color, va="center")
ax.set(xscale="log", yscale="log", xlim=(0.8, 3000))
ax.set(xlabel="samples $K$", ylabel="signal / noise")
ax.set_xticks(sizes, sizes)
ax.minorticks_off();
# %% landing
def noise_of(r):
    encoder = true_mean, jnp.log(r * true_variance)
    both = (gradients(1, way, 1000, encoder)[0] for way in (False, True))
    return [np.sqrt(part.var(axis=0).sum()) for part in both]


for r in (1, 1.1, 1.5, 3):
    plain, landing = noise_of(r)
    print(f"r = {r:3}: plain {plain:.1f}, stuck {landing:.1f}")
# %% families
report = read("families")
shown, _ = read_arrays(RESULTS / "families.npz", remedy="")
FAMILIES = "diagonal", "full", "flow", "IWAE-5"
runs = {(run["family"], run["seed"]): run for run in report["runs"]}
# %% print_families
print("              log p(x)     ELBO    gap   best diagonal misses")
columns = "log_likelihood", "elbo", "gap", "diagonal_best"
for (family, seed), run in runs.items():
    truth, elbo, missed, best = (run[column] for column in columns)
    print(f"{seed} {family:9} {truth:10.1f} {elbo:8.1f}", end="")
    print(f" {missed:6.1f} {best:12.2f}")
# %% print_paired
for (family, seed), run in runs.items():
    if family == "diagonal":
        continue
    other = runs["diagonal", seed]["per_image"]
    ahead = np.subtract(run["per_image"], other)
    print(f"{seed} {family:7} {ahead.mean():+.1f}", end="")
    print(f" ± {standard_error(ahead):.1f}")
# %% fig_families
fig, grid = plt.subplots(4, 4, figsize=(7.2, 7.2))
for row, family in zip(grid, FAMILIES, strict=True):
    for i, ax in enumerate(row):
        density = shown[f"{family}-posteriors"][i].astype(float) / 255
        axes = shown[f"{family}-axes"][i].astype(float)
        log_density = np.log(np.maximum(density, 1e-4))
        figures.plot_density(log_density, axes, ax=ax)
        draws = shown[f"{family}-draws"][:, i].astype(float)
        ax.scatter(*draws.T, s=1.5, color=figures.ENCODER, alpha=0.7, lw=0)
        ax.set(xlim=axes[0][[0, -1]], ylim=axes[1][[0, -1]])
        ax.set(xticks=[], yticks=[], xlabel="", ylabel="")
    row[0].set_ylabel(family)
for ax, image in zip(grid[0], shown["images"], strict=True):
    inset = ax.inset_axes([0.7, 0.7, 0.28, 0.28])
    inset.imshow(image, cmap="gray")
    inset.axis("off")
# %% load
mnist = vae_core.load_mnist()
vae = vae_core.load_pretrained("vae")
priors, _ = read_arrays(RESULTS / "priors.npz", remedy="")
sets = {"train": mnist.x_train[:48_000], "test": mnist.x_test}
codes = {name: vae.encode(images) for name, images in sets.items()}
axis = priors["axis"].astype(float)
area = (axis[1] - axis[0]) ** 2
# %% aggregate
q = {
    name: evaluation.aggregate_on_grid(mean, log_var, (axis, axis))
    for name, (mean, log_var) in codes.items()
}
log_prior = np.add.outer(norm.logpdf(axis), norm.logpdf(axis))


def kl_on_grid(q, log_p):
    return area * rel_entr(q, np.exp(log_p)).sum()
# %% surgery
def surgery(name):
    mean, log_var = (part.astype(float) for part in codes[name])
    terms = np.exp(log_var) + mean**2 - 1 - log_var
    rate = 0.5 * terms.sum(axis=1).mean()
    each = 0.5 * (np.log(2 * np.pi * np.e) + log_var).sum(axis=1)
    whole = -area * (q[name] * np.log(np.maximum(q[name], 1e-300))).sum()
    information = whole - each.mean()
    return rate, information, kl_on_grid(q[name], log_prior)
# %% print_surgery
print("           R      I     KL   R - I - KL")
for name in sets:
    rate, information, marginal = surgery(name)
    rest = abs(rate - information - marginal)
    print(f"{name:5} {rate:7.3f} {information:6.3f} {marginal:6.3f}", end="")
    print(f" {rest:8.3f}")
# %% check_surgery
fine = np.arange(-5, 5, 1 / 32)
finer = evaluation.aggregate_on_grid(*codes["test"], (fine, fine))
log_fine = np.add.outer(norm.logpdf(fine), norm.logpdf(fine))
again = rel_entr(finer, np.exp(log_fine)).sum() / 32**2
np.testing.assert_allclose(again, surgery("test")[2], atol=2e-3)
for name in sets:
    rate, information, marginal = surgery(name)
    np.testing.assert_allclose(rate, information + marginal, atol=2e-3)
    np.testing.assert_allclose(area * q[name].sum(), 1, atol=1e-3)
# %% fig_map
fig, ax = plt.subplots(figsize=(5.0, 4.2))
ratio = np.log(np.maximum(q["train"], 1e-12)) - log_prior
edge = vae_core.prior.prior_radius(0.999)
ratio[np.add.outer(axis**2, axis**2) > edge**2] = np.nan
picture = ax.imshow(
    ratio.T, origin="lower", extent=(-5, 5, -5, 5), cmap="PuOr", vmin=-4, vmax=4
)
angle = np.linspace(0, 2 * np.pi, 200)
for mass in (0.5, 0.95, 0.999):
    radius = vae_core.prior.prior_radius(mass)
    ax.plot(radius * np.cos(angle), radius * np.sin(angle), color="0.3", lw=1)
    at = -0.71 * radius - 0.15, -0.71 * radius - 0.15
    name = f"{100 * mass:g} %"
    ax.text(*at, name, ha="right", va="top", fontsize=8, color="k")
ax.set(xlim=(-4.2, 4.2), ylim=(-4.2, 4.2), xlabel="$z_1$", ylabel="$z_2$")
fig.colorbar(picture, label=r"$\log q_\phi(z) / p(z)$, nats", extend="both");
# %% gains
NAMES = {"mixture": "mixture", "vamp": "VampPrior", "diffusion": "diffusion"}


def gain(name, log_density):  # of the ELBO, in nats
    return area * (q[name] * (log_density - log_prior)).sum()


log_q = np.log(np.maximum(q["train"], 1e-300))
log_densities = {
    title: priors[f"{name}-log-density"].astype(float)
    for name, title in NAMES.items()
}
# %% print_gains
print("            train   test")
for title, log_density in log_densities.items():
    both = (gain(name, log_density) for name in ("train", "test"))
    print(f"{title:10}", *(f"{value:6.2f}" for value in both))
everything = gain("train", log_q), gain("test", np.maximum(log_q, -60))
print(f"{'q(z)':10} {everything[0]:6.2f} {everything[1]:6.2f}")
ceiling = [kl_on_grid(q[name], log_prior) for name in sets]
print(f"{'ceiling':10}", *(f"{value:6.2f}" for value in ceiling))
# %% check_prior
digest = provenance("vae")["weights_sha256"]
quality = read("priors")
assert quality["weights_sha256"] == digest
for title, log_density in log_densities.items():
    mass = area * np.exp(log_density).sum()
    np.testing.assert_allclose(mass, 1, atol=0.02, err_msg=title)
    assert gain("train", log_density) < ceiling[0]
# %% print_distance
rows = quality["priors"]
for name, title in {"standard": "N(0, I)", **NAMES, "codes": "q(z)"}.items():
    distance = rows[name]["frechet_distance"]
    error = rows[name]["frechet_distance_standard_error"]
    print(f"{title:10} {distance:6.0f} ± {error:.0f}")
print(f"{'images':10} {rows['standard']['reference_distance']:6.0f}")
# %% fig_draws
fig, grid = plt.subplots(4, 1, figsize=(5.5, 3.4))
titles = {"standard": r"$\mathcal{N}(0, I)$", **NAMES}
for ax, (name, title) in zip(grid, titles.items(), strict=True):
    z = priors[f"{name}-draws"][:16].astype(np.float32)
    ax.imshow(np.hstack(vae.decode(z)[..., 0]), cmap="gray", vmin=0, vmax=1)
    ax.set(xticks=[], yticks=[])
    ax.set_title(title, fontsize=9, loc="left")
# %% twist
def twist(z, k):
    angle = k * (z**2).sum(axis=-1, keepdims=True)
    turned = z[..., ::-1] * jnp.array([-1, 1], z.dtype)
    return jnp.cos(angle) * z + jnp.sin(angle) * turned
# %% twisted
def twisted(k):
    def encoder(x):
        mean, log_var = vae.encoder(x, training=False)
        return twist(mean, -k), log_var

    def decoder(z):
        return vae.decoder(twist(z, k), training=False)

    return BareModel(encoder, decoder, vae.likelihood)
# %% print_twist
images = mnist.x_test[:12]
turns = (0.0, 0.3)
split = {
    k: evaluation.inference_gaps(twisted(k), images, progress=False)
    for k in turns
}
truth = [split[k].log_likelihood.mean() for k in turns]
print("mean log p(x)     ", *(f"{value:8.1f}" for value in truth))
best = [split[k].approximation_gap.mean() for k in turns]
print("best diagonal misses", *(f"{value:7.1f}" for value in best))
# %% check_twist
apart = split[0.0].log_likelihood - split[0.3].log_likelihood
assert np.abs(apart).max() < 0.05
point = jnp.array([0.4, -1.1])
jacobian = jax.jacobian(lambda z: twist(z, 0.3))(point)
np.testing.assert_allclose(jnp.linalg.det(jacobian), 1, rtol=1e-6)
# %% fig_twist
means = codes["test"][0][:4000]
planes = {
    f"k = {k:g}": np.asarray(twist(jnp.asarray(means), -k)) for k in turns
}
labels = mnist.y_test[:4000]
figures.plot_filmstrip(planes, labels, columns=2, class_label="digit");
# %% races
history = read("races")
epochs = sorted(map(int, history["epochs"]))


def along(name):
    return np.array([history["epochs"][str(e)][name] for e in epochs])
# %% print_races
print("epoch  log p(x)   ELBO  approx  amort     I     KL")
names = "log_likelihood", "elbo", "approximation_gap", "amortization_gap"
columns = [along(name) for name in (*names, "information", "marginal_kl")]
forms = "8.1f", "8.1f", "6.2f", "6.1f", "6.2f", "6.2f"
for i, epoch in enumerate(epochs):
    cells = (f"{c[i]:{form}}" for c, form in zip(columns, forms, strict=True))
    print(f"{epoch:5}", *cells)
# %% fig_races
fig, (left, middle, right) = plt.subplots(1, 3, figsize=(7.2, 2.6))
after = np.array(epochs) > 0
time = np.array(epochs)[after]
lines = {
    r"$\log p_\theta(x)$": (left, "log_likelihood", figures.TRUE_POSTERIOR),
    "ELBO": (left, "elbo", figures.ENCODER),
    "amortisation": (middle, "amortization_gap", figures.AMORTIZATION_GAP),
    "approximation": (middle, "approximation_gap", figures.APPROXIMATION_GAP),
    "information": (right, "information", figures.ENCODER),
    "marginal KL": (right, "marginal_kl", figures.PRIOR),
}
above = {"ELBO": (0, -16), "information": (-52, 6)}
for name, (ax, column, color) in lines.items():
    values = along(column)[after]
    ax.plot(time, values, "o-", color=color, ms=3)
    place = {"xytext": above.get(name, (-30, 6)), "color": color}
    at = time[5], values[5]
    ax.annotate(name, at, textcoords="offset points", fontsize=8, **place)
for ax in (left, middle, right):
    ax.set(xscale="log", xlabel="epoch")
    ax.set_xticks([1, 10, 100], ["1", "10", "100"])
left.set_ylabel("nats")
right.set_ylim(0);
# %% print_lag
lag = [
    np.array(history["epochs"][str(e)]["amortization_gap_per_image"])
    for e in epochs
]
for first, last in ((1, 2), (2, 100)):
    change = lag[epochs.index(last)] - lag[epochs.index(first)]
    print(f"epochs {first} to {last}: {change.mean():+.1f}", end="")
    print(f" ± {standard_error(change):.1f} nats")
# %% ex_gauss
def one_gaussian(name):
    grid = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1)
    weight = area * q[name][..., None]
    mean = (weight * grid).sum(axis=(0, 1))
    spread = np.einsum("ij,ijk,ijl->kl", weight[..., 0], grid, grid)
    covariance = spread - np.outer(mean, mean)
    square = np.trace(covariance) + mean @ mean
    return 0.5 * (square - 2 - np.linalg.slogdet(covariance).logabsdet)
# %% ex_gauss_print
for name, most in zip(sets, ceiling, strict=True):
    value = one_gaussian(name)
    print(f"{name}: {value:.2f} of {most:.2f} nats")
