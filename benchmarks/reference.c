/* The level to beat: the workloads of compiled.py in tuned C, with explicit vectors, register tiles and libmvec.

   Samples stand in blocks of 64, structure of arrays: row r of block b is x[(b·rows + r)·64 … + 64].
   Every function returns the mean loss and writes its gradient; parameters are ordered neuron by neuron, weights
   then bias. `s` holds the weight of each sample in the mean, 1/n, and 0 for padding. `totals` is room for one vector
   per parameter. Written for GCC; vectors are as wide as the machine's, and exp, log and tanh are libmvec's on glibc
   and x86-64, the C library's one lane at a time elsewhere. */
#include <math.h>
#include <string.h>

#if defined __AVX512F__
#define LANES 8
#elif defined __AVX2__
#define LANES 4
#else
#define LANES 2
#endif
/* a tile's DOWN × ACROSS totals and ACROSS inputs stay in registers: 32 with AVX-512, else 16 */
#define DOWN (LANES == 8 ? 8 : 3)
#define ACROSS (LANES == 8 ? 2 : 4)
#define BLOCK 64
#define VECTORS (BLOCK / LANES)
#define INLINE static inline __attribute__((always_inline))
typedef double vec __attribute__((vector_size(8 * LANES)));
typedef long long mask __attribute__((vector_size(8 * LANES)));

/* names of the vector ABI: e, d and b are AVX-512, AVX2 and SSE2 */
#if !defined __x86_64__ || !defined __GLIBC__
#define FUNCTION(name) INLINE vec name##_(vec a) { for (int i = 0; i < LANES; i++) a[i] = name(a[i]); return a; }
#elif LANES == 8
#define FUNCTION(name) vec _ZGVeN8v_##name(vec); INLINE vec name##_(vec a) { return _ZGVeN8v_##name(a); }
#elif LANES == 4
#define FUNCTION(name) vec _ZGVdN4v_##name(vec); INLINE vec name##_(vec a) { return _ZGVdN4v_##name(a); }
#else
#define FUNCTION(name) vec _ZGVbN2v_##name(vec); INLINE vec name##_(vec a) { return _ZGVbN2v_##name(a); }
#endif
FUNCTION(exp)
FUNCTION(log)
FUNCTION(tanh)

INLINE vec where(mask m, vec a, vec b) { return (vec)((m & (mask)a) | (~m & (mask)b)); }
INLINE vec positive(vec a) { return where(a > 0, a, (vec){}); }

INLINE double sum(vec a)
{
    double total = 0;
    for (int i = 0; i < LANES; i++) total += a[i];
    return total;
}

/* sizes of tiles, the largest first, so that any number of rows is a few of them */
#define TILES(ROWS) ROWS(DOWN) ROWS(4) ROWS(2) ROWS(1)

/* rows × ACROSS vectors of  out = bias + Σ_k weight[k] · in[k]; weights of a row are `across` apart, rows `down` */
INLINE void tile(int rows, const double *weight, int down, int across, const double *bias, int terms, const vec *in,
                 vec *out)
{
    vec total[8][ACROSS];
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < ACROSS; v++) total[r][v] = (bias ? bias[r * down] : 0.0) + (vec){};
    for (int k = 0; k < terms; k++)
        for (int r = 0; r < rows; r++)
            for (int v = 0; v < ACROSS; v++) total[r][v] += weight[r * down + k * across] * in[k * VECTORS + v];
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < ACROSS; v++) out[r * VECTORS + v] = total[r][v];
}

INLINE void matrix(int rows, int terms, const double *weight, int down, int across, const double *bias, const vec *in,
                   vec *out)
{
    for (int v = 0; v < VECTORS; v += ACROSS) {
        int r = 0;
#define ROWS(size) \
        for (; r + size <= rows; r += size) \
            tile(size, weight + r * down, down, across, bias ? bias + r * down : 0, terms, in + v, \
                 out + r * VECTORS + v);
        TILES(ROWS)
#undef ROWS
    }
}

INLINE void forward(const double *w, int outputs, int inputs, const vec *in, vec *out)
{
    matrix(outputs, inputs, w, inputs + 1, 1, w + inputs, in, out);
}

