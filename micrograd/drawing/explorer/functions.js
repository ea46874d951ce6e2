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

  // (2/√π) exp(-x²) Σ 2ⁿ x²ⁿ⁺¹ / (1·3·5···(2n+1)): no term is negative, so nothing cancels (Abramowitz & Stegun 7.1.6);
  // beyond 6 the function is ±1 to the last digit. x² is split so that rounding it does not cost digits in the tails.
  erf(x) {
    if (!(Math.abs(x) < 6)) return Number.isNaN(x) ? x : Math.sign(x);
    let sum = x;
    for (let n = 1, term = x; sum + term !== sum; n++) {
      term *= (2 * x * x) / (2 * n + 1);
      sum += term;
    }
    const high = Math.round(x * 1024) / 1024;
    return (2 / Math.sqrt(Math.PI)) * Math.exp(-high * high) * Math.exp((high - x) * (high + x)) * sum;
  },
});
