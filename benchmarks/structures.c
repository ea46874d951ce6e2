/* The level to beat in structures.py, written in the manner of reference.c, whose parts it uses. */
#include "reference.c"

#define KERNELS 4
#define POOLED 36

/* 8 × 8 pixels, four 3 × 3 kernels, relu, means of 2 × 2, ten classes; parameters: kernels, their biases, the weights
   of the classes, their biases */
double convolution(const vec *x, const vec *y, const vec *s, long blocks, const double *w, double *gradient,
                   vec *totals)
{
    static __thread vec maps[KERNELS * 36 * VECTORS];
    vec pooled[POOLED * VECTORS], z[CLASSES * VECTORS], dz[CLASSES * VECTORS], d[POOLED * VECTORS], loss = {};
    double dense[CLASSES * (POOLED + 1)];
    vec *first = totals, *biases = totals + 36, *second = totals + 40;
    for (int c = 0; c < CLASSES; c++) {
        memcpy(dense + c * (POOLED + 1), w + 40 + c * POOLED, POOLED * sizeof(double));
        dense[c * (POOLED + 1) + POOLED] = w[400 + c];
    }
    memset(totals, 0, 410 * sizeof(vec));
    for (long b = 0; b < blocks; b++, x += 64 * VECTORS, y += CLASSES * VECTORS, s += VECTORS) {
        for (int i = 0; i < 6; i++)
            for (int j = 0; j < 6; j++)
                for (int v = 0; v < VECTORS; v += 2) {
                    vec t[KERNELS][2];
                    for (int k = 0; k < KERNELS; k++) t[k][0] = t[k][1] = w[36 + k] + (vec){};
                    for (int u = 0; u < 9; u++)
                        for (int k = 0; k < KERNELS; k++)
                            for (int p = 0; p < 2; p++)
                                t[k][p] += w[9 * k + u] * x[(8 * (i + u / 3) + j + u % 3) * VECTORS + v + p];
                    for (int k = 0; k < KERNELS; k++)
                        for (int p = 0; p < 2; p++) maps[(36 * k + 6 * i + j) * VECTORS + v + p] = positive(t[k][p]);
                }
        for (int k = 0; k < KERNELS; k++)
            for (int i = 0; i < 3; i++)
                for (int j = 0; j < 3; j++) {
                    const vec *m = maps + (36 * k + 12 * i + 2 * j) * VECTORS;
                    for (int v = 0; v < VECTORS; v++)
                        pooled[(9 * k + 3 * i + j) * VECTORS + v] =
                            0.25 * (m[v] + m[VECTORS + v] + m[6 * VECTORS + v] + m[7 * VECTORS + v]);
                }
        forward(dense, CLASSES, POOLED, pooled, z);
        loss += softmax_loss(z, y, s, dz);
        outer(CLASSES, POOLED, dz, pooled, second);
        backward(dense, CLASSES, POOLED, dz, d);
        for (int k = 0; k < KERNELS; k++) {
            vec t[9], bias = biases[k];
            for (int u = 0; u < 9; u++) t[u] = first[9 * k + u];
            for (int i = 0; i < 6; i++)
                for (int j = 0; j < 6; j++)
                    for (int v = 0; v < VECTORS; v++) {
                        vec slope = 0.25 * d[(9 * k + 3 * (i / 2) + j / 2) * VECTORS + v];
                        slope = where(maps[(36 * k + 6 * i + j) * VECTORS + v] > 0, slope, (vec){});
                        bias += slope;
                        for (int u = 0; u < 9; u++) t[u] += slope * x[(8 * (i + u / 3) + j + u % 3) * VECTORS + v];
                    }
            for (int u = 0; u < 9; u++) first[9 * k + u] = t[u];
            biases[k] = bias;
        }
    }
    for (int i = 0; i < 40; i++) gradient[i] = sum(totals[i]);
    for (int c = 0; c < CLASSES; c++) {
        for (int i = 0; i < POOLED; i++) gradient[40 + c * POOLED + i] = sum(second[c * (POOLED + 1) + i]);
        gradient[400 + c] = sum(second[c * (POOLED + 1) + POOLED]);
    }
    return sum(loss);
}

#define STATE 8
#define STEPS 16

