namespace Coppice.Continual.MixtureLaws;

/// <summary>Where a search ended.</summary>
/// <param name="Constants">The constants.</param>
/// <param name="Cost">The sum of the Huber losses of the residuals there.</param>
internal sealed record HuberMinimum(double[] Constants, double Cost);

/// <summary>
/// Constants of a non-linear law from many starts: Levenberg-Marquardt steps on the residuals, which a Huber loss keeps from following outliers. The
/// same data and starts give the same constants.
/// </summary>
internal static class HuberFit
{
    private const int MostSteps = 400;
    private const double Step = 1e-5;
    private const double HighestDamping = 1e12;
    private const double SmallestGain = 1e-10;

    /// <summary>Minimises the sum of Huber losses of residuals.</summary>
    /// <param name="residuals">Writes the residuals for some constants.</param>
    /// <param name="count">How many residuals.</param>
    /// <param name="starts">Where to begin.</param>
    /// <param name="threshold">Residuals above it count linearly.</param>
    /// <returns>The best of the minima reached; its cost is infinite where no start has finite residuals.</returns>
    public static HuberMinimum Minimize(Action<double[], double[]> residuals, int count, IEnumerable<double[]> starts, double threshold)
    {
        var best = new HuberMinimum([], double.PositiveInfinity);
        foreach (var start in starts)
        {
            var found = Descend(residuals, count, start, threshold);
            if (found.Cost < best.Cost) best = found;
        }

        return best;
    }

    private static HuberMinimum Descend(Action<double[], double[]> residuals, int count, double[] start, double threshold)
    {
        var size = start.Length;
        double[] at = [.. start], next = new double[size], here = new double[count], there = new double[count];
        double[] gradient = new double[size], step = new double[size];
        double[,] jacobian = new double[count, size], normal = new double[size, size];
        residuals(at, here);
        var cost = Cost(here, threshold);
        var damping = 1e-2;
        for (var steps = 0; steps < MostSteps && damping < HighestDamping && double.IsFinite(cost) && cost > 0; steps++)
        {
            Differentiate(residuals, at, next, there, jacobian);
            Normal(jacobian, here, threshold, normal, gradient);
            var gain = 0.0;
            for (; damping < HighestDamping; damping *= 4)
            {
                if (!TrySolve(normal, gradient, damping, step)) continue;
                for (var i = 0; i < size; i++) next[i] = at[i] + step[i];
                residuals(next, there);
                var reached = Cost(there, threshold);
                if (!(reached < cost)) continue;
                gain = (cost - reached) / cost;
                cost = reached;
                next.CopyTo(at, 0);
                there.CopyTo(here, 0);
                damping = Math.Max(damping / 8, 1e-12);
                break;
            }

            if (gain < SmallestGain) break;
        }

        return new HuberMinimum(at, cost);
    }

    private static double Cost(double[] residuals, double threshold)
    {
        var sum = 0.0;
        foreach (var residual in residuals)
        {
            var size = Math.Abs(residual);
            sum += size <= threshold ? size * size / 2 : threshold * (size - threshold / 2);
        }

        return double.IsNaN(sum) ? double.PositiveInfinity : sum;
    }

    private static void Differentiate(Action<double[], double[]> residuals, double[] at, double[] moved, double[] values, double[,] jacobian)
    {
        at.CopyTo(moved, 0);
        for (var j = 0; j < at.Length; j++)
        {
            var step = Step * Math.Max(1, Math.Abs(at[j]));
            moved[j] = at[j] + step;
            residuals(moved, values);
            for (var i = 0; i < values.Length; i++) jacobian[i, j] = values[i];
            moved[j] = at[j] - step;
            residuals(moved, values);
            for (var i = 0; i < values.Length; i++) jacobian[i, j] = (jacobian[i, j] - values[i]) / (2 * step);
            moved[j] = at[j];
        }
    }

    private static void Normal(double[,] jacobian, double[] residuals, double threshold, double[,] normal, double[] gradient)
    {
        Array.Clear(normal);
        Array.Clear(gradient);
        for (var i = 0; i < residuals.Length; i++)
        {
            var weight = Math.Min(1, threshold / Math.Abs(residuals[i]));
            for (var j = 0; j < gradient.Length; j++)
            {
                gradient[j] -= weight * jacobian[i, j] * residuals[i];
                for (var k = 0; k <= j; k++) normal[j, k] += weight * jacobian[i, j] * jacobian[i, k];
            }
        }
    }

    // Cholesky's decomposition of the damped normal equations; false where they aren't positive definite.
    private static bool TrySolve(double[,] normal, double[] gradient, double damping, double[] step)
    {
        var size = gradient.Length;
        var factor = new double[size, size];
        var largest = 0.0;
        for (var j = 0; j < size; j++) largest = Math.Max(largest, normal[j, j]);
        for (var j = 0; j < size; j++)
        {
            for (var k = 0; k <= j; k++)
            {
                // A constant that does nothing here still needs a finite step.
                var sum = j == k ? normal[j, j] + damping * Math.Max(normal[j, j], 1e-12 * largest) : normal[j, k];
                for (var i = 0; i < k; i++) sum -= factor[j, i] * factor[k, i];
                if (j == k && !(sum > 0)) return false;
                factor[j, k] = j == k ? Math.Sqrt(sum) : sum / factor[k, k];
            }
        }

        for (var j = 0; j < size; j++)
        {
            step[j] = gradient[j];
            for (var i = 0; i < j; i++) step[j] -= factor[j, i] * step[i];
            step[j] /= factor[j, j];
        }

        for (var j = size - 1; j >= 0; j--)
        {
            for (var i = j + 1; i < size; i++) step[j] -= factor[i, j] * step[i];
            step[j] /= factor[j, j];
        }

        return true;
    }
}