INLINE void backward(const double *w, int outputs, int inputs, const vec *g, vec *out)
{
    matrix(inputs, outputs, w, 1, inputs + 1, 0, g, out);
}

/* total += Σ_v g · in for rows × columns pairs; the totals of a row are `width` long */
INLINE void outer_tile(int rows, int columns, const vec *g, const vec *in, vec *total, int width)
{
    vec t[8][4];
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < columns; c++) t[r][c] = total[r * width + c];
    for (int v = 0; v < VECTORS; v++)
        for (int r = 0; r < rows; r++)
            for (int c = 0; c < columns; c++) t[r][c] += g[r * VECTORS + v] * in[c * VECTORS + v];
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < columns; c++) total[r * width + c] = t[r][c];
}

INLINE void outer_rows(int rows, int inputs, const vec *g, const vec *in, vec *total)
{
    int c = 0, width = inputs + 1;
    for (; c + ACROSS <= inputs; c += ACROSS) outer_tile(rows, ACROSS, g, in + c * VECTORS, total + c, width);
    for (; c + 2 <= inputs; c += 2) outer_tile(rows, 2, g, in + c * VECTORS, total + c, width);
    for (; c < inputs; c++) outer_tile(rows, 1, g, in + c * VECTORS, total + c, width);
    for (int r = 0; r < rows; r++) {
        vec bias = total[r * width + inputs]; /* a local: g may overlap total for all the compiler knows */
        for (int v = 0; v < VECTORS; v++) bias += g[r * VECTORS + v];
        total[r * width + inputs] = bias;
    }
}

/* sums over the samples of g ⊗ (in, 1), kept lane by lane */
INLINE void outer(int outputs, int inputs, const vec *g, const vec *in, vec *total)
{
    int r = 0;
#define ROWS(size) \
    for (; r + size <= outputs; r += size) \
        outer_rows(size, inputs, g + r * VECTORS, in, total + r * (inputs + 1));
    TILES(ROWS)
#undef ROWS
}

double toy(const vec *x, const vec *y, const vec *s, long blocks, const double *w, double *gradient,
           vec *unused __attribute__((unused)))
{
    double w1 = w[0], w2 = w[1];
    vec loss = {}, g1 = {}, g2 = {};
    for (long i = 0; i < blocks * VECTORS; i++) {
        vec h = 1 / (1 + exp_(-w1 * x[i])), p = 1 / (1 + exp_(-w2 * h)), error = p - y[i], weighted = s[i] * error;
        loss += weighted * error;
        vec du = 2 * weighted * p * (1 - p);
        g2 += du * h;
        g1 += du * w2 * h * (1 - h) * x[i];
    }
    gradient[0] = sum(g1), gradient[1] = sum(g2);
    return sum(loss);
}

#define HIDDEN 16
INLINE double three_layers(int hinge, const vec *x, const vec *y, const vec *s, long blocks, const double *w,
                           double *gradient, vec *totals)
{
    enum { SECOND = 3 * HIDDEN, THIRD = SECOND + 17 * HIDDEN, COUNT = THIRD + 17 };
    vec h1[HIDDEN * VECTORS], h2[HIDDEN * VECTORS], d1[HIDDEN * VECTORS], d2[HIDDEN * VECTORS], z[VECTORS], dz[VECTORS];
    vec loss = {};
    memset(totals, 0, COUNT * sizeof(vec));
    for (long b = 0; b < blocks; b++, x += 2 * VECTORS, y += VECTORS, s += VECTORS) {
        forward(w, HIDDEN, 2, x, h1);
        for (int i = 0; i < HIDDEN * VECTORS; i++) h1[i] = hinge ? positive(h1[i]) : tanh_(h1[i]);
        forward(w + SECOND, HIDDEN, HIDDEN, h1, h2);
        for (int i = 0; i < HIDDEN * VECTORS; i++) h2[i] = hinge ? positive(h2[i]) : tanh_(h2[i]);
        forward(w + THIRD, 1, HIDDEN, h2, z);
        for (int v = 0; v < VECTORS; v++) {
            vec margin = 1 - y[v] * z[v], error = z[v] - y[v];
            loss += s[v] * (hinge ? positive(margin) : error * error);
            dz[v] = hinge ? where(margin > 0, -y[v] * s[v], (vec){}) : 2 * s[v] * error;
        }
        outer(1, HIDDEN, dz, h2, totals + THIRD);
        backward(w + THIRD, 1, HIDDEN, dz, d2);
        for (int i = 0; i < HIDDEN * VECTORS; i++)
            d2[i] = hinge ? where(h2[i] > 0, d2[i], (vec){}) : d2[i] * (1 - h2[i] * h2[i]);
        outer(HIDDEN, HIDDEN, d2, h1, totals + SECOND);
        backward(w + SECOND, HIDDEN, HIDDEN, d2, d1);
        for (int i = 0; i < HIDDEN * VECTORS; i++)
            d1[i] = hinge ? where(h1[i] > 0, d1[i], (vec){}) : d1[i] * (1 - h1[i] * h1[i]);
        outer(HIDDEN, 2, d1, x, totals);
    }
    double value = sum(loss);
    for (int i = 0; i < COUNT; i++) gradient[i] = sum(totals[i]);
    for (int i = 0; hinge && i < COUNT; i++) {
        value += 1e-4 * w[i] * w[i];
        gradient[i] += 2e-4 * w[i];
    }
    return value;
}

