md(r'''
# Tighter bounds, better posteriors, better priors

The ELBO is a lower bound, and {doc}`11_how_good_is_it` measured how much it loses. This chapter asks what can be done about it.

The answer: **what the ELBO loses has three names, and each has its own remedy.** It loses by taking the logarithm of one sample: average
several. It loses by the shape of $q_\phi(z \mid x)$: take a richer family. And it loses by a prior that the codes do not follow: take another prior, after training or
during it. For each remedy we compute beforehand what it can gain at most, and then look at what it does gain.

:::{admonition} When you have worked through this chapter, you can
- predict how fast an importance-weighted bound closes, and say when it does not;
- say why more samples make the encoder's gradient noisier, and mend it in one line;
- compare posteriors of several shapes with the exact one that they stand for;
- split the rate exactly, and say how much any prior can gain before you fit one;
- name a change of the plane that no likelihood can see;
- read a training run as two races, one of the decoder and one of the encoder.

Reading: 30 minutes. Running: about a minute on two cores.
:::
''')
md(r'''
## Setup

What takes more than some seconds was measured beforehand, by `python benchmarks/families.py`, `priors.py` and `races.py`. The rest is computed here.
''')
code('imports','hide-input',prompt='Imports and settings')
code('results','hide-input')
md(r'''
## Three losses

For one image, the {term}`ELBO` misses $\log p_\theta(x)$ by a KL divergence {eq}`eq-11-identity`. That divergence depends on two choices: the family of $q_\phi(z \mid x)$, and the bound, which takes the logarithm of a *single* weight $w = p_\theta(x, z) / q_\phi(z \mid x)$. The mean over
the images shows a third. With the {term}`distortion` $\Delta$, and the {term}`rate` split as in {eq}`eq-11-surgery`,

$$
\mathbb{E}_{q_{\mathcal{D}}(x)}\big[\mathcal{L}_{\theta,\phi}(x)\big] = - \Delta - I - \operatorname{KL}\big( q_\phi(z) \,\Vert\, p(z) \big) .
$$ (eq-15-three)

The last term is lost to the prior. It has nothing to do with any single image, and no better $q_\phi(z \mid x)$ is needed to win it back. We take the three in turn.

## The bound: more samples

The {term}`importance-weighted bound` $\mathcal{L}^K_{\theta,\phi}(x)$ is the expected logarithm of the mean of $K$ weights {cite:p}`burda2016importance`. The mean of one weight is $p_\theta(x)$. So the mean of $K$ is $p_\theta(x)\,(1 + \delta)$ with $\mathbb{E}\,\delta = 0$, and if
the weights have a variance, that of $\delta$ falls like $1 / K$. Expand the logarithm, $\log(1 + \delta) \approx \delta - \delta^2 / 2$:

$$
\log p_\theta(x) - \mathcal{L}^K_{\theta,\phi}(x) \approx \frac{1}{2 K} \left( \frac{\mathbb{E}\, w^2}{p_\theta(x)^2} - 1 \right) .
$$ (eq-15-gap)

One number decides how fast the bound closes: the second moment of the weights. In the linear VAE it is known. Let the posterior be a Gaussian with independent coordinates, and let $q$ have its mean and $r_i$ times its variances. Then $w / p_\theta(x) = p_\theta(z \mid x) / q(z)$, and each coordinate contributes a Gaussian integral:

$$
\frac{\mathbb{E}\, w^2}{p_\theta(x)^2} = \int \frac{p_\theta(z \mid x)^2}{q(z)}\, dz = \prod_i \frac{r_i}{\sqrt{2 r_i - 1}}
\qquad \text{if all } r_i > \tfrac12 .
$$ (eq-15-second-moment)

If $r_i \le \frac12$ for one coordinate, the integral is infinite: **a $q$ with half the variance of the posterior, or less, has weights without a variance.** Here is a linear VAE with two latent dimensions, its weights turned to the principal axes so that the posterior is diagonal:
''')
code('toy')
md(r'''
We measure $z$ in deviations of the posterior. Then only $r$ matters, the same for both coordinates here:
''')
code('log_ratio')
check('check_ratio','the log-weights of the package on the linear VAE, minus log p(x), are these; its posterior is diagonal')
md(r'''
Take a $q$ that is too wide, $r = 2$, one that is a little too narrow, $r = 0.75$, and one that is much too narrow, $r = 0.3$. What will the third do as $K$ grows?
''')
code('gaps')
claim('print_gaps','hide-input')
code('fig_gap','hide-input',fig=("What the importance-weighted bound misses, against the number of samples: measured (dots) and predicted from the second moment (dashed), for a $q$ with $r$ times the posterior's variances in two dimensions. For $r = 0.3$ the second moment is infinite and there is no prediction.","fig-15-gap","Two falling straight lines on logarithmic axes, with dots on them from 16 samples on. The dots of a third series lie above and fall much less steeply."))
md(r'''
From 16 samples on the prediction holds, and both gaps fall like $1 / K$. For $r = 0.3$ a thousand samples do not buy what sixteen buy with $r = 0.75$. That is what happened to some images of {numref}`fig-11-iwae`: where the encoder's Gaussian hardly reaches the posterior, more samples help late. For the *ELBO* a $q$ that is too narrow is the cheaper mistake.
For many samples the wider one is.

### The noise of its gradient

So train with many samples? The bound tightens. Its gradient does not improve in the same way. Take the same image, and a $q$ that is displaced and a bit too wide. The bound is a function of the encoder's outputs, of the decoder's weights and of the noise:
''')
code('bound')
md(r'''
`doubly` makes two changes that leave the expectation of the gradient alone {cite:p}`tucker2019doubly`; we come to them in a moment. A thousand gradients at once:
''')
code('gradients')
md(r'''
The *signal* is the length of the mean gradient and the *noise* the square root of its total variance. Which of the two gradients, the encoder's or the decoder's, becomes clearer with more samples?
''')
code('snr')
md(r'''
How they change with $K$, from 16 samples on, on logarithmic axes:
''')
claim('print_snr')
code('fig_snr','hide-input',fig=("Signal over noise of the gradient of the importance-weighted bound against the number of samples: with respect to the decoder's weights, to the encoder's outputs, and to these with the doubly reparameterised estimator (1,000 gradients each, one observation of a linear VAE).","fig-15-noise","Three curves on logarithmic axes. The decoder's rises, the encoder's falls along a straight line, and that of the doubly reparameterised gradient is level at first and then rises like the decoder's."))
md(r'''
**The decoder's gradient becomes clearer like $\sqrt K$, the encoder's fainter like $1 / \sqrt K$** {cite:p}`rainforth2018tighter`. The reason is in {eq}`eq-15-gap`: with many samples the bound hardly depends on $q$ any more, so the signal for $q$ falls like $1 / K$, and the noise only like $1 / \sqrt K$. The dashed curve has the same expectation and rises. One line in a program: `IWAE(..., doubly_reparameterized=True)`.

What does it do? The log-weight contains $\log q_\phi(z \mid x)$, which depends on $\phi$ in two ways: through $z$, and directly. The direct part is a score, whose mean is zero. To leave it out is to *stick the landing* {cite:p}`roeder2017sticking`, and for one sample that is all. At the exact posterior the log-weight is $\log p_\theta(x)$ for *every* $z$, so what is left of the gradient is zero, not only on average:
''')
claim('landing')
md(r'''
At $r = 1$ nothing is left to add noise, and the nearer $q$ is to the posterior, the more of the noise is gone. With several samples the direct part no longer averages to zero, since it is multiplied by normalised weights. {cite:t}`tucker2019doubly` apply the reparameterisation to it once more, and the weights become squares. That is the second change.
''')
md(r'''
## The family: better posteriors

{doc}`11_how_good_is_it` found that for the shipped decoder some diagonal Gaussian comes within a tenth of a nat of every posterior. And it warned that this decoder was *trained* with diagonal Gaussians. What would it have learnt with another family? Train and see. One dense network, one budget, two seeds (one for IWAE-5), and for each seed the same first weights, order and noise:

- *diagonal*, the usual one;
- *full*: a Gaussian with a correlation, one number more for each image;
- *flow*: four affine couplings {cite:p}`dinh2017density` bend the noise before it is scaled, each steered by the encoder {cite:p}`rezende2015variational`;
- *IWAE-5*: the diagonal Gaussian again, trained with the bound of five samples.

''')
code('families','hide-input')
md(r'''
All four are measured on the same 500 held-out images: the exact $\log p_\theta(x)$, the ELBO of their own $q$, and on 100 of them what the *best diagonal* Gaussian misses. Two predictions: which reaches the highest $\log p_\theta(x)$? Whose $q$ is nearest to the posterior?
''')
claim('print_families','hide-input')
md(r'''
The first column is the seed. The same images serve all, so compare $\log p_\theta(x)$ image by image with that of the diagonal family, for each seed:
''')
claim('print_paired')
code('fig_families','hide-input',fig=("Exact posteriors of four held-out images (pink), each under the decoder that its family has learnt, and 400 draws from the trained $q_\\phi(z \\mid x)$ (blue). Each panel is as large as its content needs.","fig-15-families","Four rows of four panels. In the first row the clouds of draws cover the shaded posteriors, upright or flat. In the second and third rows some clouds are tilted along tilted posteriors, and in one panel the posterior has two pieces and the draws lie between them. In the last row the clouds are much wider than the posteriors.","wide"))
md(r'''
**The richer families do not win clearly. The tighter bound gains most.** With one seed the correlation gains a nat and the flow loses half of one; with the other seed both have changed their sign. The errors are those of the images, and the seeds differ by more. The bound of five samples was trained with one seed only, and gains three nats on its diagonal twin; that is nearly twice what the two seeds of the diagonal family differ by.

Why so little from the shape? In the last column the best diagonal Gaussian misses one or two tenths of a nat, whatever the family was. The shape was never what cost most. The gap of two to four nats is the encoder's, which points beside the posterior (the first panel of the third row), and a richer shape does not move it. Full covariance and flow earn their place
where posteriors are strongly tilted, bent or in pieces. With this decoder and two latent dimensions they seldom are.

And IWAE? It has the best decoder and by far the *worst* $q$: its gap is about twice theirs or more, and its clouds are far too wide. By {eq}`eq-15-second-moment` that is what five samples ask for. A $q$ that is too wide costs the ELBO much and the importance-weighted bound little, and one that is too narrow is punished by weights of large variance. So
**a model that was trained with a tighter bound must not be judged by its ELBO**: here it would come last.

## The prior: surgery

Turn to the third loss. The rate splits, $R = I + \operatorname{KL}(q_\phi(z) \Vert p(z))$ {cite:p}`hoffman2016elbo`. With the encoder fixed, only the last term depends on the prior. So no prior can gain more than $\operatorname{KL}(q_\phi(z) \Vert p(z))$, and the one that gains it is $q_\phi(z)$ itself. **The ceiling is known before anything is fitted.**

We take the shipped VAE, its 48,000 training images and the 10,000 test images.
''')
code('load')
md(r'''
The {term}`aggregate posterior` of either set, on a grid over the plane:
''')
code('aggregate')
md(r'''
Each term has its own formula. $R$ is a mean of closed forms. $I$ is the entropy of $q_\phi(z)$, a sum over the grid, minus the mean entropy of $q_\phi(z \mid x)$, closed form again. The KL divergence is another sum over the grid. Nothing forces the three to agree but the mathematics:
''')
code('surgery')
claim('print_surgery','hide-input')
check('check_surgery','a finer grid gives the same KL divergence, and rate, information and divergence add up')
md(r'''
They add up. Of the rate, 0.4 to 0.5 nats are lost to the prior. Where in the plane? The integrand $\log q_\phi(z) / p(z)$ is a map. Before you look: does $q_\phi(z)$ have too much mass in the middle or too little?
''')
code('fig_map','hide-input',fig=("The map of $\\log q_\\phi(z) / p(z)$ over the training images. Where it is positive there are more codes than the prior expects, where it is negative fewer. Circles hold 50, 95 and 99.9 % of the prior.","fig-15-map","A disc coloured from brown through white to purple. Two patches far from the centre, at the top and at the right, are purple. Brown seams run between patches that are white or faintly purple, and the rim is brown."))

