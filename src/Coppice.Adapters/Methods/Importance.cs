using Coppice.Tensors;

namespace Coppice.Adapters.Methods;

/// <summary>How much numbers that are trained matter: a running mean of |w · ∂L/∂w|, and one of how far it was from its mean. Their product is the score.</summary>
internal static class Importance
{
    /// <summary>One step of both means.</summary>
    /// <param name="mean">The mean.</param>
    /// <param name="spread">The mean distance from it.</param>
    /// <param name="now">The step's value.</param>
    /// <param name="beta1">What the mean keeps of itself.</param>
    /// <param name="beta2">What the distance keeps of itself.</param>
    public static void Update(ref float mean, ref float spread, double now, double beta1, double beta2)
    {
        mean = (float)(beta1 * mean + (1 - beta1) * now);
        spread = (float)(beta2 * spread + (1 - beta2) * Math.Abs(now - mean));
    }

    /// <summary>The values of a parameter in a buffer that is laid out as its set.</summary>
    public static float[] Of(Parameter parameter, FlatBuffer buffer)
    {
        var values = new float[parameter.Count];
        buffer.CopyTo(parameter.Offset, values);
        return values;
    }
}
