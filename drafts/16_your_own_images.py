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
import warnings
import zipfile
from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np
from PIL import Image, ImageDraw
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from vae_core import VAE, data, diagnose, evaluation, figures, networks
from vae_core.explorer import LatentExplorer
from vae_core.likelihoods import Gaussian
from vae_core.pretrained import load_weights

SEED = 0
BOOK = Path.cwd()
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
try:
    data.load_folder(folder, size=24, channels=1)
except data.UnreadableError as error:
    print(str(error).replace(str(place), ""))
""", CLAIM)
M("It names the files and stops. Whoever has seen the list may leave them out, and is told again:")
C("""
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it says the same again
    clocks = data.load_folder(
        folder, size=24, channels=1, on_unreadable="skip"
    )
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
fig, axes = plt.subplots(1, 2, figsize=(7.2, 3.4))
points = axes[0].scatter(*mean.T, c=hand(held_out.x), cmap="twilight", s=8)
axes[0].set(xlabel="$z_1$", ylabel="$z_2$", aspect="equal")
bar = fig.colorbar(points, ax=axes[0], shrink=0.8)
bar.set_label("angle of the hand")
bar.set_ticks(range(0, 361, 90), labels=[f"{a}°" for a in range(0, 361, 90)])
line = np.linspace(-2.5, 2.5, 9)
codes = np.stack(np.meshgrid(line, -line), axis=-1).reshape(-1, 2)
tiles = vae.decode(codes).reshape(9, 9, 24, 24).swapaxes(1, 2).reshape(216, 216)
axes[1].imshow(tiles, cmap="gray", vmin=0, vmax=1, extent=(-2.8, 2.8, -2.8, 2.8))
axes[1].set(xlabel="$z_1$", ylabel="$z_2$")
""", ["hide-input"], caption="Left: codes of the 160 held-out clocks, coloured by the angle of the hand. Right: decoded images all over the plane.", name="fig-16-ring", alt="Left: the codes lie on a nearly perfect circle of radius 2, and the colour of the angle runs round it once. Right: a nine by nine grid of clocks whose hands turn round the centre; the clock in the middle has blurred hands in every direction.")
M(r"""
A ring. Nobody told the model that there is one number, that it is an angle, or that 359 degrees are next to 1. It had two dimensions, and it has bent a line into a circle. The middle of the ring stays empty: there the decoder draws a dial without a hand, which no image of the folder shows. (A prior that is spread over the whole plane is a poor fit for a ring. The chapter on {doc}`15_tighter_bounds` says what that costs.)

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
""")
C("""
assert np.median(turned(held_out.x)) < 3
assert np.mean(turned(held_out.x) > 10) < 0.05
""", ["hide-cell"], prompt="Check: half of the hands come back within three degrees, nearly all within ten")
M("The hand comes back within a degree or so, though a pixel of the rim is more than five degrees wide. Is what you care about in your own pictures large enough? The hand covers a tenth of the picture. A thin one would be a few pixels in a sum over 576, and {doc}`13_rate_distortion` says what happens to what weighs little.")
M(r"""
## Ten lines of Python

The same as a program, on the second set: scikit-learn's 1,797 digits of 8 × 8 pixels with 17 levels of grey. It is an array already, and labelled.
""")
C("""
digits = load_digits()
images_8 = data.from_arrays(digits.images / 16, digits.target)
train, held_out = images_8.split(0.2, seed=SEED)
keras.utils.set_random_seed(SEED)
pair = networks.dense(images_8.image_shape, latent_dim=2, width=128)
vae = VAE(*pair, seed=SEED)
vae.compile("adam")
vae.fit(train, batch_size=32, epochs=40, verbose=0)
print(f"ELBO {evaluation.elbo(vae, held_out, progress=False).elbo:.1f} nats")
LatentExplorer(vae, images=held_out)
""")
M("The explorer takes any `VAE`. Drag in the plane; the classes have the names that the data gave them.")
M(r"""
## In colour

