namespace Coppice.Continual.MixtureLaws;

/// <summary>Closed-form linear fits to a handful of points, in double, about the means, where the sums lose the least.</summary>
internal static class LeastSquares
{
    // Regressors closer to each other than this can't be told apart in double precision.
    private const double Collinear = 1e-10;

    /// <summary>Fits <c>y = scale·u + offset</c>; false where u is constant.</summary>
    public static bool TryLine(ReadOnlySpan<double> u, ReadOnlySpan<double> y, out double scale, out double offset, out double squares)
    {
        double meanU = Mean(u), meanY = Mean(y), uu = 0, uy = 0;
        for (var i = 0; i < u.Length; i++)
        {
            uu += (u[i] - meanU) * (u[i] - meanU);
            uy += (u[i] - meanU) * (y[i] - meanY);
        }

        scale = uy / uu;
        offset = meanY - scale * meanU;
        squares = 0;
        for (var i = 0; i < u.Length; i++) squares += Square(y[i] - meanY - scale * (u[i] - meanU));
        return uu > 0 && double.IsFinite(squares);
    }

    /// <summary>Fits <c>y = first·u + second·v + offset</c>; false where u and v can't be told apart.</summary>
    public static bool TryPlane(
        ReadOnlySpan<double> u, ReadOnlySpan<double> v, ReadOnlySpan<double> y, out double first, out double second, out double offset, out double squares)
    {
        double meanU = Mean(u), meanV = Mean(v), meanY = Mean(y), uu = 0, vv = 0, uv = 0, uy = 0, vy = 0;
        for (var i = 0; i < u.Length; i++)
        {
            double du = u[i] - meanU, dv = v[i] - meanV, dy = y[i] - meanY;
            uu += du * du;
            vv += dv * dv;
            uv += du * dv;
            uy += du * dy;
            vy += dv * dy;
        }

        var determinant = uu * vv - uv * uv;
        first = (vv * uy - uv * vy) / determinant;
        second = (uu * vy - uv * uy) / determinant;
        offset = meanY - first * meanU - second * meanV;
        squares = 0;
        for (var i = 0; i < u.Length; i++) squares += Square(y[i] - meanY - first * (u[i] - meanU) - second * (v[i] - meanV));
        return determinant > Collinear * uu * vv && double.IsFinite(squares);
    }

    /// <summary>The mean.</summary>
    public static double Mean(ReadOnlySpan<double> values)
    {
        var sum = 0.0;
        foreach (var value in values) sum += value;
        return sum / values.Length;
    }

    /// <summary>The square.</summary>
    public static double Square(double value) => value * value;
}
