namespace Coppice.Models;

/// <summary>
/// What a <c>config.json</c> says about rotary positions: at the top, under names that differ by family, or inside <c>rope_parameters</c>, where newer tools
/// write it. Scaled positions are refused.
/// </summary>
/// <param name="Theta">Base of the frequencies.</param>
/// <param name="Share">The leading share of each head that turns.</param>
internal readonly record struct RotaryOptions(double Theta, double Share)
{
    /// <summary>Reads the options.</summary>
    /// <param name="json">The file.</param>
    /// <param name="thetaKey">What the family calls the base.</param>
    /// <param name="shareKey">What the family calls the share.</param>
    /// <param name="share">The share where the file gives none.</param>
    public static RotaryOptions Read(ConfigurationReader json, string thetaKey = "rope_theta", string shareKey = "partial_rotary_factor", double share = 1)
    {
        RefuseScaling(json);
        var theta = json.Number("rope_theta", json.Number(thetaKey, 10000));
        share = json.Number("partial_rotary_factor", json.Number(shareKey, share));
        if (json.Inside("rope_parameters") is { } parameters)
        {
            if (parameters.Text("rope_type", "default") is not "default" and var type) throw json.Error("rope_parameters", $"'{type}' is not supported; only unscaled rotary positions are");
            theta = parameters.Number("rope_theta", theta);
            share = parameters.Number("partial_rotary_factor", share);
        }

        if (theta <= 0) throw json.Error(thetaKey, "a number above 0 is expected");
        if (share is <= 0 or > 1) throw json.Error(shareKey, "a number above 0 and at most 1 is expected");
        return new RotaryOptions(theta, share);
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

    /// <summary>Refuses a number of values that are no pairs.</summary>
    /// <param name="json">The file.</param>
    /// <param name="headSize">Size of a head.</param>
    /// <param name="headKey">Where that size comes from.</param>
    /// <param name="shareKey">What the family calls the share.</param>
    public void RequirePairs(ConfigurationReader json, int headSize, string headKey, string shareKey = "partial_rotary_factor")
    {
        var size = SizeOf(headSize, Share);
        if (size > 0 && size % 2 == 0) return;
        throw Share == 1
            ? json.Error(headKey, $"{headSize} is odd; rotary positions turn pairs")
            : json.Error(shareKey, $"{size} of a head's {headSize} values would turn; rotary positions turn pairs");
    }

    private static void RefuseScaling(ConfigurationReader json)
    {
        if (json.Inside("rope_scaling") is not { } scaling) return;
        var type = scaling.Text("rope_type", scaling.Text("type", "unnamed"));
        if (type != "default") throw json.Error("rope_scaling", $"scaled rotary positions are not supported, and these are '{type}'");
    }
}