The third folder is worth looking at: 3,000 portraits of 32 × 32 pixels in the flat style *ToonHead* by Johan Melin (licence CC BY 4.0), in four folders by the colour of their hair. Skin, hair style, beard, mouth, eyes and clothes vary as well, and no label says how.
""")
C("""
with zipfile.ZipFile(BOOK / "data" / "portraits.zip") as pictures:
    pictures.extractall(place)
portraits = data.load_folder("portraits", size=32)
portraits
""")
M("The names of the folders have become the names of the classes. The first of each:")
C("""
first = [np.flatnonzero(portraits.y == k)[:12] for k in range(4)]
names = portraits.class_names
rows = {name: portraits.x[at] for name, at in zip(names, first, strict=True)}
figures.plot_image_rows(rows);
""", ["hide-input"], caption="Twelve portraits from each of the four folders, as the model is given them.", name="fig-16-portraits", alt="Four rows of twelve small faces in flat colours, with auburn, black, blond and grey hair, of different skins, hair styles, beards and clothes.")
M(r"""
Pictures like these take a convolutional network and some minutes, so their weights come with the book. They were made by one command, and `tools/pack_weights.py` kept them in half precision:

```
python -m vae_core train --data portraits --size 32 --network colour \
  --latent-dim 16 --batch-size 32 --epochs 60 --out run
```
""")
C("""
portrait_vae = load_weights(BOOK / "data" / "portraits-vae.npz")
train_portraits, new_portraits = portraits.split(0.2, seed=0)
person, label = new_portraits.x[:12], new_portraits.y[:12]
rows = {
    "held out": person,
    "reconstruction": portrait_vae.reconstruct(person),
    "new": portrait_vae.sample(12, seed=SEED),
}
""")
M("Twelve portraits that it has not seen, what becomes of them, and twelve that nobody has drawn. What do you expect to be lost first?")
C("""
figures.plot_image_rows(rows);
""", ["hide-input"], caption="Twelve held-out portraits, their reconstructions, and twelve decoded draws from the prior (none chosen).", name="fig-16-new", alt="Three rows of twelve faces. In the second each has the hair, the skin and the clothes of the one above it; eyes and mouths are blurred, and a moustache and some closed eyes are gone. In the third are other faces in the same style, some of them patchy.")
M(r"""
Hair, skin, clothes and hair style come back. Moustaches and the expression go first: a wink, a frown, an open mouth are a dozen pixels of 1,024. Some of the new faces are patchy. Whether they are *new*, their nearest training pictures would say ({doc}`14_more_dimensions` asks that of digits). 
""")
M(r"""
### What *right* means here

Is the colour of the hair still the right one? A linear classifier on the pixels of the training images reads it off, first from held-out images, then from their reconstructions:
""")
C("""
def flat(x):
    return np.asarray(x).reshape(len(x), -1)


judge = LogisticRegression(C=0.01, max_iter=300)
judge.fit(flat(train_portraits), train_portraits.y)
for name, x in {
    "images": new_portraits.x,
    "reconstructions": portrait_vae.reconstruct(new_portraits),
}.items():
    right = (judge.predict(flat(x)) == new_portraits.y).mean()
    print(f"{name:15} {100 * right:.0f} % with the right hair")
""", CLAIM)
M(r"""
### The same person with other hair

