namespace Coppice.Adapters;

/// <summary>Functions that losses of preferences are made of, exact also where their arguments are near 0 or far from it.</summary>
internal static class Logistic
{
    /// <summary>1 / (1 + e^-x).</summary>
    public static double Sigmoid(double x) => x >= 0 ? 1 / (1 + Math.Exp(-x)) : Math.Exp(x) / (1 + Math.Exp(x));

    /// <summary>-log of the sigmoid.</summary>
    public static double Loss(double x) => Math.Max(-x, 0) + LogOnePlus(Math.Exp(-Math.Abs(x)));

    /// <summary>log(1 - e^x) for x below 0.</summary>
    public static double LogOneMinusExp(double x) => x > -Math.Log(2) ? Math.Log(-ExpMinusOne(x)) : LogOnePlus(-Math.Exp(x));

    // The two of .NET are the plain formulas, which lose all digits near 0. The errors of the factors here cancel (Kahan).

    /// <summary>e^x - 1.</summary>
    public static double ExpMinusOne(double x)
    {
        var power = Math.Exp(x);
        if (power == 1) return x;
        return power - 1 == -1 ? -1 : (power - 1) * x / Math.Log(power);
    }

    /// <summary>log(1 + x).</summary>
    public static double LogOnePlus(double x) => 1 + x == 1 ? x : Math.Log(1 + x) * x / (1 + x - 1);
}