/* h ← tanh(W h + w x + b); parameters: w, W, b, the weights of the output */
double recurrence(const vec *x, const vec *y, const vec *s, long blocks, const double *w, double *gradient,
                  vec *totals)
{
    enum { WIDTH = STATE + 2 };
    vec in[STEPS + 1][(STATE + 1) * VECTORS], d[STATE * VECTORS], z[VECTORS], dz[VECTORS], loss = {};
    double joined[STATE * WIDTH];
    vec *out = totals + STATE * WIDTH;
    for (int i = 0; i < STATE; i++) {
        memcpy(joined + i * WIDTH, w + STATE + i * STATE, STATE * sizeof(double));
        joined[i * WIDTH + STATE] = w[i], joined[i * WIDTH + STATE + 1] = w[STATE + STATE * STATE + i];
    }
    const double *last = w + 2 * STATE + STATE * STATE;
    memset(totals, 0, (STATE * WIDTH + STATE) * sizeof(vec));
    for (long b = 0; b < blocks; b++, x += STEPS * VECTORS, y += VECTORS, s += VECTORS) {
        memset(in[0], 0, STATE * VECTORS * sizeof(vec));
        for (int t = 0; t < STEPS; t++) {
            memcpy(in[t] + STATE * VECTORS, x + t * VECTORS, VECTORS * sizeof(vec));
            forward(joined, STATE, STATE + 1, in[t], in[t + 1]);
            for (int i = 0; i < STATE * VECTORS; i++) in[t + 1][i] = tanh_(in[t + 1][i]);
        }
        matrix(1, STATE, last, 0, 1, 0, in[STEPS], z);
        for (int v = 0; v < VECTORS; v++) {
            vec error = z[v] - y[v];
            loss += s[v] * error * error;
            dz[v] = 2 * s[v] * error;
        }
        for (int i = 0; i < STATE; i += 4) outer_tile(1, 4, dz, in[STEPS] + i * VECTORS, out + i, 0);
        matrix(STATE, 1, last, 1, 0, 0, dz, d);
        for (int t = STEPS - 1; t >= 0; t--) {
            vec below[STATE * VECTORS];
            for (int i = 0; i < STATE * VECTORS; i++) d[i] *= 1 - in[t + 1][i] * in[t + 1][i];
            outer(STATE, STATE + 1, d, in[t], totals);
            if (t) {
                matrix(STATE, STATE, joined, 1, WIDTH, 0, d, below);
                memcpy(d, below, sizeof d);
            }
        }
    }
    for (int i = 0; i < STATE; i++) {
        for (int j = 0; j < STATE; j++) gradient[STATE + i * STATE + j] = sum(totals[i * WIDTH + j]);
        gradient[i] = sum(totals[i * WIDTH + STATE]);
        gradient[STATE + STATE * STATE + i] = sum(totals[i * WIDTH + STATE + 1]);
        gradient[2 * STATE + STATE * STATE + i] = sum(out[i]);
    }
    return sum(loss);
}

/* One camera: p = R(r) x + t, seen at f (1 + k1 ρ + k2 ρ²) (px, py) / pz. The rotation is the same for all points, so
   the sums of ∂L/∂p ⊗ x are all that its derivative needs. Parameters: r, t, f, k1, k2. */