The model was never told the colour of the hair. But codes of one colour have a mean, and the difference between two means points from one colour to the other. Add it to a code and decode:
""")
C("""
codes, _ = portrait_vae.encode(train_portraits)
hair = train_portraits.y
centre = np.stack([codes[hair == k].mean(axis=0) for k in range(4)])
z, _ = portrait_vae.encode(person)
dyed = {"reconstruction": portrait_vae.decode(z)}
dyed |= {
    name: portrait_vae.decode(z + centre[k] - centre[label])
    for k, name in enumerate(names)
}
""")
C("""
figures.plot_image_rows({"held out": person} | dyed);
""", ["hide-input"], caption="Twelve held-out portraits and, below, their codes moved by the difference between the mean codes of two hair colours, decoded.", name="fig-16-hair", alt="Twelve faces in five rows. Below the held-out row each column keeps its face, skin, hair style and clothes, while the hair, with brows and beards, turns auburn, black, blond and grey from row to row.")
M("Compared with its reconstruction, mostly the hair changes, with brows and beards; a few eyes open, and some greys come out cream. It works because the folders differ in little else: skin and clothes are spread nearly alike over all four. The difference of two means carries along *everything* in which the two groups differ. Had all the grey people been dressed in black, we would have dyed their clothes as well.")
M("And all of it to play with, in the page. The plane is the one along the two principal axes of the codes:")
C("""
LatentExplorer(portrait_vae, images=new_portraits)
""", [], caption="The latent explorer on the portraits: held-out images in the plane along the two principal axes of their codes, coloured by hair.", name="fig-16-explorer", alt="The latent explorer: dots in four colours, one for each colour of hair, and beside them the portrait decoded at the marked place.")
M(r"""
## Four choices

A folder leaves four things to decide. Each has a number that judges it, on images that the model has not seen.

| choice | first try | what judges it |
|---|---|---|
| network | `dense` up to 32 × 32 grey, `colour` for photographs and drawings in colour | importance-weighted bound, held out |
| width of the code | 16; look at the rates of the units, double it if none is idle, halve it if it must be small | importance-weighted bound, held out, image by image |
| likelihood | Bernoulli, then a Gaussian with a falling $c$ | your own measure of *right*, and the distance of draws |
| $\beta$ | 1 | your own measure of *right* against the rate |

Nats of one likelihood say nothing about another ({doc}`13_rate_distortion`), and neither do those of another $\beta$; that is why the last two rows need a measure of yours. We go through the table on the small digits, where a model trains in seconds.

### Network and width

{doc}`14_more_dimensions` has the rule: one budget, the same held-out images, and the smallest width that is not worse than the best by more than the noise of the differences. Before you look: MNIST, with 784 pixels, wanted about 20. How many will 64 pixels want?
""")
C("""
train, held_out = images_8.split(0.2, seed=SEED)


def trained(latent_dim=8, width=128, images=train, **options):
    keras.utils.set_random_seed(SEED)
    pair = networks.dense(images_8.image_shape, latent_dim, width=width)
    vae = VAE(*pair, seed=SEED, **options)
    vae.compile("adam")
    vae.fit(images, batch_size=32, epochs=40, verbose=0)
    return vae


def bound(vae):
    return evaluation.importance_weighted_bound(
        vae, held_out, num_samples=100, seed=SEED, progress=False
    ).per_image
""")
M("Each width against the one before it, image by image, and at 8 dimensions a network of a quarter of the width against the full one:")
C("""
def compared(name, ahead):
    error = ahead.std(ddof=1) / np.sqrt(len(ahead))
    print(f"{name:18} {ahead.mean():+.1f} ± {error:.1f} nats")


bounds = {d: bound(trained(d)) for d in (2, 4, 8, 16)}
for narrow, wide in ((2, 4), (4, 8), (8, 16)):
    compared(f"d = {narrow} to {wide}", bounds[wide] - bounds[narrow])
narrow_network = bound(trained(8, width=32))
compared("width 128 to 32", narrow_network - bounds[8])
""")
C("""
assert (bounds[4] - bounds[2]).mean() > 0.3
assert max((bounds[d] - bounds[4]).mean() for d in (8, 16)) < 0.2
assert (narrow_network - bounds[8]).mean() < -0.7
""", ["hide-cell"], prompt="Check: the step from 2 to 4 pays, those beyond do not, and the narrow network loses")
M("Four dimensions are enough for this likelihood: from 2 to 4 the bound gains more than half a nat, beyond that nothing. On this budget a network of a quarter of the width loses more than a nat.")
M(r"""
### Likelihood and $\beta$

Now a measure of ours: is the reconstruction still read as the same digit? The judge is a linear classifier again, trained on the training images. Beside it stands the rate, what a code costs.
""")
C("""
judge = LogisticRegression(C=0.1, max_iter=300).fit(flat(train), train.y)


