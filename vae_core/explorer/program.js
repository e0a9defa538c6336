// The program that trains with the playground's settings. The text is Python's: see program.py.

/** Fill the template with settings; `fill` of program.py does the same. */
export function programOf({ text, likelihoods, variants }, settings) {
  let variant = settings.break ?? "none";
  if (!settings.noise) variant = variant === "mean_reduction" ? "mean_reduction_no_noise" : "no_noise";
  const parts = { ...settings, digits: `[${settings.digits.join(", ")}]`, likelihood: likelihoods[settings.likelihood], ...variants[variant] };
  return text.replace(/<(\w+)>/g, (_, name) => parts[name]);
}
