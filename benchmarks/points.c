/* The level to beat in points.py: value and gradient written by hand, in plain loops that GCC makes vectors of. */
#include <math.h>
#include <string.h>

double rosenbrock(const double *p, long n, double *gradient)
{
    double total = 0.0;
    memset(gradient, 0, n * sizeof(double));
    for (long i = 0; i + 1 < n; i++) {
        double bend = p[i + 1] - p[i] * p[i], off = 1.0 - p[i];
        total += 100.0 * bend * bend + off * off;
        gradient[i + 1] += 200.0 * bend;
        gradient[i] -= 400.0 * bend * p[i] + 2.0 * off;
    }
    return total;
}

double bodies(const double *p, long n, double *gradient)
{
    double total = 0.0;
    memset(gradient, 0, n * sizeof(double));
    for (long i = 0; i < n; i += 3) {
        double gx = 0.0, gy = 0.0, gz = 0.0;
        for (long j = 0; j < i; j += 3) {
            double x = p[i] - p[j], y = p[i + 1] - p[j + 1], z = p[i + 2] - p[j + 2];
            double s = x * x + y * y + z * z + 0.01, r = 1.0 / sqrt(s), pull = r / s;
            total -= r;
            gx += pull * x, gy += pull * y, gz += pull * z;
            gradient[j] -= pull * x, gradient[j + 1] -= pull * y, gradient[j + 2] -= pull * z;
        }
        gradient[i] += gx, gradient[i + 1] += gy, gradient[i + 2] += gz;
    }
    return total;
}

static double spring(const double *p, long a, long b, double *gradient)
{
    double x = p[a] - p[b], y = p[a + 1] - p[b + 1], z = p[a + 2] - p[b + 2];
    double length = sqrt(x * x + y * y + z * z), pull = 100.0 * (length - 0.1) / length;
    gradient[a] += pull * x, gradient[a + 1] += pull * y, gradient[a + 2] += pull * z;
    gradient[b] -= pull * x, gradient[b + 1] -= pull * y, gradient[b + 2] -= pull * z;
    return 50.0 * (length - 0.1) * (length - 0.1);
}

double springs(const double *p, long n, double *gradient)
{
    long side = lround(sqrt(n / 3.0));
    double total = 0.0;
    memset(gradient, 0, n * sizeof(double));
    for (long i = 0; i < side; i++)
        for (long j = 0; j < side; j++) {
            long a = 3 * (i * side + j);
            if (j + 1 < side) total += spring(p, a, a + 3, gradient);
            if (i + 1 < side) total += spring(p, a, a + 3 * side, gradient);
            total += 0.1 * p[a + 2];
            gradient[a + 2] += 0.1;
        }
    return total;
}