def report(name, vae):
    right = judge.predict(flat(vae.reconstruct(held_out))) == held_out.y
    rate = evaluation.elbo(vae, held_out, progress=False).rate
    print(f"{name:22} {100 * right.mean():3.0f} % right, {rate:4.1f} nats")
    return right.mean()


usual = report("Bernoulli", trained())
sharp = report("Gaussian, c = 0.03", trained(likelihood=Gaussian(0.03)))
heavy = report("Bernoulli, beta = 4", trained(beta=4.0))
""")
C("""
assert heavy < 0.2 < 0.7 < usual < sharp - 0.04
""", ["hide-cell"], prompt="Check: the Gaussian keeps more digits than the Bernoulli likelihood, and a beta of 4 keeps none")
M(r"""
The Bernoulli likelihood takes a grey pixel for an uncertain one, so it is content with codes of 3 nats, and one digit in six or so is read wrong. The Gaussian with $c = 0.03$ wants the grey as it is, spends three times the rate, and more digits survive. A smaller $c$ is a smaller unit of error; it plays the part of a smaller $\beta$ ({doc}`13_rate_distortion`). It always buys more, and always costs more rate. So there is no best $c$: lower it until your measure is satisfied, and stop when the draws fall apart. With more rate comes more width: settle likelihood and $\beta$ first, and the width of the code after them.

And a larger $\beta$ of 4 does not disentangle anything here. It switches the code off: no rate at all, and every reconstruction is one and the same grey image, which the judge reads right as often as a guess. **Whoever raises $\beta$ should look at the rate.**
""")
M(r"""
## Too few pictures

How many pictures are enough? There is no number, but there is a sign: the loss of held-out images against that of training images. We train on 50, on 200 and on all 1,437 digits. The few are repeated until there are 1,437, so that every training takes the same steps. Which of the two terms will part first, the distortion or the rate?
""")
C("""
lost = {}
for count in (50, 200, 1437):
    some = train.x[:count]
    vae = trained(images=np.resize(some, train.x.shape))
    print(f"{count:5} digits", end="")
    for name, x in (("training", some), ("held out", held_out)):
        terms = evaluation.elbo(vae, x, progress=False)
        print(f", {name} {terms.distortion:.1f} + {terms.rate:.1f}", end="")
        lost[count, name] = terms.distortion
    print()
""")
C("""
gaps = [lost[n, "held out"] - lost[n, "training"] for n in (50, 200, 1437)]
assert gaps[0] > 3 > gaps[1] > 0.3 > gaps[2]
""", ["hide-cell"], prompt="Check: the distortion of new images is larger the fewer the training images were")
M("Nearly all of the gap is in the distortion. With 50 digits the decoder knows its images by heart, and new ones cost it many nats more. With 200 there is a little of that left, with all of them next to nothing. So the sign to look for is a gap in the *reconstruction* term, and what helps is more pictures.")
M(r"""
## A checklist

Before the first training, look: at twenty pictures at their final size, and at the smallest thing in them that matters to you. What you cannot see at 32 × 32 the model cannot learn. Then, with a model and some held-out images, one call:
""")
C("""
diagnose(vae, train, held_out=held_out)
""")
M("Nothing was found, as it should be.")
M(r"""
It is made to find mistakes in *programs* ({doc}`12_broken_on_purpose`). The data are looked at before: the commonest mistake is caught at the door.
""")
C("""
try:
    vae.fit(255 * held_out.x)
except ValueError as error:
    print(error)
""", CLAIM)
M(r"""
Then, in this order:

1. **The rate.** If it is near zero, the code is off: lower $\beta$ or $c$. Nothing else matters yet.
1. **Reconstructions of training images.** If they are bad and the rate is not, the code is too narrow, the network too small, or the training too short.
2. **Reconstructions of held-out images.** If only these are bad, there are too few pictures.
3. **Draws from the prior.** If reconstructions are good and draws are not, the codes do not fill the prior: take $\beta$ nearer to 1 or a larger variance $c$, or fit a prior to the codes ({doc}`15_tighter_bounds`).
4. **Active units.** If most are off, the code is wider than it need be. That costs nothing but time ({doc}`14_more_dimensions`).
5. **Your own measure of *right*.** It is the only number here that your users would understand.
""")
M(r"""
## Exercises

