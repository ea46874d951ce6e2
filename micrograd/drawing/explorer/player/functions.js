// The primitives that a page evaluates and definitions go back to: `mg` is Math and what Math lacks.
const mg = Object.assign(Object.create(Math), {
  // Math.pow gives NaN for these two, IEEE 754 (section 9.2.1) and Python give 1.
  pow: (x, y) => (x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : Math.pow(x, y)),
  copysign: (x, y) => (y < 0 || 1 / y < 0 ? -Math.abs(x) : Math.abs(x)),

  // To even; from 2⁵² on all are whole.
  round(x) {
    const a = Math.abs(x);
    return a < 2 ** 52 ? mg.copysign(a + 2 ** 52 - 2 ** 52, x) : x;
  },

  // (2/√π) exp(-x²) Σ 2ⁿ x²ⁿ⁺¹ / (1·3·5···(2n+1)): no term is negative, so nothing cancels (Abramowitz & Stegun 7.1.6).
  // Beyond 1 what is missing to ±1 is smaller, a continued fraction (7.1.14); so nothing is larger than 1.
  erf(x) {
    const a = Math.abs(x);
    if (a > 1) {
      let fraction = a;
      for (let k = 250; k > 0; k--) fraction = a + k / 2 / fraction;
      return Math.sign(x) * (1 - Math.exp(-x * x) / (Math.sqrt(Math.PI) * fraction));
    }
    let sum = x;
    for (let n = 1, term = x; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
      term *= (2 * x * x) / (2 * n + 1);
      sum += term;
    }
    return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
  },
});