md(r"""
There are too many codes in two patches far out, and too few in the seams between the classes and along the rim. Those seams are where draws from $\mathcal{N}(0, I)$ decode to something between two digits. A better prior avoids them.

### Three priors against the ceiling

Keep the encoder and the decoder, and fit a prior to the codes of the training images. Three candidates:

- a *mixture* of 100 diagonal Gaussians;
- the *VampPrior* {cite:p}`tomczak2018vae`: the mean of $q_\phi(z \mid u_k)$ over 100 pseudo-inputs $u_k$, images that are learnt;
- a small *diffusion* model, a network that removes noise from codes; following it backwards draws a code, and the same equation gives its density {cite:p}`song2021score`.

The benchmark stores their log-densities on our grid. What the ELBO gains is the mean of $\log$ new prior minus $\log$ old prior under $q_\phi(z)$, of the training images or of the test images:
""")
code('gains')
md(r"""
The last rows are $q_\phi(z)$ of the training images taken as a prior, and the ceiling. How near will each come?
""")
claim('print_gains','hide-input')
check('check_prior','the results belong to these weights, the densities are normalised, and no prior is above the ceiling')
md(r"""
The mixture gains almost everything that there is to gain, the other two more than three quarters on the training images. On test images even the aggregate posterior of the training images stays below the ceiling, and the mixture is as good as it: what is left is the difference between two samples of digits, and no prior fitted to one of them could know it. The VampPrior has the same number of components and fewer liberties: each must be a $q_\phi(z \mid u)$ of an image, and these are narrow.

So the remedy works, and its worth was known: less than half a nat. Does it mend the samples?
""")
code('fig_draws','hide-input',fig=("Sixteen decoded draws from the old prior and from three that were fitted to the codes, by the same decoder; none chosen.","fig-15-draws","Four rows of sixteen digits. Most can be read in every row, and every row holds blurred ones and some that lie between two digits."))
md(r"""
The Fréchet distance from test images, of 2,000 draws each, and among them draws from $q_\phi(z)$, the best prior there is:
""")
claim('print_distance','hide-input')
md(r"""
A tenth of the distance goes, and no more, with any of them. Real images are at 19 from each other on this ruler (the last line). **The prior was not what keeps these samples from being digits**; the plane is, as {doc}`14_more_dimensions` showed: two numbers are too few. In wide codes, where
the prior has far more room to be empty in, the same step buys more, and a diffusion model on the codes of an autoencoder is what image generators are made of.

## One evidence, many planes

The evidence decides on the decoder, and $q$ follows. Does it decide on the *plane*? Turn every point by an angle that grows with its distance from the centre,

$$
T_k(z) = \operatorname{Rot}\big( k \lVert z \rVert^2 \big)\, z .
$$ (eq-15-twist)

It keeps every $\lVert z \rVert$, and in polar coordinates it is a shear, whose determinant is 1. So if $z$ is standard normal, $T_k(z)$ is too. Replace the decoder $f_\theta(z)$ by $f_\theta(T_k(z))$: every $p_\theta(x)$ stays what it was.
""")
code('twist')
md(r"""
The model with a twist: its decoder turns, and its encoder turns back.
""")
code('twisted')
md(r"""
For a dozen test images: the exact $\log p_\theta(x)$, and what the best diagonal Gaussian misses, for $k = 0$ and $k = 0.3$. Which of the two can change?
""")
claim('print_twist')
check('check_twist','each image has the same evidence up to the tolerance of the quadrature, and the twist keeps areas')
code('fig_twist','hide-input',fig=("The same 4,000 test images in two planes of one evidence: the codes of the shipped VAE, and the same after the inverse twist with $k = 0.3$.","fig-15-planes","Two scatter plots coloured by digit. On the left the digits lie in patches, some along rays from the centre. On the right the same patches are wound around the centre into arcs; near the centre the two agree."))
md(r"""
The evidence cannot tell the planes apart, and no amount of data will change that. The ELBO can: the twisted posteriors are sheared, and a diagonal Gaussian misses a nat where it missed a tenth. **What chooses the plane is the family of $q$**, a decision that was made for convenience. (A turn by a fixed angle is a milder case: {doc}`02_limits_of_autoencoders` and {cite:t}`rolinek2019variational`.)
A family rich enough to follow every shear would lose that preference too. Whoever reads meaning into single latent coordinates needs more than unlabelled images: {cite:t}`locatello2019challenging` prove it for any model, and {cite:t}`khemakhem2020variational` show that a second observed variable, a label or a time, can be enough.

## Training as two races

Now put the pieces on a clock. The package ships the weights of its VAE at twelve epochs. In one race the decoder raises $\log p_\theta(x)$; in the other the encoder runs after a posterior that moves. {cite:t}`he2019lagging` had to estimate by how much it lags. Here everything is exact: 100 held-out images, and 12,000 training images for the last two columns.

Predict the amortisation gap: does it shrink steadily?
""")
code('races','hide-input')
claim('print_races','hide-input')
code('fig_races','hide-input',fig=("The shipped VAE at eleven epochs of its training: exact $\\log p_\\theta(x)$ and ELBO, the two gaps between them, and the two parts of the rate. Held-out images on the left and in the middle, training images on the right.","fig-15-races","Three charts over the epoch on a logarithmic axis. On the left two curves rise steeply until epoch 2 and slowly from there, the upper one a little faster. In the middle the amortisation gap falls from 16 nats to 5 at epoch 2 and then climbs unevenly to between 7 and 9, while the approximation gap stays near 0. On the right the information rises from 2 to nearly 6 nats, and the marginal KL stays below 1.","wide"))
md(r"""
The decoder's race goes on to the end: from epoch 2 to epoch 100 $\log p_\theta(x)$ gains 15 nats. The ELBO gains two nats less, so the encoder has fallen behind. Image by image, from one epoch to the other:
""")
claim('print_lag')
md(r"""
In one epoch the encoder makes up ten nats. From then on it loses two or so, by about two standard errors: after 98 more epochs it is no nearer. A reason may be that the decoder learns to tell more images apart, as the information rises by a nat and a half: the posteriors become narrower, and a narrow target is harder to hit. The approximation gap plays no part in it, being a tenth of a nat from epoch 2 on: for the *family* the race is over before it has begun.

The prior is a third runner, and an idle one. After epoch 3 the marginal KL stays between 0.4 and 0.5 nats. (Of epoch 1, three posteriors reach the edge of the quadrature's search at $\lVert z \rVert = 10$, and their $\log p_\theta(x)$ may be wrong by up to a nat; that is three hundredths in the mean. The networks of epoch 0 have learnt nothing, and hardly any gap.)

{cite:t}`he2019lagging` saw the encoder lag at the *beginning* of training, with strong decoders of text, and cured collapse by training it more often. Here nothing collapses, and the lag is at the end.
""")

