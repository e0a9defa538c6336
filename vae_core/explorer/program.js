// The program that trains with the playground's settings. The text is Python's: see program.py.

/** Fill the template with settings; `fill` of program.py does the same. */
export function programOf({ text, likelihoods, variants }, settings) {
  const variant = settings.break ?? (settings.noise ? "none" : "no_noise");
  const parts = { ...settings, digits: `[${settings.digits.join(", ")}]`, likelihood: likelihoods[settings.likelihood], ...variants[variant] };
  return text.replace(/<(\w+)>/g, (_, name) => parts[name]);
}
