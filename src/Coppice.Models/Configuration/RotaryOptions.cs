namespace Coppice.Models;

/// <summary>
/// What a <c>config.json</c> says about rotary positions: at the top, under names that differ by family, or inside <c>rope_parameters</c>, where newer tools
/// write it.
/// </summary>
/// <param name="Theta">Base of the frequencies.</param>
/// <param name="Share">The leading share of each head that turns.</param>
/// <param name="Scaling">How positions were stretched; null where they weren't.</param>
internal readonly record struct RotaryOptions(double Theta, double Share, RotaryScaling? Scaling)
{
    /// <summary>Reads the options.</summary>
    /// <param name="json">The file.</param>
    /// <param name="positions">The model's positions where the file gives none.</param>
    /// <param name="thetaKey">What the family calls the base.</param>
    /// <param name="shareKey">What the family calls the share.</param>
    /// <param name="share">The share where the file gives none.</param>
    public static RotaryOptions Read(ConfigurationReader json, int positions, string thetaKey = "rope_theta", string shareKey = "partial_rotary_factor", double share = 1)
    {
        var theta = json.Number("rope_theta", json.Number(thetaKey, 10000));
        share = json.Number("partial_rotary_factor", json.Number(shareKey, share));
        if (json.Inside("rope_parameters") is { } parameters)
        {
            theta = parameters.Number("rope_theta", theta);
            share = parameters.Number("partial_rotary_factor", share);
        }

        if (theta <= 0) throw json.Error(thetaKey, "a number above 0 is expected");
        if (share is <= 0 or > 1) throw json.Error(shareKey, "a number above 0 and at most 1 is expected");
        var scaling = RotaryScalingReader.Read(json, "rope_scaling", positions) ?? RotaryScalingReader.Read(json, "rope_parameters", positions);
        // YaRN divides by its logarithm.
        if (scaling is YarnScaling && theta <= 1) throw json.Error(thetaKey, "a number above 1 is expected");
        return new RotaryOptions(theta, share, scaling);
    }

    /// <summary>How many leading values of a head turn, as Hugging Face rounds it.</summary>
    /// <param name="headSize">Size of a head.</param>
    /// <param name="share">The share that turns.</param>
    public static int SizeOf(int headSize, double share) => (int)(headSize * share);

    /// <summary>The share that gives a number of values.</summary>
    /// <param name="headSize">Size of a head.</param>
    /// <param name="size">How many of its values turn.</param>
    public static double ShareOf(int headSize, int size)
    {
        var share = (double)size / headSize;
        return SizeOf(headSize, share) == size ? share : Math.BitIncrement(share);
    }

    /// <summary>Refuses a number of values that are no pairs, or not those that the scaling has divisors for.</summary>
    /// <param name="json">The file.</param>
    /// <param name="headSize">Size of a head.</param>
    /// <param name="headKey">Where that size comes from.</param>
    /// <param name="shareKey">What the family calls the share.</param>
    public void RequirePairs(ConfigurationReader json, int headSize, string headKey, string shareKey = "partial_rotary_factor")
    {
        var size = SizeOf(headSize, Share);
        if (size > 0 && size % 2 == 0)
        {
            if (Scaling is not LongRopeScaling longRope || (longRope.ShortDivisors.Count == size / 2 && longRope.LongDivisors.Count == size / 2)) return;
            throw json.Error("rope_scaling", $"short_factor has {longRope.ShortDivisors.Count} numbers and long_factor {longRope.LongDivisors.Count}; {size / 2} are expected, one for each pair that turns");
        }

        throw Share == 1
            ? json.Error(headKey, $"{headSize} is odd; rotary positions turn pairs")
            : json.Error(shareKey, $"{size} of a head's {headSize} values would turn; rotary positions turn pairs");
    }
}