:::{exercise} What the ring costs (understanding, ★)
:label: ex-16-ring
The codes of the clocks lie on a circle of radius 2, and the prior is $\mathcal{N}(0, I)$. What do draws from the prior look like, and how often does one fall inside the circle? What would you do about it?
:::

:::{solution} ex-16-ring
:class: dropdown
The squared length of a draw has the exponential distribution with the mean 2, so the length is below $r$ with the probability $1 - e^{-r^2 / 2}$. Inside the ring, $r = 2$, that is 86 %, and half of these lie within $r = 1.1$ of the centre, where hands are blurred or missing. A prior that is fitted to the codes, such as a mixture of Gaussians, draws from the ring ({doc}`15_tighter_bounds`). A latent space that is itself a circle would be better still.
:::

:::{exercise} Your own measure (understanding, ★★)
:label: ex-16-measure
You train on photographs of leaves, and you care about the number of their lobes. Which measure of *right* would you write? Which choice of the four would you expect it to decide?
:::

:::{solution} ex-16-measure
:class: dropdown
A function that counts lobes in an image, such as the number of maxima of the distance from the centre to the outline, applied to held-out images and to their reconstructions; the share of equal counts. Lobes are fine detail at the outline. A likelihood that is content with blurred outlines loses them first, so expect the likelihood and $\beta$ to matter, as with the digits above, and the width of the code next.
:::

:::{exercise} Dressed in blue (code, ★★★)
:label: ex-16-blue
No folder says how the people are dressed, but the pixels do. Find the training portraits whose clothes are the bluest and those whose clothes are the reddest, and move a portrait by the difference of their mean codes. Does anything change but the clothes?
:::

```{solution-start} ex-16-blue
:class: dropdown
```

The clothes are at the bottom, in the middle. The tenth with the most blue against red there is one group, the tenth with the least the other.
""")
C("""
clothes = train_portraits.x[:, 28:, 10:22].mean(axis=(1, 2))
order = np.argsort(clothes[:, 2] - clothes[:, 0])
few = len(order) // 10
red, blue = codes[order[:few]], codes[order[-few:]]
dressed = portrait_vae.decode(z + blue.mean(axis=0) - red.mean(axis=0))
""")
M("The portraits and what they wear now:")
C("""
figures.plot_image_rows({"held out": person, "in blue": dressed});
""", ["hide-input"], caption="Twelve held-out portraits, and their codes moved from the mean of those dressed in red to that of those dressed in blue.", name="fig-16-blue", alt="PLACEHOLDER")
M(r"""
BLUE_TEXT

```{solution-end}
```

## Summary

- A folder is enough to begin. `load_folder` says what it leaves out, one command trains, three more measure, draw and show.
- Say what *right* means for your images in a few lines of code. An ELBO does not tell you whether the hand of the clock came back.
- Four choices remain. Network and width of the code are judged by the held-out bound; likelihood and $\beta$ by your measure of *right* against the rate.
- Too few pictures show in the reconstruction term of held-out images.
- Attributes that nobody labelled are directions in the code, and the difference of two means is often enough to walk along one.

## Further reading

- {cite:t}`higgins2017beta` show such directions in the codes of faces.
- {doc}`09_results_on_mnist` and {doc}`11_how_good_is_it` say more about each number that the command line prints.
""")
nb = new_notebook(cells=cells, metadata={'kernelspec': {'display_name': 'Python 3', 'language': 'python', 'name': 'python3'}, 'language_info': {'codemirror_mode': {'name': 'ipython', 'version': 3}, 'file_extension': '.py', 'mimetype': 'text/x-python', 'name': 'python', 'nbconvert_exporter': 'python', 'pygments_lexer': 'ipython3', 'version': '3.11.7'}})
for i, c in enumerate(nb.cells): c["id"] = f"own-{i:02}"
nbformat.write(nb, sys.argv[1])
