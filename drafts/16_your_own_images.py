import nbformat, sys
from nbformat.v4 import new_notebook, new_markdown_cell as md, new_code_cell as code
cells = []
def M(s): cells.append(md(s.strip("\n")))
def C(s, tags=(), caption=None, name=None, alt=None, prompt=None):
    meta = {}
    if tags: meta["tags"] = list(tags)
    if caption or prompt:
        meta["mystnb"] = {}
        if caption:
            meta["mystnb"] |= {"figure": {"caption": caption, "name": name}, "image": {"alt": alt}}
        if prompt: meta["mystnb"] |= {"code_prompt_hide": prompt, "code_prompt_show": prompt}
    c = code(s.strip("\n")); c.metadata.update(meta); cells.append(c)
CLAIM = ("keep_output", "nbval-check-output")

M(r"""
# Your own images

The digits were prepared by somebody else: all of one size, centred, clean. You have a folder. What do you have to decide before it becomes a model,
and how do you know that you decided well?

The answer of this chapter: **a folder is enough to begin, four choices remain, and each of them has a number that judges it.** The four are the network, the likelihood,
the width of the code, and $\beta$. We take three folders: one that we make ourselves, so that we know what the model should find; one of tiny digits, on which a model trains in seconds; and one in colour.

:::{admonition} When you have worked through this chapter, you can
- turn a folder of pictures, damaged ones among them, into arrays for training, and say what was left out;
- train, measure and show a model of it, with one command or with ten lines of Python;
- write down what *right* means for your images, and measure it;
- choose network, likelihood, width and $\beta$, each by its own number;
- see when there are too few pictures, and what that does to which term.

Reading: 25 minutes. Running: a minute on two cores.
:::
""")
M("## Setup")
C("""
import vae_core  # first: it selects the JAX backend

import sys
import tempfile
import zipfile
from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np
from PIL import Image, ImageDraw
from sklearn.datasets import load_digits

from vae_core import VAE, data, evaluation, figures, networks
from vae_core.explorer import LatentExplorer
from vae_core.likelihoods import Bernoulli, Gaussian
from vae_core.pretrained import load_weights, training_log

SEED = 0
rng = np.random.default_rng(SEED)
plt.style.use("vae_core.house")
""", ["hide-input"], prompt="Imports and settings")
M(r"""
## A folder with one thing in it

The first folder is of clocks with a single hand. We draw them at the sizes that a folder has in real life, all different:
""")
C("""
def clock(angle, size):  # drawn four times as large, then scaled down
    picture = Image.new("L", (4 * size, 4 * size), "white")
    pen = ImageDraw.Draw(picture)
    pen.ellipse([0.2 * size] * 2 + [3.8 * size] * 2, outline=0, width=size // 6)
    start = np.degrees(angle) - 125  # PIL counts from three o'clock
    box = [0.45 * size] * 2 + [3.55 * size] * 2
    pen.pieslice(box, start, start + 70, fill=0)
    return picture.resize((size, size), Image.Resampling.LANCZOS)
""")
M("Eight hundred of them, with the hand at any angle, go into a folder:")
C("""
place = Path(tempfile.mkdtemp())
folder = place / "clocks"
folder.mkdir()
for i, angle in enumerate(rng.uniform(0, 2 * np.pi, 800)):
    clock(angle, rng.integers(40, 90)).save(folder / f"{i:03}.png")
""")
M("And three files of the kind that every folder collects: a download that was cut off, a text with the wrong name, and a photograph that a phone has stored sideways, with a note that says so.")
C("""
whole = (folder / "000.png").read_bytes()
(folder / "cut.png").write_bytes(whole[: len(whole) // 2])
(folder / "list.png").write_text("clocks to photograph")
note = Image.Exif()
note[0x0112] = 6  # the camera was turned by 90 degrees
clock(0, 60).save(folder / "phone.jpg", exif=note)
""")
M("`load_folder` does not guess. What would you want it to do about the first two?")
C("""
data.load_folder(folder, size=24, channels=1)
""", ["raises-exception"])
M("It names the files and stops. Whoever has seen the list may leave them out, and is told again:")
C("""
clocks = data.load_folder(folder, size=24, channels=1, on_unreadable="skip")
clocks
""")
M("All are of one size now, grey, between 0 and 1. The phone's clock, which is the last one, was turned upright, so that its hand, stored upwards, points to the right:")
C("""
fig, ax = plt.subplots(figsize=(5.5, 1.2))
figures.plot_image_rows({"": clocks.x[[*range(9), -1]]}, ax=ax)
""", caption="Nine clocks of the folder, and the one from the phone (last), as the model is given them: 24 × 24 pixels, grey.", name="fig-16-clocks", alt="Ten clocks in a row, each a black ring with one thick hand at another angle; the hand of the last points to the right.")
M(r"""
One number differs from clock to clock, the angle. **What shape will the codes take in the plane?** Write down your guess; the answer comes after the training.

## One command

In a shell the whole way from the folder to a model is one command. (In a notebook the exclamation mark hands the line to the shell, and `{sys.executable}` is its `python`.)
""")
C("""
%cd -q {place}
!{sys.executable} -m vae_core train --data clocks --size 24 --grey \\
  --skip-unreadable --network dense --epochs 40 --batch-size 32 --out run 2> log
""")
M(r"""
A fifth of the images were held out, chosen at random with the seed 0. Had the machine been switched off in the middle, the same command would have gone on where it was. Three more commands measure, draw and show the result; here is the first of them.
The others are `figures` and `explore`: a folder of pictures, and a web page with the explorer in it.
""")
C("""
!{sys.executable} -m vae_core evaluate run/weights.npz 2> log
""")
M(r"""
Now the codes. The model is an ordinary Keras model again:
""")
C("""
vae = load_weights("run/weights.npz")
train, held_out = clocks.split(0.2, seed=0)  # the same parts as the command's
mean, _ = vae.encode(held_out)
""")
M("To colour them we need the angle of a hand. We read it off the pixels, as the direction in which the ink inside the ring lies:")
C("""
def hand(x):  # degrees, clockwise from the top
    rows, columns = np.mgrid[-1:1:24j, -1:1:24j]
    ink = (1 - x[..., 0]) * (rows**2 + columns**2 < 0.75**2)
    right, up = (ink * columns).sum((1, 2)), -(ink * rows).sum((1, 2))
    return np.degrees(np.arctan2(right, up)) % 360
""")
C("""
fig, axes = plt.subplots(1, 2, figsize=(5.5, 2.9))
points = axes[0].scatter(*mean.T, c=hand(held_out.x), cmap="twilight", s=8)
axes[0].set(xlabel="$z_1$", ylabel="$z_2$", aspect="equal")
bar = fig.colorbar(points, ax=axes[0], orientation="horizontal", pad=0.22)
bar.set_label("angle of the hand")
bar.set_ticks(range(0, 361, 90), labels=[f"{a}°" for a in range(0, 361, 90)])
line = np.linspace(-2.5, 2.5, 9)
codes = np.stack(np.meshgrid(line, -line), axis=-1).reshape(-1, 2)
tiles = vae.decode(codes).reshape(9, 9, 24, 24).swapaxes(1, 2).reshape(216, 216)
axes[1].imshow(tiles, cmap="gray", vmin=0, vmax=1, extent=(-2.8, 2.8, -2.8, 2.8))
axes[1].set(xlabel="$z_1$")
fig.tight_layout()
""", ["hide-input"], caption="Left: codes of the 160 held-out clocks, coloured by the angle of the hand. Right: decoded images all over the plane.", name="fig-16-ring", alt="PLACEHOLDER")
M(r"""
RING_TEXT

### What *right* means

An ELBO of some hundred nats says little to the owner of the clocks. For digits we asked a classifier whether a reconstruction is still the same digit. For your images **you** can say what has to survive, and often it is a function of a few lines. Here it is the hand:
""")
C("""
def turned(x):  # degrees between the hands of images and reconstructions
    difference = hand(vae.reconstruct(x)) - hand(x)
    return np.abs((difference + 180) % 360 - 180)


for name, part in {"training": train, "held out": held_out}.items():
    off = turned(part.x)
    print(f"{name}: hand off by {np.median(off):.1f} degrees", end=", ")
    print(f"by more than 10 in {100 * np.mean(off > 10):.0f} %")
""", CLAIM)
M("HAND_TEXT")
M(r"""
## Ten lines of Python

The same as a program, on the second set: scikit-learn's 1,797 digits of 8 × 8 pixels with 17 levels of grey. It is an array already, and labelled.
""")
C("""
digits = load_digits()
images = data.from_arrays(digits.images / 16, digits.target)
train, held_out = images.split(0.2, seed=SEED)
keras.utils.set_random_seed(SEED)
vae = VAE(*networks.dense(images.image_shape, latent_dim=2, width=128), seed=SEED)
vae.compile("adam")
vae.fit(train, batch_size=32, epochs=40, verbose=0)
print(f"ELBO {evaluation.elbo(vae, held_out, progress=False).elbo:.1f} nats")
LatentExplorer(vae, images=held_out)
""")
M("EXPLORER_TEXT")
M(r"""
## Four choices

### The width of the code

{doc}`14_more_dimensions` has the rule: one budget, the same held-out images, and the smallest width that is not worse than the best by more than the noise of the differences. On these small digits that takes seconds. Before you look: MNIST, with 784 pixels, wanted about 20. How many will 64 pixels want?
""")
C("""
def bound_of(latent_dim):
    keras.utils.set_random_seed(SEED)
    pair = networks.dense(images.image_shape, latent_dim, width=128)
    vae = VAE(*pair, seed=SEED)
    vae.compile("adam")
    vae.fit(train, batch_size=32, epochs=40, verbose=0)
    return evaluation.importance_weighted_bound(
        vae, held_out, num_samples=100, seed=SEED, progress=False
    ).per_image
""")
M("Each width against the one before it, image by image:")
C("""
bounds = {d: bound_of(d) for d in (1, 2, 4, 8, 16)}
for narrow, wide in zip([*bounds][:-1], [*bounds][1:], strict=True):
    gain = bounds[wide] - bounds[narrow]
    error = gain.std(ddof=1) / np.sqrt(len(gain))
    print(f"{narrow} -> {wide:2}: {gain.mean():5.2f} +- {error:.2f} nats")
""", CLAIM)
M("WIDTH_TEXT")
nb = new_notebook(cells=cells, metadata={'kernelspec': {'display_name': 'Python 3', 'language': 'python', 'name': 'python3'}, 'language_info': {'codemirror_mode': {'name': 'ipython', 'version': 3}, 'file_extension': '.py', 'mimetype': 'text/x-python', 'name': 'python', 'nbconvert_exporter': 'python', 'pygments_lexer': 'ipython3', 'version': '3.11.7'}})
for i, c in enumerate(nb.cells): c["id"] = f"own-{i:02}"
nbformat.write(nb, sys.argv[1])
