// The primitives that a page evaluates: `mg` is Math and what Math lacks. `Op.javascript` says how a row calls it.
const mg = Object.assign(Object.create(Math), {
  // Math.pow gives NaN for these two, IEEE 754 (section 9.2.1) and Python give 1.
  pow: (x, y) => (x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : Math.pow(x, y)),
  // The first of equals, as everywhere: of 0 and -0 Math.max takes the one without the sign.
  maximum: (x, y) => (x >= y || x !== x ? x : y),
  minimum: (x, y) => (x <= y || x !== x ? x : y),
  copysign: (x, y) => (y < 0 || 1 / y < 0 ? -Math.abs(x) : Math.abs(x)),
  relu: x => (x <= 0 ? 0 : x),
  detach: x => x,
  softplus: x => (x > 0 ? x : 0) + Math.log1p(Math.exp(-Math.abs(x))),

  // To even; from 2⁵² on all are whole.
  round(x) {
    const a = Math.abs(x);
    return a < 2 ** 52 ? mg.copysign(a + 2 ** 52 - 2 ** 52, x) : x;
  },

  sigmoid(x) {
    const e = Math.exp(-Math.abs(x));
    return x >= 0 ? 1 / (1 + e) : e / (1 + e);
  },

  // The square of 2 exp(-|x|) keeps its digits where exp(-2|x|) has few.
  sech2(x) {
    const e = Math.exp(-2 * Math.abs(x));
    const root = 2 * Math.exp(-Math.abs(x));
    return e < 1e-300 ? root * root : 4 * (e / (1 + e * (2 + e)));
  },

  // exp(-x²); x² is split so that rounding it does not cost digits in the tails.
  gaussian(x) {
    if (Math.abs(x) >= 28) return 0;
    const high = Math.round(x * 1024) / 1024;
    return Math.exp(-high * high) * Math.exp((high - x) * (high + x));
  },

  // (2/√π) exp(-x²) Σ 2ⁿ x²ⁿ⁺¹ / (1·3·5···(2n+1)): no term is negative, so nothing cancels
  // (Abramowitz & Stegun 7.1.6); beyond 6 the function is ±1 to the last digit.
  erf(x) {
    if (!(Math.abs(x) < 6)) return Number.isNaN(x) ? x : Math.sign(x);
    let sum = x;
    for (let n = 1, term = x; sum + term !== sum; n++) {
      term *= (2 * x * x) / (2 * n + 1);
      sum += term;
    }
    return (2 / Math.sqrt(Math.PI)) * mg.gaussian(x) * sum;
  },
});