double hinge(const vec *x, const vec *y, const vec *s, long blocks, const double *w, double *gradient, vec *totals)
{
    return three_layers(1, x, y, s, blocks, w, gradient, totals);
}

double tanh_net(const vec *x, const vec *y, const vec *s, long blocks, const double *w, double *gradient, vec *totals)
{
    return three_layers(0, x, y, s, blocks, w, gradient, totals);
}

#define CLASSES 10
/* the cross-entropy of a block; dz gets its derivative by z */
INLINE vec softmax_loss(const vec *z, const vec *y, const vec *s, vec *dz)
{
    vec loss = {};
    for (int v = 0; v < VECTORS; v++) {
        vec top = z[v], all = {}, right = {};
        for (int c = 1; c < CLASSES; c++) top = where(top > z[c * VECTORS + v], top, z[c * VECTORS + v]);
        for (int c = 0; c < CLASSES; c++) {
            int i = c * VECTORS + v;
            dz[i] = exp_(z[i] - top);
            all += dz[i];
            right += y[i] * z[i];
        }
        loss += s[v] * (log_(all) + top - right);
        for (int c = 0; c < CLASSES; c++)
            dz[c * VECTORS + v] = s[v] * (dz[c * VECTORS + v] / all - y[c * VECTORS + v]);
    }
    return loss;
}

INLINE double cross_entropy(int inputs, int hidden, const vec *x, const vec *y, const vec *s, long blocks,
                            const double *w, double *gradient, vec *totals)
{
    vec h[64 * VECTORS], d[64 * VECTORS], z[CLASSES * VECTORS], dz[CLASSES * VECTORS], loss = {};
    int second = (inputs + 1) * hidden, count = second + CLASSES * (hidden + 1);
    memset(totals, 0, count * sizeof(vec));
    for (long b = 0; b < blocks; b++, x += inputs * VECTORS, y += CLASSES * VECTORS, s += VECTORS) {
        forward(w, hidden, inputs, x, h);
        for (int i = 0; i < hidden * VECTORS; i++) h[i] = tanh_(h[i]);
        forward(w + second, CLASSES, hidden, h, z);
        loss += softmax_loss(z, y, s, dz);
        outer(CLASSES, hidden, dz, h, totals + second);
        backward(w + second, CLASSES, hidden, dz, d);
        for (int i = 0; i < hidden * VECTORS; i++) d[i] *= 1 - h[i] * h[i];
        outer(hidden, inputs, d, x, totals);
    }
    for (int i = 0; i < count; i++) gradient[i] = sum(totals[i]);
    return sum(loss);
}

double digits(const vec *x, const vec *y, const vec *s, long blocks, const double *w, double *gradient, vec *totals)
{
    return cross_entropy(64, 32, x, y, s, blocks, w, gradient, totals);
}

double wide(const vec *x, const vec *y, const vec *s, long blocks, const double *w, double *gradient, vec *totals)
{
    return cross_entropy(784, 50, x, y, s, blocks, w, gradient, totals);
}
