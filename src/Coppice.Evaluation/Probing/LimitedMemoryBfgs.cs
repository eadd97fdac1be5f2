namespace Coppice.Evaluation;

/// <summary>
/// Minimises a smooth convex function by limited-memory BFGS: the curvature is guessed from the last ten steps, and a step is halved until the function falls enough
/// (J. Nocedal, "Updating Quasi-Newton Matrices with Limited Storage", 1980).
/// </summary>
internal static class LimitedMemoryBfgs
{
    private const int Memory = 10;
    private const int MostSteps = 300;

    // Of what the slope promises, the least that a step has to bring; and how small a step may become before only rounding is left.
    private const double Enough = 1e-4;
    private const double SmallestStep = 1e-4;

    /// <summary>A function with its gradient.</summary>
    /// <param name="x">Where.</param>
    /// <param name="gradient">Receives the gradient.</param>
    /// <returns>The value.</returns>
    public delegate double Function(double[] x, double[] gradient);

    /// <summary>Goes from zero to the minimum.</summary>
    /// <param name="size">How many values the function takes.</param>
    /// <param name="function">The function.</param>
    /// <param name="tolerance">It is over where no derivative is larger.</param>
    public static double[] Minimise(int size, Function function, double tolerance)
    {
        var (x, gradient) = (new double[size], new double[size]);
        var (next, nextGradient, direction) = (new double[size], new double[size], new double[size]);
        var value = function(x, gradient);
        var steps = new List<(double[] Step, double[] Change, double Curvature)>();
        for (var number = 0; number < MostSteps && gradient.Any(derivative => Math.Abs(derivative) > tolerance); number++)
        {
            Direct(gradient, steps, direction);
            var slope = Dot(direction, gradient);
            // Without a guess of the curvature, a step of length 1 at most.
            var step = steps.Count > 0 ? 1 : Math.Min(1, 1 / Math.Sqrt(Dot(gradient, gradient)));
            double nextValue;
            while (true)
            {
                for (var i = 0; i < size; i++) next[i] = x[i] + step * direction[i];
                nextValue = function(next, nextGradient);
                if (nextValue <= value + Enough * step * slope) break;
                step /= 2;
                if (step < SmallestStep) return x;
            }

            var (moved, changed) = (new double[size], new double[size]);
            for (var i = 0; i < size; i++) (moved[i], changed[i]) = (next[i] - x[i], nextGradient[i] - gradient[i]);
            if (Dot(moved, changed) is > 0 and var curvature) steps.Add((moved, changed, curvature));
            if (steps.Count > Memory) steps.RemoveAt(0);
            (x, next) = (next, x);
            (gradient, nextGradient, value) = (nextGradient, gradient, nextValue);
        }

        return x;
    }

    /// <summary>Minus the gradient times the guess of the inverse curvature.</summary>
    private static void Direct(double[] gradient, List<(double[] Step, double[] Change, double Curvature)> steps, double[] direction)
    {
        for (var i = 0; i < direction.Length; i++) direction[i] = -gradient[i];
        var factors = new double[steps.Count];
        for (var k = steps.Count - 1; k >= 0; k--)
        {
            factors[k] = Dot(steps[k].Step, direction) / steps[k].Curvature;
            Add(direction, -factors[k], steps[k].Change);
        }

        if (steps.Count > 0)
        {
            var scale = steps[^1].Curvature / Dot(steps[^1].Change, steps[^1].Change);
            for (var i = 0; i < direction.Length; i++) direction[i] *= scale;
        }

        for (var k = 0; k < steps.Count; k++) Add(direction, factors[k] - Dot(steps[k].Change, direction) / steps[k].Curvature, steps[k].Step);
    }

    private static double Dot(double[] a, double[] b)
    {
        var sum = 0.0;
        for (var i = 0; i < a.Length; i++) sum += a[i] * b[i];
        return sum;
    }

    private static void Add(double[] to, double factor, double[] values)
    {
        for (var i = 0; i < to.Length; i++) to[i] += factor * values[i];
    }
}
