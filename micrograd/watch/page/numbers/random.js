// Python's order of the samples, bit for bit: random.Random(seed).shuffle, where the seed is a text.
//
//   twister   MT19937 (Matsumoto and Nishimura 1998), seeded by an array: the text, behind it its SHA-512

const sha512 = (() => {
  const M = x => BigInt.asUintN(64, x);
  const turned = (x, n) => M((x >> n) | (x << (64n - n)));

  // 64 bits behind the point of the square root (k = 2) or cube root (k = 3) of n.
  function root(n, k) {
    const x = BigInt(n) << (64n * k);
    let low = 0n;
    for (let bit = 1n << 72n; bit; bit >>= 1n) if ((low + bit) ** k <= x) low += bit;
    return M(low);
  }

  const primes = [];
  for (let n = 2; primes.length < 80; n++) if (primes.every(p => n % p)) primes.push(n);
  const start = primes.slice(0, 8).map(p => root(p, 2n)), keys = primes.map(p => root(p, 3n));

  function block(h, view, at) {
    const w = Array.from({ length: 16 }, (_, i) => view.getBigUint64(at + 8 * i));
    for (let i = 16; i < 80; i++) {
      const a = w[i - 15], b = w[i - 2];
      const s = turned(a, 1n) ^ turned(a, 8n) ^ (a >> 7n), t = turned(b, 19n) ^ turned(b, 61n) ^ (b >> 6n);
      w.push(M(w[i - 16] + s + w[i - 7] + t));
    }
    let [a, b, c, d, e, f, g, k] = h;
    for (let i = 0; i < 80; i++) {
      const s = turned(e, 14n) ^ turned(e, 18n) ^ turned(e, 41n), t = turned(a, 28n) ^ turned(a, 34n) ^ turned(a, 39n);
      const x = M(k + s + ((e & f) ^ (~e & g)) + keys[i] + w[i]), y = M(t + ((a & b) ^ (a & c) ^ (b & c)));
      [k, g, f, e, d, c, b, a] = [g, f, e, M(d + x), c, b, a, M(x + y)];
    }
    return [a, b, c, d, e, f, g, k].map((x, i) => M(h[i] + x));
  }

  return bytes => {
    const data = new Uint8Array(128 * Math.ceil((bytes.length + 17) / 128));
    data.set(bytes);
    data[bytes.length] = 0x80;
    const view = new DataView(data.buffer);
    view.setUint32(data.length - 4, 8 * bytes.length);
    let h = start;
    for (let at = 0; at < data.length; at += 128) h = block(h, view, at);
    const found = new DataView(new ArrayBuffer(64));
    h.forEach((x, i) => found.setBigUint64(8 * i, x));
    return new Uint8Array(found.buffer);
  };
})();

// The words of the number that Python makes of a text, the least first.
function seedWords(text) {
  const bytes = new TextEncoder().encode(text), all = [...bytes, ...sha512(bytes)].reverse();
  const words = [];
  for (let i = 0; i < all.length; i += 4) {
    words.push((all[i] | (all[i + 1] << 8) | (all[i + 2] << 16) | (all[i + 3] << 24)) >>> 0);
  }
  while (words.length > 1 && words.at(-1) === 0) words.pop();
  return words;
}

// Gives 32 bits at a time.
function twister(text) {
  const N = 624, mt = new Uint32Array(N), key = seedWords(text);
  const mixed = i => mt[i - 1] ^ (mt[i - 1] >>> 30);
  mt[0] = 19650218;
  for (let i = 1; i < N; i++) mt[i] = Math.imul(1812433253, mixed(i)) + i;
  let i = 1;
  const on = () => { if (++i === N) { mt[0] = mt[N - 1]; i = 1; } };
  for (let k = 0; k < Math.max(N, key.length); k++) {
    const j = k % key.length;
    mt[i] = (mt[i] ^ Math.imul(mixed(i), 1664525)) + key[j] + j;
    on();
  }
  for (let k = 1; k < N; k++) {
    mt[i] = (mt[i] ^ Math.imul(mixed(i), 1566083941)) - i;
    on();
  }
  mt[0] = 0x8000_0000;
  let at = N;
  return () => {
    if (at === N) {
      for (let k = 0; k < N; k++) {
        const y = (mt[k] & 0x8000_0000) | (mt[(k + 1) % N] & 0x7fff_ffff);
        mt[k] = mt[(k + 397) % N] ^ (y >>> 1) ^ (y & 1 ? 0x9908_b0df : 0);
      }
      at = 0;
    }
    let y = mt[at++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c_5680;
    y ^= (y << 15) & 0xefc6_0000;
    return (y ^ (y >>> 18)) >>> 0;
  };
}

// The numbers below count in the order that the seed gives.
function shuffled(count, seed) {
  const order = Int32Array.from({ length: count }, (_, i) => i), bits = twister(seed);
  for (let i = count - 1; i > 0; i--) {
    const shift = Math.clz32(i + 1);
    let j = bits() >>> shift;
    while (j > i) j = bits() >>> shift;
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}