double bundle(const vec *x, const vec *y __attribute__((unused)), const vec *s, long blocks, const double *w,
              double *gradient, vec *totals __attribute__((unused)))
{
    const double *r = w, *t = w + 3, focal = w[6], k1 = w[7], k2 = w[8];
    double squared = r[0] * r[0] + r[1] * r[1] + r[2] * r[2] + 1e-12, angle = sqrt(squared);
    double c = cos(angle), sine = sin(angle) / angle, rest = (1 - c) / squared;
    double cross[3][3] = {{0, -r[2], r[1]}, {r[2], 0, -r[0]}, {-r[1], r[0], 0}}, R[3][3];
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) R[i][j] = c * (i == j) + sine * cross[i][j] + rest * r[i] * r[j];
    vec loss = {}, G[3][3] = {}, dt[3] = {}, df = {}, dk1 = {}, dk2 = {};
    for (long b = 0; b < blocks; b++, x += 5 * VECTORS, s += VECTORS)
        for (int v = 0; v < VECTORS; v++) {
            vec p[3], dp[3];
            for (int i = 0; i < 3; i++)
                p[i] = R[i][0] * x[v] + R[i][1] * x[VECTORS + v] + R[i][2] * x[2 * VECTORS + v] + t[i];
            vec inverse = 1 / p[2], a = p[0] * inverse, e = p[1] * inverse, radius = a * a + e * e;
            vec distortion = 1 + radius * (k1 + k2 * radius), scale = focal * distortion;
            vec ea = scale * a - x[3 * VECTORS + v], ee = scale * e - x[4 * VECTORS + v];
            loss += s[v] * (ea * ea + ee * ee);
            vec da = 2 * s[v] * ea, de = 2 * s[v] * ee, dscale = da * a + de * e, bent = dscale * focal;
            df += dscale * distortion, dk1 += bent * radius, dk2 += bent * radius * radius;
            vec dradius = 2 * bent * (k1 + 2 * k2 * radius);
            da = da * scale + dradius * a, de = de * scale + dradius * e;
            dp[0] = da * inverse, dp[1] = de * inverse, dp[2] = -(dp[0] * a + dp[1] * e);
            for (int i = 0; i < 3; i++) {
                dt[i] += dp[i];
                for (int j = 0; j < 3; j++) G[i][j] += dp[i] * x[j * VECTORS + v];
            }
        }
    double g[3][3], along = 0, by_c = 0, by_sine = 0, by_rest = 0;
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) {
            g[i][j] = sum(G[i][j]);
            by_c += g[i][j] * (i == j), by_sine += g[i][j] * cross[i][j], by_rest += g[i][j] * r[i] * r[j];
        }
    double by_angle = by_c * -sin(angle) + by_sine * (c - sine) / angle;
    by_angle += by_rest * (sin(angle) / squared - 2 * rest / angle);
    double turned[3] = {g[2][1] - g[1][2], g[0][2] - g[2][0], g[1][0] - g[0][1]};
    for (int i = 0; i < 3; i++) {
        along = 0;
        for (int j = 0; j < 3; j++) along += (g[i][j] + g[j][i]) * r[j];
        gradient[i] = by_angle * r[i] / angle + sine * turned[i] + rest * along;
        gradient[3 + i] = sum(dt[i]);
    }
    gradient[6] = sum(df), gradient[7] = sum(dk1), gradient[8] = sum(dk2);
    return sum(loss);
}

#define PARTS 8

/* −log Σ_k softmax(a)_k N(x; m_k, e^−s_k) in the plane; parameters: a, m, s */
double mixture(const vec *x, const vec *y __attribute__((unused)), const vec *s, long blocks, const double *w,
               double *gradient, vec *totals)
{
    const double *means = w + PARTS, *scales = w + 3 * PARTS;
    double factors[2 * PARTS], constants[PARTS], highest = w[0], all = 0, counted = 0;
    for (int k = 0; k < PARTS; k++) {
        factors[2 * k] = exp(scales[2 * k]), factors[2 * k + 1] = exp(scales[2 * k + 1]);
        constants[k] = w[k] + scales[2 * k] + scales[2 * k + 1];
        highest = w[k] > highest ? w[k] : highest;
    }
    for (int k = 0; k < PARTS; k++) all += exp(w[k] - highest);
    vec loss = {}, weight = {};
    memset(totals, 0, 5 * PARTS * sizeof(vec));
    for (long b = 0; b < blocks; b++, x += 2 * VECTORS, s += VECTORS)
        for (int v = 0; v < VECTORS; v++) {
            vec z[2 * PARTS], term[PARTS], top, sums = {};
            for (int k = 0; k < PARTS; k++) {
                z[2 * k] = (x[v] - means[2 * k]) * factors[2 * k];
                z[2 * k + 1] = (x[VECTORS + v] - means[2 * k + 1]) * factors[2 * k + 1];
                term[k] = constants[k] - 0.5 * (z[2 * k] * z[2 * k] + z[2 * k + 1] * z[2 * k + 1]);
                top = k ? where(top > term[k], top, term[k]) : term[k];
            }
            for (int k = 0; k < PARTS; k++) term[k] = exp_(term[k] - top), sums += term[k];
            loss += s[v] * (log_(sums) + top);
            weight += s[v];
            vec share = s[v] / sums;
            for (int k = 0; k < PARTS; k++) {
                vec part = term[k] * share, first = part * z[2 * k], second = part * z[2 * k + 1];
                totals[k] += part;
                totals[PARTS + 2 * k] += first, totals[PARTS + 2 * k + 1] += second;
                totals[3 * PARTS + 2 * k] += first * z[2 * k], totals[3 * PARTS + 2 * k + 1] += second * z[2 * k + 1];
            }
        }
    counted = sum(weight);
    for (int k = 0; k < PARTS; k++) {
        double part = sum(totals[k]);
        gradient[k] = counted * exp(w[k] - highest) / all - part;
        for (int i = 2 * k; i < 2 * k + 2; i++) {
            gradient[PARTS + i] = -factors[i] * sum(totals[PARTS + i]);
            gradient[3 * PARTS + i] = sum(totals[3 * PARTS + i]) - part;
        }
    }
    return counted * (log(all) + highest) - sum(loss);
}