md(r"""
## Exercises

:::{exercise} The last of four (understanding, ★)
:label: ex-15-last
A colleague trains an IWAE with 50 samples, evaluates its ELBO, finds it two nats below that of her VAE, and throws it away. What should she have measured? Her encoder's variances are twice those of the VAE. Is that a mistake in the program?
:::

:::{solution} ex-15-last
:class: dropdown
The importance-weighted bound, with the same large number of samples for both models, as the ELBO of an IWAE measures a $q$ that was not trained to make it large. In our table the ELBO of IWAE-5 is the lowest of the four and its $\log p_\theta(x)$ the highest.

It is no mistake. For $K$ samples what counts is $\mathbb{E}\, w^2$, and by {eq}`eq-15-second-moment` a variance that is too small is much worse than one that is too large by the same factor: at $r = \frac12$ the factor of a coordinate is infinite, at $r = 2$ it is $2 / \sqrt 3$. A wide $q$ is the safe side.
:::

:::{exercise} A tail that is known (derivation, ★★)
:label: ex-15-tail
Take two coordinates with the same $r < 1$. Show that $w / p_\theta(x)$ has a Pareto distribution, with the smallest value $r$ and the exponent $1 / (1 - r)$: the probability that it exceeds $t \ge r$ is $(t / r)^{-1 / (1 - r)}$. Which $r$ gives a mean of 1? Which gives a finite variance?
:::

:::{solution} ex-15-tail
:class: dropdown
With $z = \sqrt r\, \varepsilon$ in deviations of the posterior, each coordinate contributes $\sqrt r \exp\big( (1 - r)\, \varepsilon_i^2 / 2 \big)$, so that

$$
\frac{w}{p_\theta(x)} = r\, e^{(1 - r) E} , \qquad E = \tfrac12 \big( \varepsilon_1^2 + \varepsilon_2^2 \big) .
$$

Half the squared length of a standard normal in the plane has the exponential distribution: $E$ exceeds $s$ with probability $e^{-s}$. So $w / p_\theta(x)$ exceeds $t$ if $E > \ln (t / r) / (1 - r)$, with the probability that was claimed. A Pareto variable with smallest value $m$ and exponent $\alpha > 1$ has the mean $m\, \alpha / (\alpha - 1)$, which is $r \cdot \frac{1}{1 - r} \cdot \frac{1 - r}{r} = 1$ for every $r$, as it must be. The variance is finite for $\alpha > 2$, that is, for $r > \frac12$.
:::

:::{exercise} The cheapest prior (code, ★★)
:label: ex-15-cheapest
Fit one Gaussian with full covariance to $q_\phi(z)$. It gains $\frac12 \big( \mathbb{E} \lVert z \rVert^2 - 2 - \ln \det S \big)$, where $S$ is the covariance of $q_\phi(z)$ (show it). Predict the number before you compute it on the grid: which share of the ceiling?
:::

```{solution-start} ex-15-cheapest
:class: dropdown
```

Under $q_\phi(z)$ the mean of $\log \mathcal{N}(z; m, S)$ with its own mean and covariance is $- \frac12 ( 2 \ln 2 \pi + \ln \det S + 2)$, and that of $\log p(z)$ is $- \frac12 ( 2 \ln 2 \pi + \mathbb{E} \lVert z \rVert^2)$. On the grid:
""")
code('ex_gauss')
md(r"""
For both sets:
""")
claim('ex_gauss_print')
md(r"""
Nothing. Mean and covariance of the codes are those of the prior already. What is left to gain lies in the shape: the seams and the patches of {numref}`fig-15-map`.

```{solution-end}
```

## Summary

- The importance-weighted bound closes like $1 / K$ with a known factor, the second moment of the weights. A $q$ with half the variance of the posterior, or less, has none, and then more samples help slowly.
- With more samples the decoder's gradient becomes clearer like $\sqrt K$ and the encoder's fainter like $1 / \sqrt K$, unless it is doubly reparameterised. With one sample, sticking the landing removes all noise at the exact posterior.
- Trained from scratch in the plane, a correlated Gaussian and a flow gain nothing that two seeds would agree on. The bound of five samples, on one seed, gains three nats of $\log p_\theta(x)$, and its ELBO is the worst of all.
- Of the rate of 6.2 nats, 0.4 (training images) or 0.5 (test images) are lost to the prior. That is what any prior can gain, and a mixture of 100 Gaussians gains nearly all of it. A single Gaussian gains nothing. Samples hardly improve.
- A twist of the plane leaves every $p_\theta(x)$ as it is, and costs a diagonal $q$ a nat. The evidence does not choose the plane; the family of $q$ does.
- In training the decoder gains to the end. The encoder makes up ten nats in one epoch, and none after it.

## Further reading

- {cite:t}`burda2016importance` introduced the importance-weighted autoencoder; {cite:t}`rainforth2018tighter` showed what it does to the encoder's gradient, and {cite:t}`tucker2019doubly` mended it.
- {cite:t}`rezende2015variational` and {cite:t}`kingma2016improved` brought flows into the posterior; {cite:t}`cremer2018inference` ask when they help.
- {cite:t}`hoffman2016elbo` split the rate, and {cite:t}`tomczak2018vae` act on it.
- {cite:t}`locatello2019challenging` and {cite:t}`khemakhem2020variational` say what can and what cannot be identified.
""")
