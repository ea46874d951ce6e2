// What Math lacks, or has otherwise than IEEE 754: a function for a row of the table, by the row's name. A page or an
// exported module carries those that it calls. No blank line inside of one: there they are cut apart.

// Math.pow gives NaN for 1 ** ±Infinity, IEEE 754 (section 9.2.1) and Python give 1. With exponents beyond 2³¹ V8 loses
// digits near 1: there it is exp(y log(1 + t)), with y t in two parts (Dekker, 1971) and log(1 + t) = t - t²/2 + t³/3 - …
function pow(x, y) {
  if (x === 1 || (x === -1 && Math.abs(y) === Infinity)) return 1;
  const t = Math.abs(x) - 1, product = y * t;
  if (!(Math.abs(y) > 2 ** 31 && Math.abs(product) < 1000 && t !== 0)) return Math.pow(x, y);
  const [a, b] = [y, t].map(z => 134217729 * z - (134217729 * z - z)); // their first 26 bits
  const lost = a * b - product + a * (t - b) + (y - a) * b + (y - a) * (t - b);
  const size = Math.exp(product) * Math.exp(lost + product * t * (t * (1 / 3 - t / 4) - 0.5));
  return x > 0 || y % 2 === 0 ? size : y % 1 === 0 ? -size : NaN;
}

function copysign(x, y) {
  return y < 0 || 1 / y < 0 ? -Math.abs(x) : Math.abs(x);
}

// To the nearest whole number, of two the even one; from 2⁵² on all are whole.
function round(x) {
  const a = Math.abs(x);
  return a < 2 ** 52 ? copysign(a + 2 ** 52 - 2 ** 52, x) : x;
}

// x + x p(x²) up to 1, beyond 1 - exp q(|x| - 1), with the polynomials of `compiler.elementary.powers`.
const ERF = [
  6.174097221305255e-11, -1.1500357159785296e-09, 1.4692484859133263e-08, -1.6355118610877705e-07,
  1.6461446656928561e-06, -1.4925622504489842e-05, 0.00012055332214716276, -0.0008548327010033328,
  0.005223977625303518, -0.026866170645123838, 0.11283791670955111, -0.37612638903183754, 0.1283791670955126,
];
const LOG_ERFC = [
  1.739772649515953e-11, -3.625039577637919e-10, 3.1975668445791173e-09, -1.3826021668096987e-08,
  7.801621235337395e-09, 2.973925621143341e-07, -2.2563446213169257e-06, 9.793670669225199e-06,
  -2.728650100420112e-05, 2.634133966795075e-05, 0.0002373001775184096, -0.0019778972355263555,
  0.01003382455314653, -0.04156109796695698, -0.8431072563621747, -2.638967514234725, -1.8496055099332485,
];
function erf(x) {
  const a = Math.min(Math.abs(x), 6), near = a < 1;
  const numbers = near ? ERF : LOG_ERFC, t = near ? x * x : a - 1;
  let p = 0;
  for (let k = 0; k < numbers.length; k++) p = p * t + numbers[k];
  return near ? x + x * p : copysign(-Math.expm1(p), x);
}
